#pragma once
#include "common/secrets.hpp"
#include "common/web_settings.hpp"

#include <map>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <tuple>

namespace opsroom::plugins::notify {

/// Where notifications of one kind go, as the operator says it.
struct Target {
  std::string url;
  std::string url_secret;
  std::string secret;

  static constexpr auto fields() {
    return tool::fields(
        tool::option("url", &Target::url, "The address"),
        tool::option("url_secret", &Target::url_secret, "Or the secret that holds the address"),
        tool::option("secret", &Target::secret, "The secret that signs or authorizes")
    );
  }
};

struct Settings : WebSettings {
  std::map<std::string, Target> webhooks;
  std::map<std::string, Target> slack;
  std::map<std::string, Target> poke;
  bool allow_urls = false;

  static constexpr auto fields() {
    return std::tuple_cat(
        WebSettings::fields(),
        tool::fields(
            tool::option("webhooks", &Settings::webhooks, "Webhooks by name"),
            tool::option("slack", &Settings::slack, "Slack-compatible incoming webhooks by name"),
            tool::option("poke", &Settings::poke, "Poke accounts by name"),
            tool::option(
                "allow_urls", &Settings::allow_urls, "Whether a runbook may name the address itself"
            )
        )
    );
  }
};

/// An address to send to, and which addresses it may turn out to be.
struct Destination {
  std::string url;
  std::string secret;  ///< a secret's name; empty: none
  WebPolicy policy;
};

/// The target `to` of a kind ("webhooks" ...), or the address a runbook names, if it may. An
/// operator's own address may be private. `builtin` is what "default" means when the operator says
/// nothing. Throws std::runtime_error with the remedy.
class Targets {
 public:
  explicit Targets(Settings settings)
      : settings_(std::move(settings)), policy_(settings_.policy()) {}

  Destination webhook(
      const std::string& to, const std::optional<std::string>& url, Secrets& secrets
  ) const;
  Destination slack(const std::string& to, const std::optional<std::string>& url, Secrets& secrets)
      const;
  Destination poke(const std::string& to, Secrets& secrets) const;

 private:
  Destination named_by_runbook(const std::string& url) const;
  Destination known(const Target& target, Secrets& secrets) const;

  Settings settings_;
  WebPolicy policy_;
};

}  // namespace opsroom::plugins::notify
