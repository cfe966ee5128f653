#include "questions.hpp"

#include <optional>
#include <stdexcept>
#include <vector>

namespace opsroom::sdk {
namespace {

/// How a client that declares `elicitation: {}` means it: forms, as before there were URLs.
bool can_elicit(const json& elicitation, const std::string& mode) {
  if (!elicitation.is_object()) return false;
  return elicitation.contains(mode) || (mode == "form" && !elicitation.contains("url"));
}

void look_for(const char* capability, const json& capabilities, json& missing) {
  if (!capabilities.contains(capability)) missing[capability] = json::object();
}

json params_of(const json& request) {
  json params = request.value("params", json::object());
  // What is not said means a form, and before 2025-11-25 nothing else can be said.
  if (request["method"] == "elicitation/create" && params.value("mode", "") == "form")
    params.erase("mode");
  return params;
}

std::string refusal(const std::string& method, std::string_view error) {
  const json said = json::parse(error, nullptr, false);
  const std::string message = said.is_object() ? said.value("message", "") : "";
  return "the client refused " + method + (message.empty() ? "" : ": " + message);
}

}  // namespace

json missing_capabilities(const json& requests, const json& capabilities) {
  json missing = json::object();
  for (const auto& [key, asked] : requests.items()) {
    const json method = asked.is_object() ? asked.value("method", json()) : json();
    if (method == "elicitation/create") {
      const std::string mode = params_of(asked).value("mode", "form");
      if (!can_elicit(capabilities.value("elicitation", json()), mode))
        missing["elicitation"] = mode == "form" ? json::object() : json{{mode, json::object()}};
    } else if (method == "sampling/createMessage") {
      look_for("sampling", capabilities, missing);
    } else if (method == "roots/list") {
      look_for("roots", capabilities, missing);
    } else {
      throw std::runtime_error("it asks '" + key + "' by a method no client has: " + method.dump());
    }
  }
  return missing;
}

Questions::Ticket Questions::ask(
    const json& requests, std::chrono::milliseconds patience, Done done
) {
  std::vector<std::string> lines;
  Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = ++last_ticket_;
    Round& round = rounds_[ticket];
    round.done = std::move(done);
    for (const auto& [key, asked] : requests.items()) {
      const std::string id = "\"opsroom-" + std::to_string(++last_id_) + "\"";
      round.open.emplace(id, key);
      round_of_.emplace(id, ticket);
      lines.push_back(request(id, asked["method"].get<std::string>(), params_of(asked)));
    }
  }
  for (std::string& line : lines)
    outbox_.send(std::move(line));
  // Not before the client was asked: what is taken back must have been said.
  const std::lock_guard lock(mutex_);
  if (const auto round = rounds_.find(ticket); round != rounds_.end())
    round->second.bell =
        alarm_.set(patience, [this, ticket] { end(ticket, "nobody answered in time"); });
  return ticket;
}

void Questions::take(const Message& response) {
  std::optional<std::string> refused;
  const json answer = json::parse(response.result, nullptr, false);
  if (!response.error.empty())
    refused = refusal("a question of the tool's", response.error);
  else if (!answer.is_object())
    refused = "the client's answer is no JSON object";
  Ticket ticket = 0;
  Done done;
  json responses;
  {
    const std::lock_guard lock(mutex_);
    const auto found = round_of_.find(key_of(response.id));
    if (found == round_of_.end()) return;
    ticket = found->second;
    Round& round = rounds_[ticket];
    if (!refused) {
      const auto open = round.open.find(found->first);
      round.responses[open->second] = answer;
      round.open.erase(open);
      round_of_.erase(found);
      if (!round.open.empty()) return;
      responses = std::move(round.responses);
      alarm_.forget(round.bell);
      done = std::move(round.done);
      rounds_.erase(ticket);
    } else {
      round.open.erase(found->first);
      round_of_.erase(found);
    }
  }
  if (refused) return end(ticket, *refused);
  done(std::move(responses));
}

void Questions::end(Ticket ticket, const std::string& why) {
  Done done;
  tell_withdrawn(taken_out(ticket, &done), why);
  if (done) done(why);
}

void Questions::withdraw(Ticket ticket, const std::string& reason) {
  tell_withdrawn(taken_out(ticket, nullptr), reason);
}

std::map<std::string, std::string> Questions::taken_out(Ticket ticket, Done* done) {
  const std::lock_guard lock(mutex_);
  const auto found = rounds_.find(ticket);
  if (found == rounds_.end()) return {};
  Round round = std::move(found->second);
  rounds_.erase(found);
  alarm_.forget(round.bell);
  for (const auto& [id, key] : round.open)
    round_of_.erase(id);
  if (done != nullptr) *done = std::move(round.done);
  return std::move(round.open);
}

void Questions::tell_withdrawn(
    const std::map<std::string, std::string>& open, const std::string& reason
) {
  for (const auto& [id, key] : open)
    outbox_.send(notification(
        "notifications/cancelled", {{"requestId", json::parse(id)}, {"reason", reason}}
    ));
}

}  // namespace opsroom::sdk
