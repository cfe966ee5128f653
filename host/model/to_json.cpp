#include "model/to_json.hpp"

namespace opsroom {
namespace {

Json nullable(const std::optional<std::string>& value) {
  return value ? Json(*value) : Json();
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
  };
}

Json to_json(const Step& step) {
  return {
      {"position", step.position},
      {"id", step.id},
      {"tool", step.tool},
      {"status", to_string(step.status)},
      {"attempt", step.attempt},
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

Json to_json(const InputRequest& input) {
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

}  // namespace opsroom
