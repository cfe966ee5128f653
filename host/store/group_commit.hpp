#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace opsroom::store {

struct GroupLimits {
  std::size_t items = 200;
  std::size_t bytes = 4'000'000;  ///< one item may be larger: then it goes alone
};

/// Gathers writes that come while another one is under way, so that many share one transaction.
/// Alone, a write goes at once. Writes are made in the order in which they came; those of one group
/// together. A failure that says nothing about the items (the database is away) goes to all of a
/// group; after any other one each item is tried by itself, so that a bad one harms no neighbour.
///
/// A caller that is cancelled still waits for its write's end, as a transaction would have it.
/// Io thread only. Destroyed while writes are under way, it lets them end.
template <class Item, class Outcome>
class GroupCommit {
 public:
  /// Writes all items or throws and has written none; returns one outcome for each, in order. The
  /// items live until its task has ended.
  using Write = std::function<Task<std::vector<Outcome>>(std::vector<const Item*> items)>;

  explicit GroupCommit(Write write, GroupLimits limits = {})
      : state_(std::make_shared<State>(std::move(write), limits)) {}

  /// Throws what became of this item alone.
  Task<Outcome> commit(Item item, std::size_t bytes) {
    Result result;
    const auto executor = co_await asio::this_coro::executor;
    // Weak: what waits owns this frame, which must not own what waits.
    std::weak_ptr<State> weak = state_;
    const auto initiate = [weak, executor, &result](auto handler, Item given, std::size_t size) {
      const std::shared_ptr<State> state = weak.lock();
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      auto entry = std::make_unique<Entry>(std::move(given), size, result);
      // Owns the frame that waits, so a group that is never written takes it along.
      entry->resume = [shared] { (*shared)(); };
      state->waiting.push_back(std::move(entry));
      if (!std::exchange(state->writing, true)) {
        asio::co_spawn(executor, write_all(state), asio::detached);
      }
    };
    auto token = asio::use_awaitable;
    co_await asio::async_initiate<decltype(token), void()>(initiate, token, std::move(item), bytes);
    if (result.error) std::rethrow_exception(result.error);
    co_return std::move(*result.outcome);
  }

 private:
  struct Result {
    std::optional<Outcome> outcome;
    std::exception_ptr error;
  };
  struct Entry {
    Entry(Item given, std::size_t size, Result& to)
        : item(std::move(given)), bytes(size), result(to) {}
    Item item;
    std::size_t bytes;
    Result& result;  ///< in the frame that `resume` owns
    std::function<void()> resume;
  };
  using EntryPtr = std::unique_ptr<Entry>;
  using Group = std::vector<EntryPtr>;

  struct State {
    State(Write given, GroupLimits limited) : write(std::move(given)), limits(limited) {}
    Write write;
    GroupLimits limits;
    std::deque<EntryPtr> waiting;
    bool writing = false;
  };

  static Group take(State& state) {
    Group group;
    std::size_t bytes = 0;
    while (!state.waiting.empty() && group.size() < state.limits.items) {
      bytes += state.waiting.front()->bytes;
      if (!group.empty() && bytes > state.limits.bytes) break;
      group.push_back(std::move(state.waiting.front()));
      state.waiting.pop_front();
    }
    return group;
  }

  static Task<> write_all(std::shared_ptr<State> state) {
    const auto executor = co_await asio::this_coro::executor;
    while (!state->waiting.empty()) {
      Group group = take(*state);
      const bool settled = co_await write_group(*state, group);
      if (!settled) co_await write_singly(*state, group);
      for (EntryPtr& entry : group) {
        asio::post(executor, std::move(entry->resume));
      }
    }
    state->writing = false;
  }

  /// False when each item has to be tried by itself.
  static Task<bool> write_group(State& state, Group& group) {
    std::vector<const Item*> items;
    for (const EntryPtr& entry : group)
      items.push_back(&entry->item);
    std::exception_ptr error;
    try {
      auto writing = state.write(std::move(items));
      std::vector<Outcome> outcomes = co_await std::move(writing);
      if (outcomes.size() != group.size()) {
        throw Failure(Code::internal, "a group of writes had too few outcomes");
      }
      for (std::size_t i = 0; i < group.size(); ++i)
        group[i]->result.outcome = std::move(outcomes[i]);
      co_return true;
    } catch (...) {
      error = std::current_exception();
    }
    if (group.size() > 1 && !concerns_all(error)) co_return false;
    for (EntryPtr& entry : group)
      entry->result.error = error;
    co_return true;
  }

  static Task<> write_singly(State& state, Group& group) {
    for (EntryPtr& entry : group) {
      Group single;
      single.push_back(std::move(entry));
      co_await write_group(state, single);
      entry = std::move(single.front());
    }
  }

  static bool concerns_all(std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const Failure& failure) {
      return failure.code() == Code::unavailable;
    } catch (...) {
      return true;
    }
  }

  std::shared_ptr<State> state_;
};

}  // namespace opsroom::store
