#include "app/login.hpp"

#include "base/digest.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

namespace opsroom::app {
namespace {

constexpr std::chrono::seconds login_lifetime{120};
constexpr std::chrono::seconds token_lifetime{std::chrono::hours(24 * 90)};

/// 60 random bits in letters and digits that cannot be mistaken for each other.
std::string random_code() {
  constexpr std::string_view alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  const std::string random = random_hex(12);
  std::string code;
  for (int i = 0; i < 12; ++i) {
    const auto value = std::stoul(random.substr(static_cast<std::size_t>(i) * 2, 2), nullptr, 16);
    code += alphabet[value % 32];
  }
  return code;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  return text;
}

}  // namespace

Task<std::string> new_login_code(Credentials& credentials) {
  const std::string code = random_code();
  Identity identity{"operator", "admin", {}};
  co_await credentials.add("login", sha256_hex(code), identity, login_lifetime);
  co_return fmt::format("{}-{}-{}", code.substr(0, 4), code.substr(4, 4), code.substr(8, 4));
}

std::string login_link(const std::string& base_url, const std::string& code) {
  return fmt::format("{}/#login={}", base_url, code);
}

Task<std::string> ensure_token(Credentials& credentials, std::filesystem::path home) {
  const auto file = home / "token";
  std::string token;
  if (std::filesystem::exists(file)) {
    token = trimmed(read_file(file, 4096));
  } else {
    token = fmt::format("ops_{}_{}", random_hex(4), random_hex(32));
    write_file(file, token + "\n", 0600);
  }
  const auto known = co_await credentials.find("token", sha256_hex(token));
  if (!known) {
    Identity identity{"operator", "admin", {}};
    co_await credentials.add("token", sha256_hex(token), identity, token_lifetime);
  }
  co_return token;
}

}  // namespace opsroom::app
