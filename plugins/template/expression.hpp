#pragma once
#include "syntax.hpp"

#include <nlohmann/json.hpp>

namespace opsroom::plugins::templates {

/// Reads the inside of one tag from left to right. Views the template's text, which must outlive
/// it.
class TagReader {
 public:
  TagReader(std::string_view text, Place place) : text_(text), place_(place) {}

  /// Takes a word if it stands here and ends here ("else" is not the start of "elsewhere").
  bool take_word(std::string_view word);
  bool at_end();
  Place place() const noexcept { return place_; }

  Expression expression();
  std::string name();
  /// Throws unless nothing more stands in the tag.
  void finish();

 private:
  void skip_blanks();
  void advance(std::size_t count);
  bool take(std::string_view symbol);
  Operand operand();
  json literal();
  json quoted();
  json number();
  std::vector<std::string> path();
  std::vector<Filter> filters();

  std::string_view text_;
  Place place_;
};

/// Moves a place over a text.
Place after(Place place, std::string_view text);

}  // namespace opsroom::plugins::templates
