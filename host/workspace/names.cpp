#include "workspace/names.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace opsroom::workspace {
namespace {

constexpr std::string_view accepted =
    "Accepted are a path on this machine, file://, https://, ssh:// and user@host:path.";

bool word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

[[noreturn]] void refuse(std::string_view shown, std::string_view why) {
  throw Failure(
      Code::invalid,
      fmt::format("repository '{}': {}", printable_utf8(shown), why),
      std::string(accepted)
  );
}

std::string without_password(std::string_view url) {
  const std::size_t start = url.find("://");
  if (start == std::string_view::npos) return std::string(url);
  const std::size_t host = start + 3;
  const std::string_view authority = url.substr(host, url.find('/', host) - host);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  const std::string_view user = authority.substr(0, at);
  const std::size_t colon = user.find(':');
  const bool https = url.substr(0, start) == "https";
  // A lone user of an https URL is most often a token.
  const std::string kept =
      https ? "" : std::string(user.substr(0, std::min(colon, user.size()))) + "@";
  return fmt::format("{}{}{}", url.substr(0, host), kept, url.substr(host + at + 1));
}

void check_host(std::string_view rest, std::string_view shown) {
  const std::string_view authority = rest.substr(0, rest.find_first_of("/:", rest.find('@') + 1));
  const std::size_t at = authority.rfind('@');
  const std::string_view host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  if (host.empty()) refuse(shown, "it names no host");
  if (host.front() == '-' || rest.front() == '-') refuse(shown, "a host can't begin with a dash");
}

Repository local_repository(std::string_view text) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(std::filesystem::path(text), error);
  if (error) throw system_failure(error.value(), fmt::format("repository '{}'", text));
  path = path.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return Repository{path.string(), path.string(), true};
}

Repository url_repository(std::string_view text, std::size_t scheme_end) {
  const std::string_view scheme = text.substr(0, scheme_end);
  const std::string_view rest = text.substr(scheme_end + 3);
  const std::string shown = without_password(text);
  if (scheme == "file") {
    if (rest.empty() || rest.front() != '/') refuse(shown, "a file URL needs three slashes");
    return Repository{std::string(text), shown, true};
  }
  if (scheme != "https" && scheme != "ssh") {
    refuse(shown, fmt::format("{}:// isn't accepted", scheme));
  }
  if (rest.empty()) refuse(shown, "it names no host");
  check_host(rest, shown);
  return Repository{std::string(text), shown, false};
}

}  // namespace

void check_name(std::string_view what, std::string_view name) {
  const bool characters = std::all_of(name.begin(), name.end(), word_character);
  const bool good = !name.empty() && name.size() <= 64 && characters && name.front() != '.' &&
                    name.front() != '-' && name.back() != '.' && !name.ends_with(".lock") &&
                    name.find("..") == std::string_view::npos;
  if (good) return;
  throw Failure(
      Code::invalid,
      fmt::format(
          "{} '{}' can't be a folder and a branch", what, printable_utf8(name.substr(0, 80))
      ),
      "Use 1 to 64 letters, digits, dots, dashes or underscores, not beginning with a dot or a "
      "dash, "
      "without '..', not ending in a dot or '.lock'."
  );
}

void check_base(std::string_view base) {
  constexpr std::string_view refused = " ~^:?*[\\";
  const bool good = base.size() <= 250 && !has_control(base) && !base.starts_with('-') &&
                    !base.starts_with('/') && !base.ends_with('/') && !base.ends_with(".lock") &&
                    base.find_first_of(refused) == std::string_view::npos &&
                    base.find("..") == std::string_view::npos &&
                    base.find("@{") == std::string_view::npos;
  if (good) return;
  throw Failure(
      Code::invalid,
      fmt::format(
          "base '{}' isn't a branch, a tag or a commit id", printable_utf8(base.substr(0, 80))
      ),
      "Give one of these, or nothing for the default branch."
  );
}

bool looks_like_commit(std::string_view base) {
  return base.size() >= 7 && base.size() <= 64 &&
         base.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string Repository::hub_name() const {
  if (none()) return "empty";
  std::string_view tail = shown;
  while (tail.ends_with('/'))
    tail.remove_suffix(1);
  if (tail.ends_with(".git")) tail.remove_suffix(4);
  while (tail.ends_with('/'))
    tail.remove_suffix(1);
  const std::size_t cut = tail.find_last_of("/:");
  if (cut != std::string_view::npos) tail.remove_prefix(cut + 1);
  return fmt::format("{}-{}", slug(tail), sha256_hex(shown).substr(0, 12));
}

Repository parse_repository(std::string_view text) {
  if (text.empty()) return Repository{};
  if (text.size() > 4096) refuse(text.substr(0, 80), "longer than 4096 bytes");
  if (has_control(text)) refuse(text, "it contains control characters");
  if (text.front() == '-') refuse(text, "it begins with a dash");
  const std::size_t colon = text.find(':');
  const std::size_t slash = text.find('/');
  const bool path_first =
      slash != std::string_view::npos && (colon == std::string_view::npos || slash < colon);
  if (path_first || colon == std::string_view::npos) return local_repository(text);
  if (text.substr(colon).starts_with("::")) refuse(text, "transport helpers run programs");
  if (text.substr(colon).starts_with("://")) return url_repository(text, colon);
  check_host(text, text);
  if (colon + 1 == text.size()) refuse(text, "it names no path");
  return Repository{std::string(text), std::string(text), false};
}

}  // namespace opsroom::workspace
