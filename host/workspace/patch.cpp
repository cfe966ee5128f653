#include "workspace/patch.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace opsroom::workspace {
namespace {

/// Takes NUL-ended fields off the front of git's -z output.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}
  bool empty() const { return rest_.empty(); }
  bool at_raw() const { return rest_.starts_with(':'); }

  std::string_view next() {
    const std::size_t end = std::min(rest_.find('\0'), rest_.size());
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return field;
  }

 private:
  std::string_view rest_;
};

/// ":100644 100644 abc def M" → 'M'; a rename carries its likeness: "R087".
Json raw_record(Fields& fields) {
  const std::string_view head = fields.next();
  const char status = head[head.rfind(' ') + 1];
  const std::string path = printable_utf8(fields.next());
  if (status != 'R' && status != 'C') {
    return {{"path", path}, {"status", std::string(1, status)}};
  }
  return {
      {"path", printable_utf8(fields.next())}, {"status", std::string(1, status)}, {"from", path}
  };
}

Json count_of(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc{} ? Json(value) : Json(nullptr);
}

/// "3\t1\tpath", or for a rename "3\t1\t" and the two paths as fields; "-" counts for a binary
/// file.
void add_counts(Fields& fields, Json& file) {
  const std::string_view record = fields.next();
  const std::size_t first = std::min(record.find('\t'), record.size());
  const std::size_t second = std::min(record.find('\t', first + 1), record.size());
  const std::string_view added = record.substr(0, first);
  if (second + 1 >= record.size()) {
    fields.next();
    fields.next();
  }
  file["added"] = count_of(added);
  file["deleted"] = count_of(record.substr(std::min(first + 1, second), second - first - 1));
  if (added == "-") file["binary"] = true;
}

GitCall diff_tree(
    const std::filesystem::path& git_dir,
    const std::string& from,
    const std::string& to,
    std::vector<std::string> form
) {
  GitCall call;
  call.git_dir = git_dir;
  call.args = {"diff-tree", "-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color"};
  call.args.insert(call.args.end(), form.begin(), form.end());
  call.args.insert(call.args.end(), {from, to, "--"});
  return call;
}

}  // namespace

Json parse_file_list(std::string_view output, std::size_t most, std::size_t& count) {
  Fields fields(output);
  Json::array_t files;
  while (fields.at_raw())
    files.push_back(raw_record(fields));
  for (Json& file : files) {
    if (fields.empty()) throw Failure(Code::internal, "git's file list ends early");
    add_counts(fields, file);
  }
  count = files.size();
  if (files.size() > most) files.resize(most);
  return files;
}

Task<Patch> make_patch(
    Git& git, std::filesystem::path git_dir, std::string from, std::string to, PatchLimits limits
) {
  Patch patch;
  if (from == to) co_return patch;
  const std::string what = "comparing the lane with its base";
  GitCall listing = diff_tree(git_dir, from, to, {"-z", "--raw", "--numstat"});
  const std::string list = co_await git.output(std::move(listing), what);
  patch.files = parse_file_list(list, limits.files, patch.file_count);
  patch.truncated = patch.file_count > limits.files;

  GitCall printing = diff_tree(git_dir, from, to, {"-p"});
  printing.output_limit = limits.bytes;
  try {
    patch.text = co_await git.output(std::move(printing), what);
  } catch (const Failure& failure) {
    if (failure.code() != Code::exhausted) throw;
    patch.truncated = true;  // more than the limit: the counts must do
  }
  co_return patch;
}

}  // namespace opsroom::workspace
