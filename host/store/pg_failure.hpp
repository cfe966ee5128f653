#pragma once

#include "base/failure.hpp"

#include <exception>
#include <string>
#include <string_view>

namespace opsroom::store {

/// The parts of a server's error as libpq prints it ("ERROR:  ...\nDETAIL:  ...\nHINT:  ...").
struct ServerMessage {
  std::string message;
  std::string detail;
  std::string hint;
};
ServerMessage parse_server_message(std::string_view text);

/// The run's id when the error says that a claim is not held any more (SQLSTATE OP001); 0
/// otherwise.
long lost_run(std::string_view sqlstate, std::string_view text);

/// What a failed statement means. `place` names the database, never its password.
Failure sql_failure(std::string_view sqlstate, std::string_view text, const std::string& place);

/// What a failed connection attempt means. libpq gives no SQLSTATE here, so the text decides; a
/// text in another language is taken for an unreachable server.
Failure connect_failure(std::string_view text, const std::string& place);

/// The connection broke while a transaction was under way.
Failure broken_failure(const std::string& place);
/// It broke while committing: nobody knows whether it happened.
Failure in_doubt_failure(const std::string& place);

/// The session is over although the server was polite about it (shutdown, terminated, crashed).
bool ends_session(std::string_view sqlstate);
/// The transaction lost against another one and may simply be run again.
bool may_run_again(std::string_view sqlstate);

}  // namespace opsroom::store
