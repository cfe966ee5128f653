#include "elf_check.hpp"

#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <opsroom/plugin.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::runner {
namespace {

constexpr std::string_view entry = OPSROOM_ENTRY;
constexpr std::string_view entry_family = "opsroom_plugin_v";

#if defined(__x86_64__)
constexpr int own_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr int own_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr int own_machine = EM_RISCV;
#else
#error "name this machine's ELF number here"
#endif

/// The file mapped read-only, with bounds-checked access: its numbers are not to be trusted.
class Image {
 public:
  explicit Image(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
      throw NotAPlugin(std::string(std::strerror(errno)) + "; check the path of the plugin");
    struct stat info{};
    const bool regular = ::fstat(file, &info) == 0 && S_ISREG(info.st_mode);
    size_ = regular ? static_cast<std::size_t>(info.st_size) : 0;
    if (size_ > 0) data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    const int error = errno;
    ::close(file);
    if (!regular) throw NotAPlugin("not a file; give the path of a plugin library (.so)");
    if (size_ == 0) throw NotAPlugin("the file is empty; build or install the plugin again");
    if (data_ == MAP_FAILED)
      throw NotAPlugin(std::string("can't be read: ") + std::strerror(error));
  }
  ~Image() { ::munmap(data_, size_); }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  template <class T>
  T at(std::uint64_t offset) const {
    if (offset > size_ || size_ - offset < sizeof(T))
      throw NotAPlugin("the file is cut off or damaged; build or install the plugin again");
    T value;
    std::memcpy(&value, static_cast<const char*>(data_) + offset, sizeof value);
    return value;
  }

  std::string_view text(std::uint64_t offset) const {
    at<char>(offset);
    const char* start = static_cast<const char*>(data_) + offset;
    return {start, ::strnlen(start, size_ - offset)};
  }

  std::size_t size() const noexcept { return size_; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

std::string machine_name(int machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "arm64";
    case EM_386:
      return "32-bit x86";
    case EM_ARM:
      return "32-bit arm";
    case EM_RISCV:
      return "risc-v";
    default:
      return "machine type " + std::to_string(machine);
  }
}

void check_kind(const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != own_machine)
    throw NotAPlugin(
        "it was built for " + machine_name(header.e_machine) + ", this machine is " +
        machine_name(own_machine) + "; build it here or install the right package"
    );
  if (header.e_type != ET_DYN)
    throw NotAPlugin("not a shared library; a plugin is built with opsroom_add_tool()");
}

Elf64_Ehdr read_header(const Image& image) {
  if (image.size() < SELFMAG || image.text(0).substr(0, SELFMAG) != ELFMAG)
    throw NotAPlugin("not a shared library (no ELF header); give the path of a plugin library (.so)"
    );
  const auto header = image.at<Elf64_Ehdr>(0);
  check_kind(header);
  return header;
}

/// What the dynamic symbol table says about plugin entries.
struct Entries {
  bool table_found = false;
  bool ours = false;
  std::string other;
};

void look_at_symbol(
    const Image& image, const Elf64_Sym& symbol, std::uint64_t names, Entries& seen
) {
  if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol.st_info) != STB_GLOBAL) return;
  const auto name = image.text(names + symbol.st_name);
  if (name == entry)
    seen.ours = true;
  else if (name.substr(0, entry_family.size()) == entry_family)
    seen.other = name;
}

Entries find_entries(const Image& image, const Elf64_Ehdr& header) {
  Entries seen;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    const auto section =
        image.at<Elf64_Shdr>(header.e_shoff + std::uint64_t{i} * sizeof(Elf64_Shdr));
    if (section.sh_type != SHT_DYNSYM) continue;
    const auto names =
        image.at<Elf64_Shdr>(header.e_shoff + std::uint64_t{section.sh_link} * sizeof(Elf64_Shdr));
    seen.table_found = true;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= section.sh_size; at += sizeof(Elf64_Sym))
      look_at_symbol(image, image.at<Elf64_Sym>(section.sh_offset + at), names.sh_offset, seen);
  }
  return seen;
}

}  // namespace

void check_elf(const std::string& path) {
  const Image image(path);
  const Entries seen = find_entries(image, read_header(image));
  // A library without section headers loads all the same; dlsym() has the last word then.
  if (seen.ours || !seen.table_found) return;
  if (!seen.other.empty())
    throw NotAPlugin(
        "it exports " + seen.other + ", this host speaks " + OPSROOM_ENTRY +
        "; build the plugin against this release's SDK, or upgrade opsroom"
    );
  throw NotAPlugin(
      std::string("it does not export ") + OPSROOM_ENTRY +
      "; build it with opsroom_add_tool() and define that entry"
  );
}

}  // namespace opsroom::runner
