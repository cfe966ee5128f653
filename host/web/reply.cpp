#include "web/reply.hpp"

namespace opsroom::web {

Response json_response(const Json& body, int status) {
  return text_response(dump(body), "application/json", status);
}

Response text_response(std::string text, std::string media_type, int status) {
  Response response;
  response.status = status;
  response.body = std::move(text);
  response.headers.add("Content-Type", std::move(media_type));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

const Headers& security_headers() {
  static const Headers headers{
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
       "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
       "frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Cache-Control", "no-store"},
  };
  return headers;
}

}  // namespace opsroom::web
