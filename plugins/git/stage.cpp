#include "stage.hpp"

namespace opsroom::git {

Words stage(const Repository& repository, const Words& paths) {
  const auto list = [&](Words words) {
    return repository.must(with_paths(std::move(words), paths)).out;
  };
  // A path that fits nothing is a mistake, and is named.
  if (!paths.empty())
    list({"ls-files", "-z", "--error-unmatch", "--cached", "--others", "--exclude-standard"});
  std::string changed;
  Words left_out;
  for (std::string& path : parts_of(list(
           {"ls-files",
            "-z",
            "--modified",
            "--deleted",
            "--others",
            "--exclude-standard",
            "--deduplicate"}
       ))) {
    if (path.ends_with('/'))
      left_out.push_back(std::move(path));
    else
      changed += path + '\0';
  }
  if (!changed.empty())
    repository.must({"update-index", "-z", "--add", "--remove", "--replace", "--stdin"}, changed);
  return left_out;
}

}  // namespace opsroom::git
