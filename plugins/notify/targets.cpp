#include "targets.hpp"

namespace opsroom::plugins::notify {
namespace {

using Named = std::map<std::string, Target>;

const Target& find(
    const Named& targets, const std::string& kind, const std::string& to, const Target& builtin
) {
  if (const auto found = targets.find(to); found != targets.end()) return found->second;
  if (to == "default" && targets.empty()) return builtin;
  std::string names;
  for (const auto& [name, ignored] : targets)
    names += (names.empty() ? "" : ", ") + name;
  throw std::runtime_error(
      "no target is called '" + to + "'; there are: " + (names.empty() ? "default" : names) +
      " (\"" + kind + "\" in this plugin's config in tools.json)"
  );
}

/// Error pages like to repeat the path, which is what is secret of such an address.
void hide_parts(const std::string& url, const std::string& name, Secrets& secrets) {
  const std::string shown = shown_url(url);
  secrets.also(name, shown);
  const std::size_t host = shown.find("://");
  const std::size_t path = host == std::string::npos ? host : shown.find('/', host + 3);
  if (path != std::string::npos) secrets.also(name, shown.substr(path));
  if (const std::size_t query = url.find('?'); query != std::string::npos)
    secrets.also(name, url.substr(query + 1));
}

}  // namespace

Destination Targets::named_by_runbook(const std::string& url) const {
  if (!settings_.allow_urls)
    throw std::runtime_error(
        "a runbook may not name the address itself: name a target with \"to\", or let the operator "
        "set \"allow_urls\" in this plugin's config in tools.json"
    );
  return {url, "", policy_};
}

Destination Targets::known(const Target& target, Secrets& secrets) const {
  Destination made{target.url, target.secret, policy_};
  if (!target.url_secret.empty()) {
    made.url = secrets.get(target.url_secret);
    hide_parts(made.url, target.url_secret, secrets);
  }
  // The operator has chosen this address, so it may be one of their own network.
  made.policy.addresses = AddressPolicy({"0.0.0.0/0", "::/0"});
  made.policy.hosts.clear();
  return made;
}

Destination Targets::webhook(
    const std::string& to, const std::optional<std::string>& url, Secrets& secrets
) const {
  if (url) return named_by_runbook(*url);
  static const Target builtin{"", "WEBHOOK_URL", "WEBHOOK_SECRET"};
  return known(find(settings_.webhooks, "webhooks", to, builtin), secrets);
}

Destination Targets::slack(
    const std::string& to, const std::optional<std::string>& url, Secrets& secrets
) const {
  if (url) return named_by_runbook(*url);
  static const Target builtin{"", "SLACK_WEBHOOK_URL", ""};
  return known(find(settings_.slack, "slack", to, builtin), secrets);
}

Destination Targets::poke(const std::string& to, Secrets& secrets) const {
  static const Target builtin{"https://poke.com/api/v1/inbound/api-message", "", "POKE_API_KEY"};
  Target target = find(settings_.poke, "poke", to, builtin);
  if (target.url.empty() && target.url_secret.empty()) target.url = builtin.url;
  if (target.secret.empty()) target.secret = builtin.secret;
  return known(target, secrets);
}

}  // namespace opsroom::plugins::notify
