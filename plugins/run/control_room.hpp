#pragma once
#include "common/secrets.hpp"
#include "common/web_settings.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <opsroom/tool.hpp>
#include <optional>
#include <stdexcept>
#include <string>

namespace opsroom::plugins::run {

/// Which control room, as the operator says it.
struct Settings {
  std::string url = "http://127.0.0.1:7070";
  std::string token = "OPSROOM_TOKEN";
  std::string ca_file;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("url", &Settings::url, "Where `opsroom serve` listens"),
        tool::field("token", &Settings::token, "The secret that holds a token of the role admin"),
        tool::option("ca_file", &Settings::ca_file, "Certificates to trust instead of the system's")
    );
  }
};

/// The control room did not do it, in its words with its hint.
class Refused : public std::runtime_error {
 public:
  Refused(const std::string& text, bool passing) : std::runtime_error(text), passing_(passing) {}
  /// Unreachable or overloaded: asking again later may help.
  bool passing() const noexcept { return passing_; }

 private:
  bool passing_;
};

/// The HTTP API of one control room, for one call. Not for several threads.
class ControlRoom {
 public:
  ControlRoom(const Settings& settings, const tool::Call& call);

  /// What it answers. Throws Refused, tool::Cancelled.
  tool::json get(const std::string& path);
  /// The same, but never left halfway by a cancel: what was posted has to be known.
  tool::json post(const std::string& path, const tool::json& body);

  /// From here on requests are made although the call is cancelled, all of them in a short time.
  void go_on_despite_cancel();

 private:
  tool::json exchange(WebRequest request);
  std::chrono::milliseconds time_left() const;

  const tool::Call& call_;
  Secrets secrets_;
  std::string url_;
  std::string token_;
  WebPolicy policy_;
  std::optional<std::chrono::steady_clock::time_point> leave_until_;
};

}  // namespace opsroom::plugins::run
