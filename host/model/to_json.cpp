#include "model/to_json.hpp"

#include "model/secret_fields.hpp"

namespace opsroom {
namespace {

Json nullable(const std::optional<std::string>& value) {
  return value ? Json(*value) : Json();
}

Json unless_empty(const std::string& value) {
  return value.empty() ? Json() : Json(value);
}

}  // namespace

Json to_json(const Session& session) {
  return {
      {"id", session.id.value},
      {"title", session.title},
      {"slug", session.slug},
      {"intent", session.intent},
      {"repository", session.repository},
      {"base", session.base},
      {"created_at", session.created_at},
  };
}

Json to_json(const Run& run) {
  return {
      {"id", run.id.value},
      {"session_id", run.session.value},
      {"lane", run.lane},
      {"status", to_string(run.status)},
      {"priority", run.priority},
      {"intent", run.intent},
      {"runbook", run.runbook},
      {"inputs", run.inputs},
      {"attempt", run.attempt},
      {"claimed_by", nullable(run.claimed_by)},
      {"claimed_at", nullable(run.claimed_at)},
      {"heartbeat_at", nullable(run.heartbeat_at)},
      {"canceled_at", nullable(run.canceled_at)},
      {"created_at", run.created_at},
      {"started_at", nullable(run.started_at)},
      {"finished_at", nullable(run.finished_at)},
      {"error", nullable(run.error)},
      {"hint", nullable(run.hint)},
      {"traceparent", unless_empty(run.traceparent)},
  };
}

Json to_json(const Step& step) {
  return {
      {"position", step.position},
      {"id", step.id},
      {"tool", step.tool},
      {"status", to_string(step.status)},
      {"attempt", step.attempt},
      {"tries", step.tries},
      {"arguments", step.arguments},
      {"output", step.output},
      {"delivery", nullable(step.delivery)},
      {"error", nullable(step.error)},
      {"hint", nullable(step.hint)},
      {"started_at", nullable(step.started_at)},
      {"finished_at", nullable(step.finished_at)},
  };
}

Json to_json(const Event& event) {
  return {
      {"run_id", event.run.value},
      {"seq", event.seq},
      {"last_seq", event.last_seq()},
      {"kind", event.kind},
      {"step", event.step.empty() ? Json() : Json(event.step)},
      {"at", event.at},
      {"data", event.data},
      {"lines", event.lines},
  };
}

Json to_json(const Artifact& artifact) {
  return {
      {"id", artifact.id.value},
      {"run_id", artifact.run.value},
      {"step", artifact.step.empty() ? Json() : Json(artifact.step)},
      {"kind", artifact.kind},
      {"name", artifact.name},
      {"media_type", artifact.media_type},
      {"size", artifact.size},
      {"sha256", artifact.sha256},
      {"meta", artifact.meta},
      {"created_at", artifact.created_at},
      {"updated_at", artifact.updated_at},
  };
}

Json to_json_with_secrets(const InputRequest& input) {
  return {
      {"id", input.id.value},
      {"run_id", input.run.value},
      {"position", input.position},
      {"step", input.step},
      {"tool", input.tool},
      {"key", input.ask.key},
      {"method", input.ask.method},
      {"params", input.ask.params},
      {"live", input.live},
      {"open", input.open()},
      {"expired", input.expired},
      {"action", input.reply ? Json(to_string(input.reply->action)) : Json()},
      {"content", input.reply ? input.reply->content : Json()},
      {"answered_by", nullable(input.answered_by)},
      {"created_at", input.created_at},
      {"answered_at", nullable(input.answered_at)},
      {"expires_at", nullable(input.expires_at)},
  };
}

Json to_json(const InputRequest& input) {
  Json json = to_json_with_secrets(input);
  json["content"] = shown_content(input.ask, json["content"]);
  return json;
}

Json to_json(const AuditEntry& entry) {
  Json json = {
      {"id", entry.id},
      {"at", entry.at},
      {"kind", entry.kind},
      {"who", nullable(entry.who)},
      {"run_id", entry.run.value},
      {"step", unless_empty(entry.step)},
      {"outcome", unless_empty(entry.outcome)},
  };
  const bool call = entry.kind == "call";
  const auto of_call = [&json, call](const char* key, Json value) {
    json[key] = call ? std::move(value) : Json();
  };
  json["tool"] = unless_empty(entry.tool);
  of_call("position", entry.position);
  of_call("attempt", entry.attempt);
  of_call("worker", unless_empty(entry.worker));
  of_call("server", unless_empty(entry.server));
  of_call("pin", unless_empty(entry.pin));
  of_call("argument_sha256", unless_empty(entry.argument_sha256));
  of_call("started", nullable(entry.started));
  of_call("took_us", entry.took_us);
  of_call("bytes_sent", entry.bytes_sent);
  of_call("bytes_received", entry.bytes_received);
  of_call("round", entry.round);
  of_call("delivery", unless_empty(entry.delivery));
  return json;
}

}  // namespace opsroom
