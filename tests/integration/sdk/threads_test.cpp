#include "mcp_process.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace opsroom::test {

TEST(Threads, WithoutASpareOneCallsWaitForEachOtherAndAllAreAnswered) {
  if (sanitized()) GTEST_SKIP() << "the search for leaks needs a thread at the end";
  McpProcess server(runner(fixture("misbehaving")));
  server.open_legacy();
  if (text_of(server.call("no_threads")) != "0") GTEST_SKIP() << "no seccomp here";
  std::vector<int> calls;
  for (int i = 0; i < 8; ++i)
    calls.push_back(server.start("nap"));
  for (const int id : calls)
    EXPECT_EQ(text_of(server.answer(id).at("result")), "done");
  EXPECT_EQ(text_of(server.call("nap")), "done");
  server.close_stdin();
  EXPECT_EQ(server.wait(), 0) << server.errors();
}

}  // namespace opsroom::test
