#include "web/errors.hpp"

#include "base/json.hpp"
#include "model/input_reply.hpp"
#include "web/reply.hpp"

#include <spdlog/spdlog.h>

namespace opsroom::web {
namespace {

Response error_body(int status, Code code, const std::string& message, const std::string& hint) {
  Json error = {
      {"code", code_name(code)},
      {"message", message},
      {"hint", hint.empty() ? Json() : Json(hint)},
  };
  return json_response(Json{{"error", std::move(error)}}, status);
}

Response of_failure(const Failure& failure) {
  Response response =
      error_body(http_status(failure.code()), failure.code(), failure.message(), failure.hint());
  if (failure.code() == Code::unavailable) response.headers.add("Retry-After", "2");
  if (failure.code() == Code::unauthorized) response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

/// Where the problems are, for a form that shows each at its field.
Response of_unfit_reply(const UnfitReply& unfit) {
  Json problems = Json::array();
  for (const ReplyProblem& problem : unfit.problems()) {
    problems.push_back(
        {{"pointer", problem.pointer}, {"rule", problem.rule}, {"message", problem.message}}
    );
  }
  Json error = {
      {"code", code_name(unfit.code())},
      {"message", unfit.message()},
      {"hint", Json()},
      {"problems", std::move(problems)},
  };
  return json_response(Json{{"error", std::move(error)}}, http_status(unfit.code()));
}

Response of_refusal(const Refusal& refusal) {
  Response response =
      error_body(refusal.status(), refusal.code(), refusal.message(), refusal.hint());
  for (const auto& field : refusal.headers().fields()) {
    response.headers.add(field.name, field.value);
  }
  return response;
}

}  // namespace

Response error_response(std::exception_ptr error, const Request& request) {
  try {
    std::rethrow_exception(error);
  } catch (const Refusal& refusal) {
    return of_refusal(refusal);
  } catch (const UnfitReply& unfit) {
    return of_unfit_reply(unfit);
  } catch (const Failure& failure) {
    if (failure.code() == Code::internal) {
      spdlog::error("{} {}: {}", request.method, request.path(), failure.what());
    }
    return of_failure(failure);
  } catch (const std::exception& unforeseen) {
    spdlog::error("{} {}: {}", request.method, request.path(), unforeseen.what());
    return error_body(
        500, Code::internal, "the server failed to answer this request", "Its log says why."
    );
  }
}

}  // namespace opsroom::web
