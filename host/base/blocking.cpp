#include "base/blocking.hpp"

#include <pthread.h>

namespace opsroom {
namespace {

using Done = void(std::exception_ptr);

}  // namespace

BlockingPool::BlockingPool(std::size_t threads, std::string name)
    : name_(name.substr(0, 15)), pool_(threads) {}

BlockingPool::~BlockingPool() {
  pool_.join();
}

Task<> BlockingPool::run_erased(std::function<void()> function) {
  const auto home = co_await asio::this_coro::executor;
  // The frame must outlive the function, which borrows from it: cancellation waits for the end.
  const auto initiate = [this, home](auto handler, std::function<void()> work) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto keep_home_alive = asio::prefer(home, asio::execution::outstanding_work.tracked);
    asio::post(pool_, [this, keep_home_alive, shared, work = std::move(work)]() mutable {
      ::pthread_setname_np(::pthread_self(), name_.c_str());
      std::exception_ptr error;
      try {
        work();
      } catch (...) {
        error = std::current_exception();
      }
      work = nullptr;
      asio::post(keep_home_alive, [shared, error] { (*shared)(error); });
    });
  };
  auto token = asio::use_awaitable;
  co_await asio::async_initiate<decltype(token), Done>(initiate, token, std::move(function));
}

}  // namespace opsroom
