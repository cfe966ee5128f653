#include "web/http_server.hpp"

#include "web/errors.hpp"
#include "web/listen.hpp"
#include "web/wire.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <set>

namespace opsroom::web {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Parser = http::request_parser<http::string_body>;
using ErrorCode = boost::system::error_code;

constexpr std::size_t piece_size = 64 * 1024;
constexpr int stream_buffer_size = 128 * 1024;
constexpr std::size_t junk_limit = 64 * 1024;
constexpr auto drain_deadline = std::chrono::seconds(1);
constexpr auto accept_pause = Milliseconds(100);

/// What a head that could not be read is answered with; 0: nothing, the other side is gone.
int status_of_head_error(const ErrorCode& error) {
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  const bool of_http = error.category() == http::make_error_code(http::error::bad_value).category();
  return of_http ? 400 : 0;
}

Request to_request(const Parser& parser, const tcp::socket& socket) {
  const auto& head = parser.get();
  Request request;
  request.method = std::string(head.method_string());
  request.target = std::string(head.target());
  for (const auto& field : head) {
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  ErrorCode ignored;
  request.peer = socket.remote_endpoint(ignored).address().to_string();
  request.local_port = socket.local_endpoint(ignored).port();
  return request;
}

}  // namespace

/// What the server and its connections share; kept alive by every coroutine that uses it.
struct HttpServer::State {
  State(asio::any_io_executor e, ServerOptions o, Service s)
      : executor(e),
        options(std::move(o)),
        service(std::move(s)),
        acceptor(listen_on(e, options.address, options.port, options.try_next_ports)),
        changed(e) {}

  class Connection;
  static Task<> accept_loop(std::shared_ptr<State> state);
  static Task<> wait_until_idle(std::shared_ptr<State> state);
  void take(tcp::socket socket, const std::shared_ptr<State>& self);
  void close_all();

  asio::any_io_executor executor;
  ServerOptions options;
  Service service;
  tcp::acceptor acceptor;
  std::set<Connection*> connections;
  bool stopping = false;
  Signal changed;
};

/// One connection: requests one after the other, then perhaps a stream until its end.
class HttpServer::State::Connection final : public StreamWriter,
                                            public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<State> state, tcp::socket socket)
      : state_(std::move(state)),
        stream_(std::move(socket)),
        buffer_(state_->options.header_limit + piece_size) {}
  ~Connection() override {
    state_->connections.erase(this);
    state_->changed.notify();
  }

  static Task<> run(std::shared_ptr<Connection> self) {
    try {
      co_await self->serve();
    } catch (const std::exception& error) {
      spdlog::debug("connection ended: {}", error.what());
    }
    self->close();
  }

  /// Ends what may be ended without harm: a request under way may finish.
  void stop() {
    if (!busy_ || streaming_) close();
  }

  void close() {
    open_ = false;
    ErrorCode ignored;
    stream_.socket().close(ignored);
    if (auto callback = std::exchange(on_close_, nullptr)) callback();
  }

  bool open() const override { return open_; }
  void on_close(std::function<void()> callback) override { on_close_ = std::move(callback); }
  Task<bool> write(std::string bytes) override {
    if (bytes.empty() || !open_) co_return open_;
    const std::string framed = chunked_ ? chunk(bytes) : std::move(bytes);
    if (co_await send(framed)) co_return true;
    close();
    co_return false;
  }

 private:
  class Body;

  Task<> serve() {
    auto deadline = state_->options.header_deadline;
    while (!state_->stopping && co_await first_byte(deadline)) {
      busy_ = true;
      const bool again = co_await exchange();
      busy_ = false;
      if (!again) break;
      deadline = state_->options.idle_deadline;
    }
  }

  /// Waits for the next request to begin; its head then has a deadline of its own.
  Task<bool> first_byte(Clock::duration deadline) {
    if (buffer_.size() > 0) co_return true;
    ErrorCode error;
    stream_.expires_after(deadline);
    const auto room = buffer_.prepare(piece_size / 16);
    const auto got =
        co_await stream_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
    buffer_.commit(got);
    co_return !error;
  }

  /// One request and its response; true when the connection may be used again.
  Task<bool> exchange() {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(state_->options.header_limit));
    parser.body_limit(boost::none);
    ErrorCode error;
    stream_.expires_after(state_->options.header_deadline);
    co_await http::async_read_header(
        stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error)
    );
    if (error) {
      if (const int status = status_of_head_error(error)) co_await refuse(status);
      co_return false;
    }
    co_return co_await answer(parser);
  }

  Task<bool> answer(Parser& parser);
  Task<Response> ask_service(Request request, BodySource& body);

  /// Says no without having understood the request, and ends the connection.
  Task<> refuse(int status) {
    auto response = unreadable_head(status);
    auto sending = send_whole(std::move(response), false);
    if (co_await std::move(sending)) co_await drain();
  }

  Task<bool> send_whole(Response response, bool head_only) {
    std::string bytes = response_head(response, state_->options.standard_headers, false);
    if (!head_only && has_body(response.status)) bytes += response.body;
    co_return co_await send(bytes);
  }

  Task<> send_stream(Response response, bool head_only);

  /// The stream's reader normally sends nothing more, so whatever is read here means its end.
  static Task<> watch_reader(std::shared_ptr<Connection> self) {
    std::array<char, 512> junk{};
    std::size_t total = 0;
    ErrorCode error;
    while (!error && total < junk_limit) {
      auto token = asio::redirect_error(asio::use_awaitable, error);
      total += co_await self->stream_.socket().async_read_some(asio::buffer(junk), token);
    }
    self->close();
  }

  /// The deadline is for progress, not for the whole: a slow reader of much is not cut off.
  Task<bool> send(std::string_view bytes) {
    while (!bytes.empty()) {
      ErrorCode error;
      stream_.expires_after(state_->options.write_deadline);
      const auto piece = asio::buffer(bytes.data(), std::min(bytes.size(), piece_size));
      auto token = asio::redirect_error(asio::use_awaitable, error);
      const auto sent = co_await stream_.async_write_some(piece, token);
      if (error) co_return false;
      bytes.remove_prefix(sent);
    }
    co_return true;
  }

  /// Reads on a little before closing: closing with unread bytes would reset the connection and the
  /// other side might never see our answer.
  Task<> drain() {
    ErrorCode error;
    stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    stream_.expires_after(drain_deadline);
    std::array<char, 4096> junk{};
    for (std::size_t total = 0; !error && total < state_->options.body_limit;) {
      auto token = asio::redirect_error(asio::use_awaitable, error);
      total += co_await stream_.async_read_some(asio::buffer(junk), token);
    }
  }

  std::shared_ptr<State> state_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::function<void()> on_close_;
  bool busy_ = false;
  bool streaming_ = false;
  bool chunked_ = false;
  bool open_ = true;
};

/// The body of the request at hand, still on the wire.
class HttpServer::State::Connection::Body final : public BodySource {
 public:
  Body(Connection& connection, Parser& parser) : connection_(connection), parser_(parser) {}

  bool empty() const override { return parser_.is_done(); }

  Task<std::string> read() override {
    if (parser_.is_done()) co_return std::move(parser_.get().body());
    const auto limit = connection_.state_->options.body_limit;
    if (parser_.content_length().value_or(0) > limit) throw body_too_large(limit);
    parser_.body_limit(limit);
    if (parser_.get()[http::field::expect] == "100-continue") {
      co_await connection_.send("HTTP/1.1 100 Continue\r\n\r\n");
    }
    ErrorCode error;
    connection_.stream_.expires_after(connection_.state_->options.body_deadline);
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await http::async_read(connection_.stream_, connection_.buffer_, parser_, token);
    if (error == http::error::body_limit) throw body_too_large(limit);
    if (error) throw Refusal(400, Code::invalid, "the request body is malformed");
    co_return std::move(parser_.get().body());
  }

 private:
  Connection& connection_;
  Parser& parser_;
};

Task<bool> HttpServer::State::Connection::answer(Parser& parser) {
  Request request = to_request(parser, stream_.socket());
  const bool head_only = request.method == "HEAD";
  const bool modern = parser.get().version() >= 11;
  Body body(*this, parser);
  Response response = co_await ask_service(std::move(request), body);
  if (response.stream) {
    chunked_ = modern;
    co_await send_stream(std::move(response), head_only);
    co_return false;
  }
  const bool again = parser.keep_alive() && parser.is_done() && !state_->stopping;
  if (!again) response.headers.set("Connection", "close");
  if (again && !modern) response.headers.set("Connection", "keep-alive");
  auto sending = send_whole(std::move(response), head_only);
  const bool sent = co_await std::move(sending);
  if (sent && !parser.is_done()) co_await drain();
  co_return sent&& again;
}

Task<Response> HttpServer::State::Connection::ask_service(Request request, BodySource& body) {
  Request head;
  head.method = request.method;
  head.target = request.target;
  std::exception_ptr error;
  try {
    check_head(request, state_->options.field_limit);
    split_target(request);
    co_return co_await state_->service(std::move(request), body);
  } catch (...) {
    error = std::current_exception();
  }
  co_return error_response(error, head);
}

Task<> HttpServer::State::Connection::send_stream(Response response, bool head_only) {
  response.headers.set("Connection", "close");
  const auto head = response_head(response, state_->options.standard_headers, chunked_);
  if (!co_await send(head) || head_only) co_return;
  ErrorCode ignored;
  stream_.socket().set_option(asio::socket_base::send_buffer_size(stream_buffer_size), ignored);
  streaming_ = true;
  if (state_->stopping) co_return;
  asio::co_spawn(state_->executor, watch_reader(shared_from_this()), asio::detached);
  try {
    co_await response.stream(*this);
    if (open_ && chunked_) co_await send("0\r\n\r\n");
  } catch (const std::exception& error) {
    spdlog::warn("a stream was cut: {}", error.what());
  }
  on_close_ = nullptr;
}

Task<> HttpServer::State::accept_loop(std::shared_ptr<State> state) {
  bool complained = false;
  while (!state->stopping) {
    tcp::socket socket(state->executor);
    ErrorCode error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await state->acceptor.async_accept(socket, token);
    if (!state->acceptor.is_open()) co_return;
    if (!error) {
      complained = false;
      state->take(std::move(socket), state);
    } else if (error != asio::error::connection_aborted) {
      // Usually EMFILE, and then the next try would fail at once: let connections end meanwhile.
      if (!complained) spdlog::warn("cannot take connections: {}", error.message());
      complained = true;
      co_await pause_for(accept_pause);
    }
  }
}

void HttpServer::State::take(tcp::socket socket, const std::shared_ptr<State>& self) {
  ErrorCode ignored;
  close_on_exec(socket.native_handle());
  socket.set_option(tcp::no_delay(true), ignored);
  if (connections.size() >= options.connection_limit) {
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(too_many_connections), ignored);
    return;
  }
  auto connection = std::make_shared<Connection>(self, std::move(socket));
  connections.insert(connection.get());
  asio::co_spawn(executor, Connection::run(std::move(connection)), asio::detached);
}

void HttpServer::State::close_all() {
  stopping = true;
  ErrorCode ignored;
  acceptor.close(ignored);
  const auto all = connections;
  for (Connection* connection : all)
    connection->close();
}

Task<> HttpServer::State::wait_until_idle(std::shared_ptr<State> state) {
  while (!state->connections.empty())
    co_await state->changed.wait();
}

HttpServer::HttpServer(asio::any_io_executor executor, ServerOptions options, Service service)
    : state_(std::make_shared<State>(executor, std::move(options), std::move(service))) {}

HttpServer::~HttpServer() {
  state_->close_all();
}

void HttpServer::start() {
  asio::co_spawn(state_->executor, State::accept_loop(state_), asio::detached);
}

std::uint16_t HttpServer::bound_port() const {
  ErrorCode ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

std::size_t HttpServer::connections() const {
  return state_->connections.size();
}

Task<> HttpServer::stop() {
  const auto state = state_;
  state->stopping = true;
  ErrorCode ignored;
  state->acceptor.close(ignored);
  const auto all = state->connections;
  for (State::Connection* connection : all)
    connection->stop();
  auto idle = State::wait_until_idle(state);
  co_await within(state->options.stop_deadline, std::move(idle));
  state->close_all();
}

}  // namespace opsroom::web
