#pragma once
#include "common/web_settings.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace opsroom::plugins::http {

struct Settings : WebSettings {
  std::map<std::string, std::vector<std::string>> secret_hosts;

  static constexpr auto fields() {
    return std::tuple_cat(
        WebSettings::fields(),
        tool::fields(tool::option(
            "secret_hosts",
            &Settings::secret_hosts,
            "For a secret's name, the only hosts it is sent to"
        ))
    );
  }
};

struct Auth {
  std::string scheme = "bearer";
  std::string secret;
  std::string user;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("scheme", &Auth::scheme, "How").one_of({"bearer", "basic"}),
        tool::field("secret", &Auth::secret, "The name of the secret: token or password")
            .not_empty(),
        tool::option("user", &Auth::user, "The user, for basic")
    );
  }
};

struct GetArgs {
  std::string url;
  std::map<std::string, tool::json> query;
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> secret_headers;
  std::optional<Auth> auth;
  double timeout_seconds = 30;
  int max_redirects = 5;
  std::int64_t max_bytes = std::int64_t{1} << 20;
  bool check = true;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("url", &GetArgs::url, "http or https").not_empty(),
        tool::option("query", &GetArgs::query, "Parameters added to the URL; encoded as needed"),
        tool::option("headers", &GetArgs::headers, "Headers to send"),
        tool::option(
            "secret_headers",
            &GetArgs::secret_headers,
            "Headers whose values are secrets: header to name of the secret"
        ),
        tool::field("auth", &GetArgs::auth, "Sends a secret as Authorization"),
        tool::field("timeout_seconds", &GetArgs::timeout_seconds, "For all of it")
            .at_least(0.1)
            .at_most(3600),
        tool::field("max_redirects", &GetArgs::max_redirects, "0: a redirect is the answer")
            .at_least(0)
            .at_most(20),
        tool::field("max_bytes", &GetArgs::max_bytes, "The largest body to take")
            .at_least(0)
            .at_most(1 << 30),
        tool::field("check", &GetArgs::check, "Fail the call on a status of 400 and above")
    );
  }
};

struct RequestArgs : GetArgs {
  std::string method = "POST";
  std::optional<tool::json> json;
  std::optional<std::string> text;
  std::optional<std::string> base64;
  std::optional<std::string> save_to;
  bool create_dirs = false;

  static constexpr auto fields() {
    return std::tuple_cat(
        GetArgs::fields(),
        tool::fields(
            tool::field("method", &RequestArgs::method, "GET, POST, PUT, PATCH, DELETE ..."),
            tool::field("json", &RequestArgs::json, "The body, sent as JSON"),
            tool::field("text", &RequestArgs::text, "The body as text"),
            tool::field("base64", &RequestArgs::base64, "The body as bytes in base64"),
            tool::field(
                "save_to", &RequestArgs::save_to, "A file of the working directory for the answer"
            ),
            tool::option("create_dirs", &RequestArgs::create_dirs, "Make missing directories")
        )
    );
  }
};

/// What came back. At most one of json, text, base64 and path is set.
struct Response {
  int status = 0;
  std::string url;
  std::map<std::string, std::string> headers;
  tool::json json;
  std::optional<std::string> text;
  std::optional<std::string> base64;
  std::optional<std::string> path;
  std::int64_t bytes = 0;
  int redirects = 0;
  std::int64_t duration_ms = 0;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("status", &Response::status, "HTTP status"),
        tool::field("url", &Response::url, "The address that answered, without its query"),
        tool::field("headers", &Response::headers, "Names in lower case"),
        tool::field("json", &Response::json, "The body, when it is JSON"),
        tool::field("text", &Response::text, "The body, when it is other text"),
        tool::field("base64", &Response::base64, "The body, when it is no text"),
        tool::field("path", &Response::path, "The file that has the body"),
        tool::field("bytes", &Response::bytes, "The body's length"),
        tool::field("redirects", &Response::redirects, "How many were followed"),
        tool::field("duration_ms", &Response::duration_ms, "How long it took")
    );
  }
};

}  // namespace opsroom::plugins::http
