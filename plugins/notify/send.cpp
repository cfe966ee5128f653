#include "send.hpp"

#include "common/digest.hpp"
#include "signature.hpp"

#include <array>
#include <ctime>
#include <sys/random.h>

namespace opsroom::plugins::notify {
namespace {

std::string dumped(const tool::json& value) {
  return value.dump(-1, ' ', false, tool::json::error_handler_t::replace);
}

std::string random_hex() {
  std::array<char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("the system gives no random bytes");
  return sha256_hex({bytes.data(), bytes.size()}).substr(0, 24);
}

/// The same for every try of this step of this run, in whichever process; the content is part of it
/// since another control room counts its runs from 1 as well.
std::string delivery_id(const tool::Call& call, const std::string& content) {
  const std::string key = call.context().value("idempotencyKey", "");
  if (key.empty()) return "msg_" + random_hex();
  return "msg_" + sha256_hex(key + "\n" + content).substr(0, 24);
}

WebRequest posting(const std::string& url, const tool::json& body) {
  WebRequest request;
  request.url = url;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = dumped(body);
  return request;
}

}  // namespace

tool::Outcome<Delivery> webhook(const WebhookArgs& args, const Targets& targets, tool::Call& call) {
  Secrets secrets(call);
  const Destination to = targets.webhook(args.to, args.url, secrets);
  const std::string key = to.secret.empty() ? "" : secrets.get(to.secret);
  const std::string content = args.event + "\n" + dumped(args.data) + "\n" + to.url;
  const std::string id = args.delivery_id.value_or(delivery_id(call, content));
  const tool::json body{{"id", id}, {"type", args.event}, {"data", args.data}};
  const auto compose = [&] {
    WebRequest request = posting(to.url, body);
    const std::string now = std::to_string(std::time(nullptr));
    request.headers.emplace_back("webhook-id", id);
    request.headers.emplace_back("webhook-timestamp", now);
    if (!key.empty())
      request.headers.emplace_back(
          "webhook-signature", webhook_signature(key, id, now, *request.body)
      );
    return request;
  };
  return deliver(id, compose, to.policy, args, secrets, call);
}

tool::Outcome<Delivery> slack(const SlackArgs& args, const Targets& targets, tool::Call& call) {
  if (!args.blocks.is_null() && !args.blocks.is_array())
    throw tool::BadArguments("/blocks", "must be a list of blocks");
  Secrets secrets(call);
  const Destination to = targets.slack(args.to, args.url, secrets);
  tool::json body{{"text", args.text}};
  if (args.blocks.is_array()) body["blocks"] = args.blocks;
  const auto compose = [&] { return posting(to.url, body); };
  return deliver(delivery_id(call, dumped(body)), compose, to.policy, args, secrets, call);
}

tool::Outcome<Delivery> poke(const PokeArgs& args, const Targets& targets, tool::Call& call) {
  Secrets secrets(call);
  const Destination to = targets.poke(args.to, secrets);
  const std::string key = secrets.get(to.secret);
  const tool::json body{{"message", args.message}};
  const auto compose = [&] {
    WebRequest request = posting(to.url, body);
    request.headers.emplace_back("Authorization", "Bearer " + key);
    return request;
  };
  return deliver(delivery_id(call, dumped(body)), compose, to.policy, args, secrets, call);
}

}  // namespace opsroom::plugins::notify
