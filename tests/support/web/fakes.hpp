#pragma once

#include "base/digest.hpp"
#include "ports/credentials.hpp"
#include "ports/run_queue.hpp"
#include "ports/wakeups.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace opsroom::testing {

/// Credentials in memory; nothing expires by itself.
class FakeCredentials final : public Credentials {
 public:
  bool down = false;
  std::map<std::pair<std::string, std::string>, Identity> rows;

  void put(std::string kind, std::string secret, std::string name, std::string role) {
    rows[{std::move(kind), sha256_hex(secret)}] = Identity{std::move(name), std::move(role), {}};
  }

  Task<> add(std::string kind, std::string sha256, Identity identity, std::chrono::seconds)
      override {
    rows[{kind, sha256}] = identity;
    co_return;
  }
  Task<std::optional<Identity>> find(std::string kind, std::string sha256) override {
    if (down) throw Failure(Code::unavailable, "the database cannot be reached", "", true);
    const auto found = rows.find({kind, sha256});
    if (found == rows.end()) co_return std::nullopt;
    co_return found->second;
  }
  Task<std::optional<Identity>> redeem_login(std::string sha256) override {
    const auto found = rows.find({"login", sha256});
    if (found == rows.end()) co_return std::nullopt;
    Identity identity = found->second;
    rows.erase(found);
    co_return identity;
  }
  Task<> revoke(std::string kind, std::string sha256) override {
    rows.erase({kind, sha256});
    co_return;
  }
};

/// A queue that gives out what the test put in and knows one good token, "good".
class FakeRunQueue final : public RunQueue {
 public:
  std::vector<ClaimedRun> claimable;
  std::vector<std::string> done;

  Task<> register_worker(std::string, int) override { co_return; }
  Task<std::vector<ClaimedRun>> claim(std::string worker, int count) override {
    done.push_back(fmt::format("claim {} {}", worker, count));
    std::vector<ClaimedRun> taken;
    while (!claimable.empty() && static_cast<int>(taken.size()) < count) {
      taken.push_back(claimable.front());
      claimable.erase(claimable.begin());
    }
    co_return taken;
  }
  Task<std::vector<Beat>> heartbeat(std::string worker, std::vector<Claim> claims) override {
    done.push_back(fmt::format("heartbeat {} {}", worker, claims.size()));
    std::vector<Beat> beats;
    for (const Claim& claim : claims)
      beats.push_back(Beat{claim.run, claim.token != "good", false});
    co_return beats;
  }
  Task<> write_step(Claim claim, StepChange) override {
    check(claim);
    co_return;
  }
  Task<> finish(Claim claim, RunEnd end, std::vector<Event>) override {
    check(claim);
    done.push_back(fmt::format("finish {} {} {}", claim.run, to_string(end.status), end.error));
    co_return;
  }
  Task<> release(Claim claim, std::string, std::vector<Event>) override {
    check(claim);
    co_return;
  }
  Task<> park(Claim claim, Step, std::string, std::vector<Event>) override {
    check(claim);
    co_return;
  }
  Task<> unregister_worker(std::string) override { co_return; }

 private:
  static void check(const Claim& claim) {
    if (claim.token != "good") throw LeaseLost(claim.run);
  }
};

/// Notifications by hand.
class FakeWakeups final : public Wakeups {
 public:
  void on_queue(std::function<void()>) override {}
  void on_cancel(std::function<void(RunId)>) override {}
  void on_events(std::function<void(RunId)> callback) override { events_ = std::move(callback); }
  void tell(RunId run) {
    if (events_) events_(run);
  }

 private:
  std::function<void(RunId)> events_;
};

}  // namespace opsroom::testing
