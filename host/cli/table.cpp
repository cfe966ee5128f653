#include "cli/table.hpp"

#include <algorithm>
#include <utility>

namespace opsroom::cli {

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

Table::Table(std::vector<std::string> head) {
  std::vector<Cell> cells;
  for (std::string& title : head)
    cells.push_back({std::move(title), Ink::bold});
  rows_.push_back(std::move(cells));
}

void Table::row(std::vector<Cell> cells) {
  rows_.push_back(std::move(cells));
}

std::string Table::text(bool colour) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i].text));
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += inked(row[i].text, row[i].ink, colour);
      if (i + 1 < row.size()) out.append(widths[i] - width_of(row[i].text) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace opsroom::cli
