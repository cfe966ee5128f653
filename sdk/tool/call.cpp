#include "quick_json.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <opsroom/tool/call.hpp>

namespace opsroom::tool {

struct Call::Notes {
  json context;
  json memory;

  explicit Notes(std::string_view text)
      : context(text.empty() ? json::object() : detail::parsed(text)), memory(json::object()) {
    // Every round brings only its own answers, so earlier ones travel in the state.
    if (const auto state = context.find("requestState");
        state != context.end() && state->is_string())
      memory = json::parse(state->get<std::string>());
    if (!memory.is_object()) memory = json::object();
    if (const auto responses = context.find("inputResponses");
        responses != context.end() && responses->is_object())
      answers().update(*responses);
  }

  json& answers() { return memory["answers"]; }
  json& once() { return memory["once"]; }
};

namespace {

json request(const std::string& key, const std::string& question, const json& form) {
  const json params{{"mode", "form"}, {"message", question}, {"requestedSchema", form}};
  return {{key, {{"method", "elicitation/create"}, {"params", params}}}};
}

/// MCP's forms know neither closed objects nor null: what is optional may just be left out.
json form_of(const detail::Shape& shape) {
  json form;
  detail::make_schema(shape, detail::Direction::in, form);
  form.erase("additionalProperties");
  for (json& property : form["properties"]) {
    if (property.contains("type") && property["type"].is_array())
      property["type"] = property["type"][0];
    if (property.contains("enum") && property["enum"].back().is_null())
      property["enum"].erase(property["enum"].size() - 1);
  }
  return form;
}

}  // namespace

Call::Call(const opsroom_call& lent)
    : lent_(lent), notes_(std::make_unique<Notes>(view(lent.context))) {}

Call::~Call() = default;

const json& Call::context() const noexcept {
  return notes_->context;
}

std::string Call::idempotency_key() const {
  const auto found = context().find("idempotencyKey");
  return found != context().end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<std::chrono::system_clock::time_point> Call::deadline() const {
  const auto found = context().find("deadlineMs");
  if (found == context().end() || !found->is_number()) return std::nullopt;
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(found->get<std::int64_t>())
  );
}

void Call::artifact_file(
    std::string_view name, std::string_view media_type, const std::filesystem::path& path
) const {
  constexpr std::uintmax_t worth_it = std::uintmax_t{1} << 20;
  const std::filesystem::path file = std::filesystem::canonical(workdir() / path);
  if (!std::filesystem::is_regular_file(file))
    throw std::runtime_error("the artifact " + file.string() + " is not a regular file");
  const auto* by_path = extension<opsroom_artifact_file>(OPSROOM_EXT_ARTIFACT_FILE);
  if (by_path == nullptr || std::filesystem::file_size(file) < worth_it) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (!in && !in.eof()) throw std::runtime_error("can't read the artifact " + file.string());
    return artifact(name, media_type, bytes);
  }
  const std::string text = file.string();
  const opsroom_status status =
      by_path->hand_in(lent_.host, lend(name), lend(media_type), lend(text));
  if (status == OPSROOM_CANCELLED) throw Cancelled{};
  if (status != OPSROOM_OK)
    throw std::runtime_error(
        "the host refused the artifact " + text +
        ": it takes files below the working directory and the temporary one"
    );
}

std::optional<std::chrono::milliseconds> Call::remaining() const {
  const auto until = deadline();
  if (!until) return std::nullopt;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      *until - std::chrono::system_clock::now()
  );
  return std::max(left, std::chrono::milliseconds(0));
}

std::optional<std::string> Call::find_secret(const std::string& name) const {
  if (const auto* secrets = extension<opsroom_secrets>(OPSROOM_EXT_SECRETS)) {
    const opsroom_text found = secrets->get(lent_.host, lend(name));
    if (found.data == nullptr) return std::nullopt;
    return std::string(view(found));
  }
  if (const char* found = std::getenv(name.c_str())) return std::string(found);
  return std::nullopt;
}

std::string Call::secret(const std::string& name) const {
  if (auto found = find_secret(name)) return *std::move(found);
  throw std::runtime_error(
      "the secret " + name + " is not set: give this plugin \"env\": {\"" + name +
      "\": \"${env:" + name + "}\"} in tools.json"
  );
}

bool Call::confirm(const std::string& key, const std::string& question) {
  const json form{{"type", "object"}, {"properties", json::object()}};
  const json answer = ask_form(key, question, form);
  const std::string action = answer.value("action", "");
  if (action != "accept" && action != "decline") throw Declined("not answered: " + question);
  return action == "accept";
}

std::string Call::choose(
    const std::string& key, const std::string& question, const std::vector<std::string>& choices
) {
  const json form{
      {"type", "object"},
      {"properties", {{"choice", {{"type", "string"}, {"enum", choices}}}}},
      {"required", {"choice"}}
  };
  const json answer = ask_form(key, question, form);
  if (answer.value("action", "") != "accept") throw Declined("declined: " + question);
  const json content = answer.value("content", json::object());
  const auto chosen = read<std::string>(content.value("choice", json()), "/answer/choice");
  if (std::find(choices.begin(), choices.end(), chosen) != choices.end()) return chosen;
  throw BadArguments("/answer/choice", "is none of the choices: " + chosen);
}

json Call::ask_form(const std::string& key, const std::string& question, const json& form) {
  const json& answers = notes_->answers();
  if (const auto found = answers.find(key); found != answers.end()) return *found;
  suspend(request(key, question, form));
}

void Call::ask_into(
    const detail::Shape& shape, void* answer, const std::string& key, const std::string& question
) {
  const json given = ask_form(key, question, form_of(shape));
  if (given.value("action", "") != "accept") throw Declined("declined: " + question);
  detail::read_value(shape, given.value("content", json::object()), "/answer", answer);
}

bool Call::remembers(const std::string& key) const {
  return notes_->once().contains(key);
}

void Call::recall(const std::string& key, const detail::Shape& shape, void* value) const {
  detail::read_value(shape, notes_->once()[key], detail::child("/once", key), value);
}

void Call::remember(const std::string& key, const detail::Shape& shape, const void* value) {
  detail::write_value(shape, value, notes_->once()[key]);
}

void Call::wait_for_answer(
    const detail::Shape& shape, const std::string& key, const std::string& question
) {
  if (notes_->answers().contains(key)) return;
  const auto* elicit = extension<opsroom_elicit>(OPSROOM_EXT_ELICIT);
  if (elicit == nullptr) return;
  std::optional<std::string> taken;
  const auto take = [](void* user, opsroom_text responses) {
    try {
      *static_cast<std::optional<std::string>*>(user) = std::string(view(responses));
    } catch (...) {  // no memory left: told below as an answer that did not come
    }
  };
  const std::string text = request(key, question, form_of(shape)).dump();
  const opsroom_status status = elicit->ask(lent_.host, lend(text), take, &taken);
  if (status == OPSROOM_CANCELLED) throw Cancelled{};
  if (status == OPSROOM_INPUT_REQUIRED) return;
  const json answers = json::parse(taken.value_or(""), nullptr, false);
  if (status != OPSROOM_OK || !answers.is_object())
    throw std::runtime_error("the question could not be put: the client gave no usable answer");
  notes_->answers().update(answers);
}

void Call::suspend(const json& requests) const {
  const std::string text = requests.dump();
  const std::string state = notes_->memory.dump();
  lent_.need_input(lent_.host, lend(text), lend(state));
  throw NeedsInput{};
}

}  // namespace opsroom::tool
