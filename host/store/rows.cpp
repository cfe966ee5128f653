#include "store/rows.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <spdlog/spdlog.h>

namespace opsroom::store {
namespace {

std::string filled(const char* columns, std::string_view alias) {
  return fmt::format(fmt::runtime(columns), fmt::arg("t", alias));
}

Json cleaned(const Json& value) {
  if (value.is_string()) return printable_utf8(value.get_ref<const std::string&>());
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value)
      out.push_back(cleaned(item));
    return out;
  }
  if (value.is_object()) {
    Json out = Json::object();
    for (const auto& [key, item] : value.items())
      out[printable_utf8(key)] = cleaned(item);
    return out;
  }
  return value;
}

/// Lines are one text column, joined by line breaks; a break inside of a line would add a line.
std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    const std::size_t start = out.size();
    out += printable_utf8(lines[i]);
    std::replace(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), '\n', ' ');
  }
  return out;
}

std::vector<std::string> split(const std::string& lines) {
  std::vector<std::string> out;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = lines.find('\n', start);
    if (end == std::string::npos) break;
    out.push_back(lines.substr(start, end - start));
    start = end + 1;
  }
  out.push_back(lines.substr(start));
  return out;
}

Json or_null(const std::optional<std::string>& value) {
  return value ? Json(printable_utf8(*value)) : Json();
}

Json time_or_null(const std::optional<std::string>& value) {
  return value && !value->empty() ? Json(*value) : Json();
}

}  // namespace

std::string session_columns(std::string_view alias) {
  return filled(
      "{t}.id, {t}.title, {t}.slug, {t}.intent, {t}.repository, {t}.base, "
      "ops.iso({t}.created_at) as created_at",
      alias
  );
}

std::string run_columns(std::string_view alias) {
  return filled(
      "{t}.id, {t}.session_id, {t}.lane, {t}.status, {t}.priority, {t}.intent, {t}.runbook, "
      "{t}.inputs, {t}.attempt, {t}.claimed_by, ops.iso({t}.claimed_at) as claimed_at, "
      "ops.iso({t}.heartbeat_at) as heartbeat_at, ops.iso({t}.canceled_at) as canceled_at, "
      "ops.iso({t}.created_at) as created_at, ops.iso({t}.started_at) as started_at, "
      "ops.iso({t}.finished_at) as finished_at, {t}.error, {t}.hint, {t}.traceparent, "
      "{t}.tracestate",
      alias
  );
}

std::string step_columns(std::string_view alias) {
  return filled(
      "{t}.run_id, {t}.position, {t}.id, {t}.tool, {t}.status, {t}.attempt, {t}.arguments, "
      "{t}.output, {t}.resume, {t}.delivery, {t}.error, {t}.hint, {t}.tries, "
      "ops.iso({t}.started_at) as "
      "started_at, "
      "ops.iso({t}.finished_at) as finished_at",
      alias
  );
}

std::string event_columns(std::string_view alias) {
  return filled(
      "{t}.run_id, {t}.seq, {t}.kind, {t}.step, ops.iso({t}.at) as at, {t}.data, {t}.lines", alias
  );
}

std::string artifact_columns(std::string_view alias) {
  return filled(
      "{t}.id, {t}.run_id, {t}.step, {t}.kind, {t}.name, {t}.media_type, {t}.size, {t}.sha256, "
      "{t}.meta, ops.iso({t}.created_at) as created_at, ops.iso({t}.updated_at) as updated_at",
      alias
  );
}

std::string input_columns(std::string_view alias) {
  return filled(
      "{t}.id, {t}.run_id, {t}.position, {t}.step, {t}.tool, {t}.key, {t}.method, {t}.params, "
      "{t}.live, {t}.status, {t}.action, {t}.content, {t}.answered_by, "
      "ops.iso({t}.created_at) as created_at, ops.iso({t}.answered_at) as answered_at, "
      "ops.iso({t}.expires_at) as expires_at",
      alias
  );
}

std::string audit_columns(std::string_view alias) {
  return filled(
      "{t}.id, ops.iso({t}.at) as at, {t}.kind, {t}.who, {t}.run_id, {t}.step, {t}.position, "
      "{t}.attempt, {t}.worker, {t}.tool, {t}.server, {t}.pin, {t}.argument_sha256, "
      "ops.iso({t}.started) as started, {t}.took_us, {t}.bytes_sent, {t}.bytes_received, "
      "{t}.round, {t}.delivery, {t}.outcome",
      alias
  );
}

std::string text(const pqxx::field& field) {
  return field.is_null() ? "" : field.c_str();
}

std::optional<std::string> maybe_text(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return std::string(field.c_str());
}

std::optional<Json> exact_json(const pqxx::field& field) {
  // The server's own limit is thousands of levels, more than recursive code here has stack for.
  constexpr int deepest = 1'000;
  if (field.is_null()) return Json();
  try {
    return parse_json(field.c_str(), field.name(), deepest);
  } catch (const Failure& failure) {
    // Not louder: a list with such a row is read again and again.
    spdlog::debug("a row is shown without its {}: {}", field.name(), failure.message());
    return std::nullopt;
  }
}

Json json(const pqxx::field& field) {
  return exact_json(field).value_or(Json());
}

Session session_from(const pqxx::row& row) {
  Session session;
  session.id = {row["id"].as<std::int64_t>()};
  session.title = text(row["title"]);
  session.slug = text(row["slug"]);
  session.intent = text(row["intent"]);
  session.repository = text(row["repository"]);
  session.base = text(row["base"]);
  session.created_at = text(row["created_at"]);
  return session;
}

Run run_from(const pqxx::row& row) {
  Run run;
  run.id = {row["id"].as<std::int64_t>()};
  run.session = {row["session_id"].as<std::int64_t>()};
  run.lane = text(row["lane"]);
  run.status = run_status(text(row["status"]));
  run.priority = row["priority"].as<int>();
  run.intent = text(row["intent"]);
  run.runbook = text(row["runbook"]);
  run.inputs = json(row["inputs"]);
  run.attempt = row["attempt"].as<int>();
  run.claimed_by = maybe_text(row["claimed_by"]);
  run.claimed_at = maybe_text(row["claimed_at"]);
  run.heartbeat_at = maybe_text(row["heartbeat_at"]);
  run.canceled_at = maybe_text(row["canceled_at"]);
  run.created_at = text(row["created_at"]);
  run.started_at = maybe_text(row["started_at"]);
  run.finished_at = maybe_text(row["finished_at"]);
  run.error = maybe_text(row["error"]);
  run.hint = maybe_text(row["hint"]);
  run.traceparent = text(row["traceparent"]);
  run.tracestate = text(row["tracestate"]);
  return run;
}

Step step_from(const pqxx::row& row) {
  Step step;
  step.position = row["position"].as<int>();
  step.id = text(row["id"]);
  step.tool = text(row["tool"]);
  step.status = step_status(text(row["status"]));
  step.attempt = row["attempt"].as<int>();
  step.tries = row["tries"].as<int>();
  step.arguments = json(row["arguments"]);
  step.output = json(row["output"]);
  step.resume = json(row["resume"]);
  step.delivery = maybe_text(row["delivery"]);
  step.error = maybe_text(row["error"]);
  step.hint = maybe_text(row["hint"]);
  step.started_at = maybe_text(row["started_at"]);
  step.finished_at = maybe_text(row["finished_at"]);
  return step;
}

Event event_from(const pqxx::row& row) {
  Event event;
  event.run = {row["run_id"].as<std::int64_t>()};
  event.seq = row["seq"].as<std::int64_t>();
  event.kind = text(row["kind"]);
  event.step = text(row["step"]);
  event.at = text(row["at"]);
  event.data = json(row["data"]);
  if (!row["lines"].is_null()) event.lines = split(text(row["lines"]));
  return event;
}

Artifact artifact_from(const pqxx::row& row) {
  Artifact artifact;
  artifact.id = {row["id"].as<std::int64_t>()};
  artifact.run = {row["run_id"].as<std::int64_t>()};
  artifact.step = text(row["step"]);
  artifact.kind = text(row["kind"]);
  artifact.name = text(row["name"]);
  artifact.media_type = text(row["media_type"]);
  artifact.size = row["size"].as<std::int64_t>();
  artifact.sha256 = text(row["sha256"]);
  artifact.meta = json(row["meta"]);
  artifact.created_at = text(row["created_at"]);
  artifact.updated_at = text(row["updated_at"]);
  return artifact;
}

InputRequest input_from(const pqxx::row& row) {
  InputRequest input;
  input.id = {row["id"].as<std::int64_t>()};
  input.run = {row["run_id"].as<std::int64_t>()};
  input.position = row["position"].as<int>();
  input.step = text(row["step"]);
  input.tool = text(row["tool"]);
  input.ask = InputAsk{text(row["key"]), text(row["method"]), json(row["params"])};
  input.live = row["live"].as<bool>();
  const std::string status = text(row["status"]);
  if (status == "answered") {
    input.reply = InputReply{input_action(text(row["action"])), json(row["content"])};
  }
  input.expired = status == "expired" || status == "withdrawn";
  input.answered_by = maybe_text(row["answered_by"]);
  input.created_at = text(row["created_at"]);
  input.answered_at = maybe_text(row["answered_at"]);
  input.expires_at = maybe_text(row["expires_at"]);
  return input;
}

AuditEntry audit_from(const pqxx::row& row) {
  AuditEntry entry;
  entry.id = row["id"].as<std::int64_t>();
  entry.at = text(row["at"]);
  entry.kind = text(row["kind"]);
  entry.who = maybe_text(row["who"]);
  entry.run = {row["run_id"].as<std::int64_t>()};
  entry.step = text(row["step"]);
  entry.position = row["position"].as<int>(0);
  entry.attempt = row["attempt"].as<int>(0);
  entry.worker = text(row["worker"]);
  entry.tool = text(row["tool"]);
  entry.server = text(row["server"]);
  entry.pin = text(row["pin"]);
  entry.argument_sha256 = text(row["argument_sha256"]);
  entry.started = maybe_text(row["started"]);
  entry.took_us = row["took_us"].as<std::int64_t>(0);
  entry.bytes_sent = row["bytes_sent"].as<std::int64_t>(0);
  entry.bytes_received = row["bytes_received"].as<std::int64_t>(0);
  entry.round = row["round"].as<int>(0);
  entry.delivery = text(row["delivery"]);
  entry.outcome = text(row["outcome"]);
  return entry;
}

std::string json_text(const Json& value) {
  std::string dumped = dump(value);
  if (dumped.find("\\u0000") == std::string::npos) return dumped;
  return dump(cleaned(value));
}

std::string events_text(const std::vector<Event>& events) {
  Json array = Json::array();
  for (const Event& event : events) {
    Json item{
        {"seq", event.seq},
        {"n", event.count()},
        {"kind", event.kind},
        {"step", event.step},
        {"data", event.data},
    };
    if (!event.at.empty()) item["at"] = event.at;
    if (!event.lines.empty()) item["lines"] = joined(event.lines);
    array.push_back(std::move(item));
  }
  return json_text(array);
}

std::string step_text(const Step& step) {
  const Json item{
      {"position", step.position},
      {"id", step.id},
      {"tool", step.tool},
      {"status", to_string(step.status)},
      {"arguments", step.arguments},
      {"output", step.output},
      {"resume", step.resume},
      {"delivery", or_null(step.delivery)},
      {"error", or_null(step.error)},
      {"hint", or_null(step.hint)},
      {"tries", step.tries},
      {"started_at", time_or_null(step.started_at)},
      {"finished_at", time_or_null(step.finished_at)},
  };
  return json_text(item);
}

std::string asks_text(const std::vector<InputAsk>& asks) {
  Json array = Json::array();
  for (const InputAsk& ask : asks) {
    array.push_back(Json{{"key", ask.key}, {"method", ask.method}, {"params", ask.params}});
  }
  return json_text(array);
}

std::string calls_text(const std::vector<CallRecord>& calls) {
  Json array = Json::array();
  for (const CallRecord& call : calls) {
    const auto since_epoch = call.started.time_since_epoch();
    const auto started = std::chrono::duration_cast<std::chrono::microseconds>(since_epoch);
    array.push_back(Json{
        {"tool", call.tool},
        {"server", call.server ? *call.server : std::string()},
        {"pin", call.pin},
        {"argument_sha256", call.argument_sha256},
        {"started_us", started.count()},
        {"took_us", call.took.count()},
        {"bytes_sent", call.bytes_sent},
        {"bytes_received", call.bytes_received},
        {"round", call.round},
        {"delivery", to_string(call.delivery)},
        {"outcome", call.outcome},
    });
  }
  return json_text(array);
}

}  // namespace opsroom::store
