#include "web/server.hpp"

#include "web/errors.hpp"
#include "web/reply.hpp"
#include "web/services.hpp"
#include "web/static_files.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace opsroom::web {
namespace {

constexpr std::size_t pool_threads = 2;

}  // namespace

/// Everything between the wire and the ports. Shared with the requests under way, so that it
/// outlives them whatever the owner of the server does.
class Server::Site : public std::enable_shared_from_this<Site> {
 public:
  Site(
      asio::any_io_executor executor,
      const Options& options,
      Ledger& ledger,
      RunQueue& queue,
      Credentials& credentials,
      Wakeups& wakeups,
      const runbook::Library& library
  )
      : guard_(credentials, options.address, options.allow_hosts),
        pool_(pool_threads, "web"),
        services_{
            executor,
            ledger,
            queue,
            credentials,
            library,
            options.database_ok,
            guard_,
            pool_,
            EventHub::make(executor, wakeups),
            options.stream_timing,
        },
        files_(options.static_dir) {
    add_health_routes(router_, services_);
    add_login_routes(router_, services_);
    add_session_routes(router_, services_);
    add_run_routes(router_, services_);
    add_input_routes(router_, services_);
    add_enqueue_route(router_, services_);
    add_artifact_routes(router_, services_);
    add_stream_route(router_, services_);
    add_worker_routes(router_, services_);
  }

  const Router& router() const { return router_; }

  /// Answers one request. Nothing is thrown out of here.
  static Task<Response> serve(std::shared_ptr<Site> site, Request request, BodySource& body) {
    Request head = request;
    std::exception_ptr error;
    try {
      auto answering = site->answer(std::move(request), body);
      co_return co_await std::move(answering);
    } catch (...) {
      error = std::current_exception();
    }
    co_return error_response(error, head);
  }

 private:
  /// In this order: may it come in, what does it want, may the caller do that, and only then the
  /// body.
  Task<Response> answer(Request request, BodySource& body) {
    guard_.check_origin(request);
    auto match = router_.match(request);
    if (!match) co_return page(request);
    auto admitting = guard_.admit(request, match->access);
    auto caller = co_await std::move(admitting);
    if (!body.empty()) {
      check_media_type(request);
      request.body = co_await body.read();
    }
    Call call{std::move(request), std::move(match->bound), std::move(caller)};
    auto handling = (*match->handler)(std::move(call));
    Response response = co_await std::move(handling);
    if (response.stream) keep_alive_through(response);
    co_return response;
  }

  Response page(const Request& request) {
    const bool api = request.segments.front() == "api";
    if (!api && !request.unsafe()) {
      if (auto found = files_.serve(request)) return std::move(*found);
    }
    throw Failure(Code::not_found, fmt::format("there is nothing at {}", request.path()));
  }

  static void check_media_type(const Request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    const std::string_view bare = type.substr(0, type.find(';'));
    if (bare == "application/json") return;
    throw Refusal(
        415,
        Code::invalid,
        fmt::format("the body is '{}'", type),
        "Send JSON with Content-Type: application/json."
    );
  }

  /// A stream runs on after its handler, so it must hold the site by itself.
  void keep_alive_through(Response& response) {
    response.stream = [site = shared_from_this(),
                       body = std::move(response.stream)](StreamWriter& out) { return body(out); };
  }

  Guard guard_;
  BlockingPool pool_;
  Services services_;
  StaticFiles files_;
  Router router_;
};

namespace {

ServerOptions wire_options(const Options& options) {
  ServerOptions wire = options.limits;
  wire.address = options.address;
  wire.port = options.port;
  wire.try_next_ports = options.try_next_ports;
  wire.standard_headers = security_headers();
  return wire;
}

}  // namespace

Server::Server(
    asio::any_io_executor executor,
    Options options,
    Ledger& ledger,
    RunQueue& queue,
    Credentials& credentials,
    Wakeups& wakeups,
    const runbook::Library& library
)
    : address_(options.address),
      site_(std::make_shared<Site>(executor, options, ledger, queue, credentials, wakeups, library)
      ) {
  auto service = [site = site_](Request request, BodySource& body) {
    return Site::serve(site, std::move(request), body);
  };
  http_ = std::make_unique<HttpServer>(executor, wire_options(options), std::move(service));
  http_->start();
}

Server::~Server() = default;

std::uint16_t Server::port() const {
  return http_->bound_port();
}

std::string Server::url() const {
  const bool v6 = address_.find(':') != std::string::npos;
  return fmt::format("http://{}:{}", v6 ? '[' + address_ + ']' : address_, port());
}

std::size_t Server::connections() const {
  return http_->connections();
}

std::vector<Router::Entry> Server::routes() const {
  return site_->router().entries();
}

Task<> Server::stop() {
  return http_->stop();
}

}  // namespace opsroom::web
