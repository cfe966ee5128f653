#include "web/router.hpp"

#include "web/errors.hpp"

#include <fmt/format.h>

#include <set>

namespace opsroom::web {
namespace {

using Bound = std::vector<std::pair<std::string, std::string>>;

bool placeholder(const std::string& segment) {
  return segment.size() > 2 && segment.front() == '{';
}

std::optional<Bound> bind(
    const std::vector<std::string>& pattern, const std::vector<std::string>& path
) {
  if (pattern.size() != path.size()) return std::nullopt;
  Bound bound;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (placeholder(pattern[i])) {
      if (path[i].empty()) return std::nullopt;
      bound.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), path[i]);
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return bound;
}

Refusal method_not_allowed(const Request& request, const std::set<std::string>& methods) {
  std::string allow;
  for (const std::string& method : methods)
    allow += (allow.empty() ? "" : ", ") + method;
  return Refusal(
      405,
      Code::unsupported,
      fmt::format("{} is not possible on {}", request.method, request.path()),
      fmt::format("Use {}.", allow),
      Headers{{"Allow", allow}}
  );
}

}  // namespace

const std::string& Call::at(std::string_view name) const {
  for (const auto& [key, value] : bound) {
    if (key == name) return value;
  }
  throw Failure(Code::internal, fmt::format("the route has no placeholder '{}'", name));
}

const std::string& Call::who() const {
  if (!caller) throw Failure(Code::internal, "an open route asked who the caller is");
  return caller->identity.name;
}

void Router::add(std::string method, std::string pattern, Access access, Handler handler) {
  Request like;
  like.target = pattern;
  split_target(like);
  routes_.push_back(
      Route{Entry{std::move(method), std::move(pattern), access}, like.segments, std::move(handler)}
  );
}

std::optional<Router::Match> Router::match(const Request& request) const {
  const std::string wanted = request.method == "HEAD" ? "GET" : request.method;
  std::set<std::string> methods;
  for (const Route& route : routes_) {
    auto bound = bind(route.segments, request.segments);
    if (!bound) continue;
    if (route.entry.method == wanted) {
      return Match{route.entry.access, &route.handler, std::move(*bound)};
    }
    methods.insert(route.entry.method);
    if (route.entry.method == "GET") methods.insert("HEAD");
  }
  if (!methods.empty()) throw method_not_allowed(request, methods);
  return std::nullopt;
}

std::vector<Router::Entry> Router::entries() const {
  std::vector<Entry> all;
  for (const Route& route : routes_)
    all.push_back(route.entry);
  return all;
}

}  // namespace opsroom::web
