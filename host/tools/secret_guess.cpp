#include "tools/secret_guess.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace opsroom::tools {
namespace {

constexpr std::size_t shortest = 6;
constexpr std::array<std::string_view, 10> names{
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "APIKEY",
    "API_KEY",
    "PRIVATE_KEY",
    "ACCESS_KEY",
    "CREDENTIAL",
    "BEARER"
};
constexpr std::array<std::string_view, 12> beginnings{
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "sk-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "AIza",
    "eyJ",
    "Bearer ",
    "-----BEGIN"
};

/// "postgresql://user:password@host/"
bool has_password_in_url(std::string_view value) {
  const auto scheme = value.find("://");
  if (scheme == std::string_view::npos) return false;
  const auto authority = value.substr(scheme + 3, value.find('/', scheme + 3) - scheme - 3);
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos) return false;
  const auto colon = authority.find(':');
  return colon < at && at - colon > 1;
}

}  // namespace

bool looks_like_a_secret(std::string_view name, std::string_view value) {
  if (value.size() < shortest || value.find("${") != std::string_view::npos) return false;
  if (has_password_in_url(value)) return true;
  const auto begins = [&](std::string_view beginning) { return value.starts_with(beginning); };
  if (std::any_of(beginnings.begin(), beginnings.end(), begins)) return true;
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return std::any_of(names.begin(), names.end(), [&](std::string_view word) {
    return upper.find(word) != std::string::npos;
  });
}

}  // namespace opsroom::tools
