#pragma once

#include "ports/credentials.hpp"
#include "web/http.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace opsroom::web {

/// Who may use a route. `identity`: anybody with a valid credential. Admins may do what workers
/// may.
enum class Access { open, identity, admin, worker };

/// Whether a role reaches so far; nobody knows a role that is in neither list.
bool may(std::string_view role, Access access);

/// Somebody whose credential was found good; asked again while a stream of theirs lasts.
struct Caller {
  Identity identity;
  std::string kind;    ///< "token" or "browser"
  std::string sha256;  ///< of the secret
};

/// A request on its way into a handler: body read, right checked, placeholders bound.
struct Call {
  Request request;
  std::vector<std::pair<std::string, std::string>> bound;
  std::optional<Caller> caller;  ///< empty only on open routes

  /// What stood in the place of `{name}` in the pattern.
  const std::string& at(std::string_view name) const;
  /// For the books: who did it.
  const std::string& who() const;
};

using Handler = std::function<Task<Response>(Call)>;

/// The table of routes. Every route says who may use it; there is no way to add one that doesn't.
class Router {
 public:
  /// `pattern` is a path whose segments may be placeholders: "/api/runs/{id}/cancel".
  void add(std::string method, std::string pattern, Access access, Handler handler);

  struct Match {
    Access access;
    const Handler* handler;
    std::vector<std::pair<std::string, std::string>> bound;
  };

  /// The route of the request (HEAD takes GET's); nullopt when no route has this path. A path that
  /// exists with other methods only is Refusal 405 with `Allow`.
  std::optional<Match> match(const Request& request) const;

  struct Entry {
    std::string method;
    std::string pattern;
    Access access;
  };
  /// The whole table, for tests that must not forget a route.
  std::vector<Entry> entries() const;

 private:
  struct Route {
    Entry entry;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace opsroom::web
