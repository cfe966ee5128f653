#include "base/failure.hpp"
#include "web/event_stream.hpp"
#include "web/parameters.hpp"
#include "web/reply.hpp"
#include "web/services.hpp"

#include <fmt/format.h>

namespace opsroom::web {
namespace {

/// The header wins over the parameter: a browser that reconnects repeats the old address.
std::string cursor_of(const Request& request) {
  if (const auto header = request.headers.find("Last-Event-ID")) return std::string(*header);
  return request.parameter("after").value_or("");
}

/// A cursor from another life of the database would wait for ever for numbers that come late or
/// never.
void check_known(RunId run, std::int64_t position, std::int64_t last_seq) {
  if (position <= last_seq) return;
  throw Failure(
      Code::invalid,
      fmt::format("the cursor is at event {} of run {}, which has {}", position, run, last_seq),
      "Start the stream without a cursor."
  );
}

std::int64_t parse_run_cursor(const std::string& text) {
  if (text.empty() || text == "0") return 0;
  const auto position = parse_id(text);
  if (!position) {
    throw Failure(
        Code::invalid,
        "the stream cursor is not one this server gave out",
        "Resume with the id of the last event, or start without one."
    );
  }
  return *position;
}

StreamSource source_for(const Services& services, const Call& call) {
  const Guard* guard = &services.guard;
  return StreamSource{
      services.ledger,
      services.hub,
      services.stream_timing,
      [guard, caller = *call.caller] { return guard->still_valid(caller); },
  };
}

Response event_stream(StreamBody body) {
  Response response = text_response("", "text/event-stream");
  response.headers.add("X-Accel-Buffering", "no");  // nginx would hold lines back
  response.stream = std::move(body);
  return response;
}

Task<Response> run_stream(const Services& services, RunId id, Call call) {
  const std::int64_t after = parse_run_cursor(cursor_of(call.request));
  const Run run = co_await services.ledger.run(id);
  if (after > 0) {
    for (const auto& [head, last_seq] : co_await services.ledger.heads(run.session)) {
      if (head.id == id) check_known(id, after, last_seq);
    }
  }
  auto source = source_for(services, call);
  co_return event_stream([source, id, after](StreamWriter& out) {
    return stream_run(source, id, after, out);
  });
}

Task<Response> session_stream(const Services& services, SessionId id, Call call) {
  const std::string text = cursor_of(call.request);
  const SessionCursor cursor = text.empty() ? SessionCursor() : SessionCursor::parse(text);
  co_await services.ledger.session(id);
  const auto heads = co_await services.ledger.heads(id);
  for (const auto& [run, last_seq] : heads) {
    if (!cursor.below_floor(run.id)) check_known(run.id, cursor.position(run.id), last_seq);
  }
  auto source = source_for(services, call);
  co_return event_stream([source, id, cursor](StreamWriter& out) {
    return stream_session(source, id, cursor, out);
  });
}

Task<Response> stream(const Services& services, Call call) {
  const auto session = id_parameter(call.request, "session");
  const auto run = id_parameter(call.request, "run");
  if (session.has_value() == run.has_value()) {
    throw Failure(
        Code::invalid, "the stream needs a session or a run", "Add ?session={id} or ?run={id}."
    );
  }
  auto answer = run ? run_stream(services, RunId{*run}, std::move(call))
                    : session_stream(services, SessionId{*session}, std::move(call));
  co_return co_await std::move(answer);
}

}  // namespace

void add_stream_route(Router& router, const Services& services) {
  router.add("GET", "/api/stream", Access::identity, [&services](Call call) {
    return stream(services, std::move(call));
  });
}

}  // namespace opsroom::web
