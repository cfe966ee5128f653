#pragma once

#include "base/async.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

namespace opsroom {

/// The one bridge between coroutines and code that blocks (libpqxx, file walks): a few named
/// threads. `run` may be awaited from the io thread; the function runs on a pool thread, the
/// coroutine goes on where it was. A running function is not interrupted by cancellation; give it
/// its own deadline.
class BlockingPool {
 public:
  /// `name` shows in ps and gdb (15 characters).
  BlockingPool(std::size_t threads, std::string name);
  ~BlockingPool();

  template <class Function>
  Task<std::invoke_result_t<Function>> run(Function function) {
    using Result = std::invoke_result_t<Function>;
    if constexpr (std::is_void_v<Result>) {
      co_await run_erased([&function] { function(); });
    } else {
      std::optional<Result> result;
      co_await run_erased([&function, &result] { result.emplace(function()); });
      co_return std::move(*result);
    }
  }

 private:
  Task<> run_erased(std::function<void()> function);

  std::string name_;
  asio::thread_pool pool_;
};

}  // namespace opsroom
