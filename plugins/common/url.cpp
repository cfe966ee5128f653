#include "common/url.hpp"

#include "common/web.hpp"

#include <algorithm>
#include <cctype>
#include <new>

namespace opsroom::plugins {
namespace {

std::string lower(std::string text) {
  for (char& letter : text)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

std::string percent_encoded(const std::string& text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string made;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 ||
        std::string_view("-._~").find(letter) != std::string_view::npos) {
      made += letter;
    } else {
      made += '%';
      made += digits[byte >> 4U];
      made += digits[byte & 15U];
    }
  }
  return made;
}

}  // namespace

Url::Url(const std::string& text) : handle_(curl_url()) {
  if (!handle_) throw std::bad_alloc();
  const bool has_nul = text.find('\0') != std::string::npos;
  const CURLUcode code = curl_url_set(handle_.get(), CURLUPART_URL, text.c_str(), 0);
  if (has_nul || code != CURLUE_OK)
    throw WebError(
        "'" + text.substr(0, text.find_first_of("?#")) +
            "' is no URL such as https://example.org/path",
        true
    );
  const std::string scheme = part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https")
    throw WebError("only http and https are spoken here, not " + scheme, true);
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty())
    throw WebError("a URL must not hold a user or password: name a secret instead", true);
}

std::string Url::part(CURLUPart part, unsigned flags) const {
  char* text = nullptr;
  if (curl_url_get(handle_.get(), part, &text, flags) != CURLUE_OK) return "";
  const std::unique_ptr<char, void (*)(void*)> owned(text, &curl_free);
  return text;
}

std::string Url::host() const {
  return lower(part(CURLUPART_HOST));
}

std::string Url::origin() const {
  return part(CURLUPART_SCHEME) + "://" + host() + ":" + part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

void Url::append_query(const std::string& name, const std::string& value) {
  const std::string text = percent_encoded(name) + "=" + percent_encoded(value);
  if (curl_url_set(handle_.get(), CURLUPART_QUERY, text.c_str(), CURLU_APPENDQUERY) != CURLUE_OK)
    throw WebError("can't add '" + name + "' to the URL's query", true);
}

std::string with_query(const std::string& url, const std::map<std::string, std::string>& query) {
  Url made(url);
  for (const auto& [name, value] : query)
    made.append_query(name, value);
  return made.whole();
}

std::string shown_url(const std::string& url) {
  try {
    const Url parsed(url);
    const std::string port = parsed.part(CURLUPART_PORT);
    return parsed.part(CURLUPART_SCHEME) + "://" + parsed.host() +
           (port.empty() ? "" : ":" + port) + parsed.part(CURLUPART_PATH);
  } catch (const WebError&) {
    return url.substr(0, url.find_first_of("?#"));
  }
}

std::string host_of(const std::string& url) {
  try {
    return Url(url).host();
  } catch (const WebError&) {
    return "";
  }
}

bool host_matches(const std::vector<std::string>& patterns, const std::string& host) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    const std::string wanted = lower(pattern);
    if (!wanted.starts_with("*.")) return wanted == host;
    return host.size() > wanted.size() - 1 && host.ends_with(wanted.substr(1));
  });
}

}  // namespace opsroom::plugins
