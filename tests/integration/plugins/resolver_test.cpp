#include "common/web.hpp"
#include "integration/sdk/mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <netdb.h>
#include <opsroom/testkit.hpp>
#include <string_view>

namespace opsroom::test {
namespace {

/// A name server that does not answer, until the test lets it.
class Silence {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return over_; });
    --asked_;
    changed_.notify_all();
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  void end() {
    std::unique_lock lock(mutex_);
    over_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return asked_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  int asked_ = 0;
};

Silence& silence() {
  static auto* const one = new Silence;  // its threads may outlive main
  return *one;
}

struct NoArgs {
  static constexpr auto fields() { return tool::fields(); }
};

void add_tools(tool::Registry& tools) {
  tools.add<NoArgs>(
      "fetch",
      "Fetches from a host that nobody finds.",
      [](const NoArgs&, tool::Call& call) {
        plugins::WebRequest request;
        request.url = "http://hangs.invalid/";
        request.timeout = std::chrono::milliseconds(300);
        return plugins::fetch(request, {plugins::AddressPolicy(), {}, ""}, call).body;
      }
  );
}

const opsroom_plugin fetching = tool::plugin<add_tools>("fetching", "1", OPSROOM_CONCURRENT);

}  // namespace

TEST(Resolver, ANameThatIsNeverFoundDoesNotOutlastTheDeadline) {
  const auto fetcher = testkit::in_memory(fetching);
  // Would not return before the silence ends, and that is below.
  const testkit::Result result = fetcher->call("fetch");
  EXPECT_EQ(result.end, testkit::End::failed);
  EXPECT_THAT(result.text(), testing::HasSubstr("http://hangs.invalid/: no answer in time"));
  EXPECT_TRUE(eventually([] { return silence().asked() == 1; }))
      << "it was not the resolver that hung";
  silence().end();
}

}  // namespace opsroom::test

/// Instead of the C library's, also for libcurl.
extern "C" int getaddrinfo(
    const char* name, const char* service, const addrinfo* hints, addrinfo** found
) {
  if (name != nullptr && std::string_view(name) == "hangs.invalid") {
    opsroom::test::silence().wait();
    return EAI_AGAIN;
  }
  static const auto real =
      reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(name, service, hints, found);
}
