#pragma once

#include "base/json.hpp"
#include "tools/redactor.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// What a source shows of its tools to whoever chooses and calls them: by name the title,
/// description, schemas and annotations, as the server sent them but for secrets.
class Surface {
 public:
  using Tools = std::map<std::string, Json, std::less<>>;

  Surface() = default;
  /// Of a tools/list, all pages of it. What `redactor` knows is not in it: it is written to a file,
  /// and a secret that changes is no drift.
  explicit Surface(const std::vector<Json>& listed, const Redactor& redactor = Redactor());

  const Tools& tools() const { return tools_; }
  /// SHA-256 over all names and all they stand for.
  std::string digest() const;

  /// The `surface.tools` of a lock file.
  Json to_json() const { return Json(tools_); }
  /// Failure{invalid} names the place below `where`.
  static Surface from_json(const Json& tools, std::string_view where);

 private:
  Tools tools_;
};

/// One way in which a source is not what was pinned.
struct Change {
  enum class Kind { added, removed, renamed, changed, command };
  Kind kind = Kind::changed;
  std::string tool;                ///< its name now (removed: then); empty for the command
  std::string was;                 ///< renamed: the name then
  std::vector<std::string> lines;  ///< what differs, for people; safe for a terminal
};

std::string_view to_string(Change::Kind kind);

/// What has become of `pinned`. A tool that is the same but for its name counts as renamed.
std::vector<Change> compare(const Surface& pinned, const Surface& now);

/// One or more lines a change, marked + - ~ as in a diff. `most` lines, then how many are left.
std::string to_text(const std::vector<Change>& changes, std::size_t most = 40);
Json to_json(const std::vector<Change>& changes);

/// Text of a server made visible: control characters, and those that are there to hide something
/// (invisible ones, changes of direction, tags), become \u{...}.
std::string visible(std::string_view text);

}  // namespace opsroom::tools
