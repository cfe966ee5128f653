#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace opsroom {

/// What kind of thing went wrong; decides HTTP status, JSON-RPC code and exit code in one table.
enum class Code {
  invalid,       ///< the caller's data is wrong: fix it and try again
  not_found,     ///< the named thing does not exist
  conflict,      ///< the thing is in a state that forbids this
  unauthorized,  ///< no valid credential
  forbidden,     ///< a valid credential without the right
  unavailable,   ///< a dependency (database, network, git remote) cannot be reached
  timeout,       ///< a deadline passed
  canceled,      ///< somebody asked for it to stop
  exhausted,     ///< disk, memory, descriptors or a configured limit are used up
  unsupported,   ///< understood, but not done by this version or machine
  tool_failed,   ///< a tool or a run ended in failure
  internal,      ///< we are wrong
};

/// The world failed. Thrown where it happens, translated once at each border (HTTP, JSON-RPC, exit
/// code). `message` names the thing, `hint` names the remedy; both are sentences for people.
class Failure : public std::exception {
 public:
  Failure(Code code, std::string message, std::string hint = {}, bool retryable = false);

  const char* what() const noexcept override { return text_.c_str(); }
  Code code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& hint() const noexcept { return hint_; }
  /// True when the same call may succeed later without anybody changing anything.
  bool retryable() const noexcept { return retryable_; }

 private:
  Code code_;
  std::string message_;
  std::string hint_;
  bool retryable_;
  std::string text_;
};

/// "invalid", "not_found", ...: the stable word in JSON errors.
std::string_view code_name(Code code);
int http_status(Code code);
int jsonrpc_code(Code code);
/// Process exit codes: 1 run failed, 2 usage or invalid input, 3 needs input, 4 canceled,
/// 5 unavailable (database, server), 6 resources used up, 70 internal error, 78 configuration.
int exit_code(Code code);

/// Failure for a failed system call: "open /x: Permission denied", with a hint where one is known
/// (disk full, too many open files, permissions).
Failure system_failure(int error_number, std::string_view what);

}  // namespace opsroom
