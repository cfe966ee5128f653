#include "support/web/test_site.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace opsroom::testing {
namespace {

Task<bool> answer(bool ok) {
  co_return ok;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "opsroom-web-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TemporaryDirectory::write(const std::string& name, std::string_view content) const {
  std::filesystem::create_directories((path_ / name).parent_path());
  write_file(path_ / name, content);
}

TestSite::TestSite(web::Options options)
    : library_({runbooks.path()}), options_(std::move(options)) {
  options_.port = 0;
  if (options_.static_dir.empty()) options_.static_dir = page.path();
  options_.database_ok = [this] { return answer(database_ok); };
  credentials.put("token", admin_token, "operator", "admin");
  credentials.put("token", worker_token, "worker-1", "worker");
  thread_ = std::thread([this] { context.run(); });
  start_server();
}

TestSite::~TestSite() {
  on_io([this] { ledger.release(); });
  if (server_) stop_server();
  work_.reset();
  thread_.join();
}

void TestSite::start_server() {
  on_io([this] {
    server_ = std::make_unique<web::Server>(
        context.get_executor(), options_, ledger, queue, credentials, wakeups, library_
    );
    port_ = server_->port();
    options_.port = port_;
  });
}

std::size_t TestSite::connections() {
  return on_io([this] { return server_->connections(); });
}

std::chrono::milliseconds TestSite::stop_server() {
  const auto start = std::chrono::steady_clock::now();
  std::promise<void> stopped;
  on_io([&] {
    asio::co_spawn(context, server_->stop(), [&](std::exception_ptr error) {
      server_.reset();
      error ? stopped.set_exception(error) : stopped.set_value();
    });
  });
  auto future = stopped.get_future();
  if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
    throw std::runtime_error("the server does not stop");
  }
  future.get();
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start
  );
}

std::vector<web::Router::Entry> TestSite::routes() {
  return on_io([this] { return server_->routes(); });
}

Answer TestSite::ask(
    std::string_view method,
    std::string_view target,
    const std::vector<std::string>& headers,
    std::string_view body
) {
  Client client(port_);
  client.send(request_text(method, target, port_, headers, body));
  return client.read_answer(method == "HEAD");
}

Answer TestSite::admin(std::string_view method, std::string_view target, std::string_view body) {
  std::vector<std::string> headers{admin_header()};
  if (!body.empty()) headers.push_back("Content-Type: application/json");
  return ask(method, target, headers, body);
}

std::unique_ptr<Client> TestSite::stream(const std::string& target, const std::string& cursor) {
  auto client = std::make_unique<Client>(port_);
  std::vector<std::string> headers{admin_header()};
  if (!cursor.empty()) headers.push_back("Last-Event-ID: " + cursor);
  client->send(request_text("GET", target, port_, headers));
  const Answer head = client->read_stream_head();
  if (head.status != 200) throw std::runtime_error(fmt::format("the stream is {}", head.status));
  return client;
}

}  // namespace opsroom::testing
