#include "cli/plugin_elf.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

#include <cstring>
#include <elf.h>
#include <string_view>

namespace opsroom::cli {
namespace {

constexpr std::size_t largest_library = std::size_t{512} << 20;

/// Reads structures out of a file's bytes, and never beyond them.
class Image {
 public:
  Image(const std::filesystem::path& path, std::string_view bytes) : path_(path), bytes_(bytes) {}

  template <class T>
  T at(std::size_t offset) const {
    T value;
    if (offset > bytes_.size() || sizeof value > bytes_.size() - offset) broken();
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  std::string text(std::size_t offset) const {
    if (offset >= bytes_.size()) broken();
    const std::size_t end = bytes_.find('\0', offset);
    if (end == std::string_view::npos) broken();
    return std::string(bytes_.substr(offset, end - offset));
  }

  [[noreturn]] void broken() const {
    throw Failure(
        Code::invalid,
        fmt::format("{} is not a shared library for this machine", path_.string()),
        "Build it with opsroom_add_tool() on this machine."
    );
  }

 private:
  const std::filesystem::path& path_;
  std::string_view bytes_;
};

bool visible_to_others(const Elf64_Sym& symbol) {
  const auto binding = ELF64_ST_BIND(symbol.st_info);
  const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  return symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS && binding != STB_LOCAL &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

std::vector<std::string> names_in(
    const Image& image, const Elf64_Shdr& table, const Elf64_Shdr& texts
) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
    const auto symbol = image.at<Elf64_Sym>(table.sh_offset + at);
    if (visible_to_others(symbol)) names.push_back(image.text(texts.sh_offset + symbol.st_name));
  }
  return names;
}

}  // namespace

std::vector<std::string> exported_symbols(const std::filesystem::path& library) {
  const std::string bytes = read_file(library, largest_library);
  const Image image(library, bytes);
  const auto header = image.at<Elf64_Ehdr>(0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_DYN)
    image.broken();
  const auto section = [&](std::size_t index) {
    return image.at<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
  };
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr table = section(i);
    if (table.sh_type == SHT_DYNSYM) return names_in(image, table, section(table.sh_link));
  }
  return {};
}

}  // namespace opsroom::cli
