#pragma once

#include "cli/terminal.hpp"

#include <string>
#include <vector>

namespace opsroom::cli {

/// Columns padded to their widest cell; a cell may have a colour, which takes no width.
class Table {
 public:
  struct Cell {
    std::string text;
    Ink ink = Ink::plain;
  };

  explicit Table(std::vector<std::string> head);
  void row(std::vector<Cell> cells);
  std::string text(bool colour) const;

 private:
  std::vector<std::vector<Cell>> rows_;
};

/// Number of columns a UTF-8 text takes (one a code point).
std::size_t width_of(std::string_view text);

}  // namespace opsroom::cli
