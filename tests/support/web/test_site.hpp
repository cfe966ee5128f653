#pragma once

#include "runbook/library.hpp"
#include "support/web/client.hpp"
#include "support/web/fake_ledger.hpp"
#include "support/web/fakes.hpp"
#include "web/server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace opsroom::testing {

/// A directory that is gone afterwards.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

/// The real server on fakes, its io_context on a thread of its own; the test talks to it over
/// loopback. Whatever touches fakes or server goes through `on_io`, since those live on that
/// thread.
class TestSite {
 public:
  explicit TestSite(web::Options options = {});
  ~TestSite();

  asio::io_context context{1};
  FakeLedger ledger{context.get_executor()};
  FakeRunQueue queue;
  FakeCredentials credentials;
  FakeWakeups wakeups;
  TemporaryDirectory runbooks;
  TemporaryDirectory page;
  bool database_ok = true;

  std::uint16_t port() const { return port_; }
  std::vector<web::Router::Entry> routes();
  std::size_t connections();

  /// Runs `work` on the io thread and waits for its end.
  template <class Work>
  auto on_io(Work work) {
    std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
    auto result = task.get_future();
    asio::post(context, [&task] { task(); });
    return result.get();
  }

  /// Stops the server as a shutdown does; returns how long that took.
  std::chrono::milliseconds stop_server();
  /// A new server on the same port, on the same books.
  void start_server();

  /// One request on a connection of its own.
  Answer ask(
      std::string_view method,
      std::string_view target,
      const std::vector<std::string>& headers = {},
      std::string_view body = {}
  );
  /// The same with the admin's token, and JSON where there is a body.
  Answer admin(std::string_view method, std::string_view target, std::string_view body = {});

  /// A stream opened with the admin's token; its head was read and is 200.
  std::unique_ptr<Client> stream(const std::string& target, const std::string& cursor = {});

  static inline const std::string admin_token = "ops_test_admin";
  static inline const std::string worker_token = "ops_test_worker";
  std::string admin_header() const { return "Authorization: Bearer " + admin_token; }
  std::string worker_header() const { return "Authorization: Bearer " + worker_token; }

 private:
  runbook::Library library_;
  web::Options options_;
  std::unique_ptr<web::Server> server_;
  std::uint16_t port_ = 0;
  asio::executor_work_guard<asio::io_context::executor_type> work_{context.get_executor()};
  std::thread thread_;
};

}  // namespace opsroom::testing
