#pragma once

#include "base/json.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::runbook {

/// A place in a file, counted from 1.
struct Mark {
  int line = 1;
  int column = 1;
};

/// Collects what is wrong with one file, so that a person sees all of it at once.
class Report {
 public:
  explicit Report(std::string_view file) : file_(file) {}
  void add(Mark mark, std::string message);
  std::size_t size() const { return entries_.size(); }
  /// Failure{invalid}, "file:line:column: message" a line, in the order of the file.
  void throw_if_any() const;

 private:
  struct Entry {
    Mark mark;
    std::string message;
  };
  std::string file_;
  std::vector<Entry> entries_;
};

/// A YAML or JSON text as a value that remembers where everything stood, by JSON Pointer.
struct SourceText {
  Json value;
  std::map<std::string, Mark> values;
  std::map<std::string, Mark> keys;

  /// Where the value at `pointer` stands; for one that does not exist, its nearest parent.
  Mark value_mark(std::string pointer) const;
  Mark key_mark(const std::string& pointer) const;
};

/// Reads one document. Scalars are typed by the core schema of YAML 1.2: `yes` and `on` are texts,
/// as is everything quoted. What JSON cannot say (NaN, keys that are lists), duplicate keys, merge
/// keys and custom tags are reported. Throws the report when the text cannot be read on.
SourceText read_source(std::string_view text, Report& report);

/// Marks of a text that is known to be JSON.
void mark_json(std::string_view text, SourceText& source, Report& report);

}  // namespace opsroom::runbook
