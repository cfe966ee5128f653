#pragma once

#include "base/failure.hpp"
#include "web/http.hpp"

#include <exception>
#include <string>

namespace opsroom::web {

/// A failure that HTTP has a word of its own for (400, 405, 413, 421, 429, ...), with the headers
/// that go with it. Everything else is a plain Failure and takes the status of its code.
class Refusal : public Failure {
 public:
  Refusal(int status, Code code, std::string message, std::string hint = {}, Headers headers = {})
      : Failure(code, std::move(message), std::move(hint)),
        status_(status),
        headers_(std::move(headers)) {}

  int status() const noexcept { return status_; }
  const Headers& headers() const noexcept { return headers_; }

 private:
  int status_;
  Headers headers_;
};

/// The border between exceptions and HTTP: the response for whatever was thrown. What we did not
/// foresee becomes a 500 that tells nothing of the inside; the log has it.
Response error_response(std::exception_ptr error, const Request& request);

}  // namespace opsroom::web
