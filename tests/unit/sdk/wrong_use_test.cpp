// Errors of the compiler are the first thing that an author sees of the typed layer.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

namespace {

std::string compiler_errors() {
  const std::string command =
      OPSROOM_CXX " -std=c++20 -fsyntax-only -I " OPSROOM_SDK_INCLUDE " " OPSROOM_WRONG_USE " 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  std::array<char, 4096> part{};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), pipe.get()))
    text.append(part.data(), size);
  return text;
}

}  // namespace

TEST(WrongUse, IsRefusedByTheCompilerInWordsThatHelp) {
  const std::string errors = compiler_errors();
  std::ifstream source(OPSROOM_WRONG_USE);
  std::size_t expectations = 0;
  for (std::string line; std::getline(source, line);) {
    constexpr std::string_view mark = "// says: ";
    const auto at = line.find(mark);
    if (at == std::string::npos) continue;
    ++expectations;
    EXPECT_NE(errors.find(line.substr(at + mark.size())), std::string::npos) << line << "\n"
                                                                             << errors;
  }
  EXPECT_EQ(expectations, 13u);
}
