#include "compose.hpp"

#include "common/url.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <opsroom/text.hpp>

namespace opsroom::plugins::http {
namespace {

int value_of(char letter) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t found = letters.find(letter);
  return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

std::string decoded(std::string_view text) {
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  while (text.ends_with('='))
    text.remove_suffix(1);
  for (const char letter : text) {
    if (std::isspace(static_cast<unsigned char>(letter)) != 0) continue;
    const int value = value_of(letter);
    if (value < 0) throw tool::BadArguments("/base64", "is not base64");
    bits = (bits << 6U) | static_cast<unsigned>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
  }
  return bytes;
}

std::string query_value(const tool::json& value, const std::string& name) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  throw tool::BadArguments("/query/" + name, "must be a text, a number, true or false");
}

bool has_header(const WebRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return std::equal(
        header.first.begin(),
        header.first.end(),
        name.begin(),
        name.end(),
        [](char a, char b) { return std::tolower(a) == std::tolower(b); }
    );
  });
}

std::string secret_for(
    const std::string& name, const std::string& url, const Settings& settings, Secrets& secrets
) {
  const auto limited = settings.secret_hosts.find(name);
  if (limited != settings.secret_hosts.end() && !host_matches(limited->second, host_of(url)))
    throw std::runtime_error(
        "the secret " + name + " is not for the host " + host_of(url) +
        "; \"secret_hosts\" in this plugin's config in tools.json says which ones it is for"
    );
  return secrets.get(name);
}

void add_auth(WebRequest& request, const Auth& auth, std::string value, Secrets& secrets) {
  if (has_header(request, "Authorization"))
    throw tool::BadArguments("/auth", "there is an Authorization header already");
  if (auth.scheme == "basic") {
    if (auth.user.find(':') != std::string::npos)
      throw tool::BadArguments("/auth/user", "must not contain a colon");
    value = base64(auth.user + ":" + value);
    secrets.also(auth.secret, value);
    value.insert(0, "Basic ");
  } else {
    value.insert(0, "Bearer ");
  }
  request.headers.emplace_back("Authorization", std::move(value));
}

void add_body(WebRequest& request, const RequestArgs& args) {
  const int bodies = (args.json ? 1 : 0) + (args.text ? 1 : 0) + (args.base64 ? 1 : 0);
  if (bodies > 1) throw tool::BadArguments("", "give one of \"json\", \"text\" and \"base64\"");
  const char* type = nullptr;
  if (args.json) {
    request.body = args.json->dump(-1, ' ', false, tool::json::error_handler_t::replace);
    type = "application/json";
  } else if (args.text) {
    request.body = *args.text;
    type = "text/plain; charset=utf-8";
  } else if (args.base64) {
    request.body = decoded(*args.base64);
    type = "application/octet-stream";
  }
  if (type != nullptr && !has_header(request, "Content-Type"))
    request.headers.emplace_back("Content-Type", type);
}

}  // namespace

WebRequest compose(const GetArgs& args, const Settings& settings, Secrets& secrets) {
  WebRequest request;
  std::map<std::string, std::string> query;
  for (const auto& [name, value] : args.query)
    query.emplace(name, query_value(value, name));
  request.url = with_query(args.url, query);
  for (const auto& [name, value] : args.headers)
    request.headers.emplace_back(name, value);
  for (const auto& [name, secret] : args.secret_headers) {
    request.headers.emplace_back(name, secret_for(secret, request.url, settings, secrets));
    request.private_headers.push_back(name);
  }
  if (args.auth)
    add_auth(
        request, *args.auth, secret_for(args.auth->secret, request.url, settings, secrets), secrets
    );
  request.timeout = std::chrono::milliseconds(std::llround(args.timeout_seconds * 1000));
  request.max_redirects = args.max_redirects;
  request.max_bytes = static_cast<std::uint64_t>(args.max_bytes);
  return request;
}

WebRequest compose(const RequestArgs& args, const Settings& settings, Secrets& secrets) {
  WebRequest request = compose(static_cast<const GetArgs&>(args), settings, secrets);
  request.method = args.method;
  add_body(request, args);
  return request;
}

}  // namespace opsroom::plugins::http
