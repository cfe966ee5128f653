#include "base/failure.hpp"
#include "runbook/lua_sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::runbook {
namespace {

const Json scope = {{"inputs", {{"x", 1}, {"list", {1, 2, 3}}}}};

Code code_of(const std::string& source, const Json& names = scope) {
  try {
    const Json value = evaluate_lua(source, names);
    ADD_FAILURE() << source << " gave " << value.dump().substr(0, 80);
  } catch (const Failure& failure) {
    return failure.code();
  }
  return Code::internal;
}

std::string looped(const std::string& body) {
  return "(function() " + body + " end)()";
}

TEST(Sandbox, HasNoWayOut) {
  for (const char* name :
       {"os",
        "io",
        "load",
        "loadstring",
        "dofile",
        "loadfile",
        "require",
        "package",
        "debug",
        "_G",
        "_ENV.os",
        "rawget",
        "rawset",
        "setmetatable",
        "getmetatable",
        "pcall",
        "xpcall",
        "error",
        "collectgarbage",
        "coroutine",
        "print",
        "utf8",
        "next",
        "string.dump",
        "string.gsub",
        "string.match",
        "string.gmatch",
        "string.packsize",
        "table.sort",
        "table.move",
        "table.remove",
        "math.random",
        "(''):gsub('a','b')",
        "('').dump"}) {
    try {
      const Json value = evaluate_lua(std::string("(") + name + ") ~= nil", scope);
      EXPECT_EQ(value, false) << name << " is within reach";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::invalid) << name;
    }
  }
}

TEST(Sandbox, BytecodeIsNotLoaded) {
  EXPECT_EQ(code_of("\x1bLua"), Code::invalid);
}

TEST(Sandbox, DataCannotBeChanged) {
  EXPECT_EQ(code_of(looped("inputs.x = 2 return 1")), Code::invalid);
  EXPECT_EQ(code_of(looped("inputs.list[1] = 2 return 1")), Code::invalid);
  EXPECT_EQ(code_of(looped("y = 2 return y")), Code::invalid);
  EXPECT_EQ(code_of(looped("table.insert(inputs.list, 1) return 1")), Code::invalid);
}

TEST(Sandbox, OneExpressionCannotSpoilTheNext) {
  EXPECT_EQ(evaluate_lua(looped("string.upper = string.lower return ('a'):upper()"), scope), "a");
  EXPECT_EQ(evaluate_lua("('a'):upper()", scope), "A");
}

TEST(Sandbox, EndlessWorkEnds) {
  EXPECT_EQ(code_of(looped("while true do end")), Code::exhausted);
  EXPECT_EQ(code_of(looped("local function f() return f() end return f()")), Code::exhausted);
  EXPECT_EQ(code_of(looped("local function f() return 1 + f() end return f()")), Code::exhausted);
  EXPECT_EQ(code_of(looped("goto a ::a:: goto a")), Code::exhausted);
}

TEST(Sandbox, MemoryIsBounded) {
  EXPECT_EQ(code_of("string.rep('x', 100000000)"), Code::exhausted);
  EXPECT_EQ(code_of(looped("local s = 'x' while true do s = s .. s end")), Code::exhausted);
  EXPECT_EQ(code_of(looped("local t = {} while true do table.insert(t, {}) end")), Code::exhausted);
  EXPECT_EQ(code_of("string.rep('x', 9223372036854775807, 'y')"), Code::exhausted);
}

TEST(Sandbox, WorkOutsideOfInstructionsIsBounded) {
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(
      code_of(looped("local s = string.rep('x', 4000000) while true do local _ = s .. 'y' end")),
      Code::exhausted
  );
  EXPECT_EQ(
      code_of(looped("local s = string.rep('x', 4000000) while true do string.find(s, 'y') end")),
      Code::exhausted
  );
  EXPECT_EQ(
      code_of(looped(
          "local a = string.rep('x', 4000000) .. 'a' local b = string.rep('x', 4000000) .. 'b' "
          "local n = 0 while true do if a == b then n = n + 1 end if a < b then n = n + 1 end end"
      )),
      Code::exhausted
  );
  EXPECT_EQ(code_of("string.matches(string.rep('a', 60) .. '!', '^(a+)+$')"), Code::exhausted);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(10));
}

TEST(Sandbox, ResultsThatNameThemselvesOftenAreBounded) {
  EXPECT_EQ(
      code_of(looped("local t = {1} for i = 1, 40 do t = {t, t} end return t")), Code::exhausted
  );
  const Json big = {{"text", std::string(1 << 20, 'x')}};
  EXPECT_EQ(
      code_of(
          looped("local t = {} for i = 1, 1000 do table.insert(t, big) end return t"),
          {{"big", big}}
      ),
      Code::exhausted
  );
}

TEST(Sandbox, LargeDataIsLookedAtWithoutBeingCopied) {
  Json rows = Json::array();
  for (int i = 0; i < 300'000; ++i)
    rows.push_back({{"i", i}, {"text", "some text to make it larger"}});
  const Json names = {{"rows", rows}};
  EXPECT_EQ(evaluate_lua("rows[300000].i", names), 299'999);
  EXPECT_EQ(evaluate_lua("#rows", names), 300'000);
}

TEST(Sandbox, LongExpressionsAreRefused) {
  EXPECT_EQ(code_of("'" + std::string(20'000, 'x') + "'"), Code::invalid);
  EXPECT_EQ(code_of(std::string(5'000, '(') + "1" + std::string(5'000, ')')), Code::invalid);
}

}  // namespace
}  // namespace opsroom::runbook
