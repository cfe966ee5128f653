#include "base/failure.hpp"
#include "process/child_process.hpp"
#include "process/trust.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace opsroom::process {
namespace {

using Descriptor = asio::posix::stream_descriptor;
using namespace asio::experimental::awaitable_operators;

constexpr std::size_t error_tail = 64u << 10;
constexpr std::chrono::seconds drain_time{1};
constexpr std::chrono::seconds kill_time{5};
constexpr std::chrono::seconds frozen_grace{2};
constexpr std::chrono::hours longest_trust{24 * 365};

/// One running command. The pieces below share it by reference and never throw: an exception in one
/// branch of && would come out as "multiple exceptions".
struct Talk {
  ChildProcess& child;
  std::string input;
  std::size_t output_limit;
  CommandResult result;
  bool too_much = false;
};

/// A program need not read its input; then it goes on without the rest.
Task<> feed(Talk& talk) {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  if (!talk.input.empty()) {
    co_await asio::async_write(talk.child.in(), asio::buffer(talk.input), token);
  }
  talk.child.in().close(error);
}

Task<> collect_output(Talk& talk) {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  std::string buffer(64u << 10, '\0');
  while (!error && !talk.too_much) {
    const std::size_t n = co_await talk.child.out().async_read_some(asio::buffer(buffer), token);
    talk.result.out.append(buffer, 0, n);
    if (talk.result.out.size() > talk.output_limit) {
      talk.too_much = true;
      talk.child.kill();
    }
  }
}

Task<> collect_errors(Talk& talk) {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  std::string buffer(16u << 10, '\0');
  std::string& kept = talk.result.err;
  while (!error) {
    const std::size_t n = co_await talk.child.err().async_read_some(asio::buffer(buffer), token);
    kept.append(buffer, 0, n);
    if (kept.size() > 2 * error_tail) kept.erase(0, kept.size() - error_tail);
  }
  if (kept.size() > error_tail) kept.erase(0, kept.size() - error_tail);
}

Task<> exchange(Talk& talk) {
  auto out = collect_output(talk);
  auto err = collect_errors(talk);
  auto in = feed(talk);
  co_await (std::move(out) && std::move(err) && std::move(in));
}

/// Ends a while after the program: a pipe it passed to a stranger would stay open for ever.
Task<> end_of_program(Talk& talk) {
  co_await talk.child.exited();
  co_await pause_for(drain_time);
}

Task<> converse(Talk& talk) {
  auto exchanging = exchange(talk);
  auto ending = end_of_program(talk);
  co_await (std::move(exchanging) || std::move(ending));
  talk.result.status = co_await talk.child.exited();
  // Its descendants may not write into a directory that the caller believes quiet.
  co_await talk.child.gone();
}

/// Returns when the tree is gone, also to a caller who has been cancelled: what it would clean up
/// next must not be written to any more.
Task<> end_tree(ChildProcess& child) {
  child.kill();
  auto last = child.gone();
  co_await within(kill_time, std::move(last));
}

/// A host that is frozen keeps no deadline: opsroom-spawn does.
Milliseconds first_trust(const Command& command) {
  const auto left = command.trust ? command.trust->left() : std::nullopt;
  const auto deadline = std::min<Clock::duration>(command.timeout, longest_trust) + frozen_grace;
  return std::chrono::ceil<Milliseconds>(left.value_or(deadline));
}

Failure too_late(const std::string& name, Clock::duration timeout) {
  const double seconds = std::chrono::duration<double>(timeout).count();
  return Failure(Code::timeout, fmt::format("'{}' did not end within {:g} s", name, seconds));
}

}  // namespace

Task<CommandResult> run_command(Spawner& spawner, Command command) {
  const std::string name = command.spawn.argv.empty() ? std::string() : command.spawn.argv.front();
  const auto until = Clock::now() + command.timeout;
  command.spawn.trust = first_trust(command);
  auto starting = ChildProcess::start(spawner, std::move(command.spawn));
  auto started = co_await within(command.timeout, std::move(starting));
  if (!started) throw too_late(name, command.timeout);
  const std::shared_ptr<ChildProcess> child = std::move(*started);
  if (command.trust) command.trust->cover(child);
  Talk talk{*child, std::move(command.input), command.output_limit, {}, false};
  auto conversation = converse(talk);
  bool ended = false;
  std::exception_ptr aborted;
  try {
    ended = co_await within(until - Clock::now(), std::move(conversation));
  } catch (...) {
    aborted = std::current_exception();
  }
  if (!ended) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await end_tree(*child);
    co_await asio::this_coro::throw_if_cancelled(true);
    if (aborted) std::rethrow_exception(aborted);
    throw too_late(name, command.timeout);
  }
  if (talk.too_much) {
    throw Failure(
        Code::exhausted,
        fmt::format("'{}' wrote more than {} bytes to stdout", name, command.output_limit)
    );
  }
  co_return std::move(talk.result);
}

}  // namespace opsroom::process
