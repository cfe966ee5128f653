#include "store/pg_failure.hpp"

#include <gmock/gmock.h>

namespace opsroom::store {
namespace {

using testing::HasSubstr;

TEST(ServerMessage, FallsIntoItsParts) {
  const auto said = parse_server_message(
      "ERROR:  run 3 is gone\nfor good\nDETAIL:  3\nHINT:  Look again.\nCONTEXT:  PL/pgSQL "
      "function\nline 3\n"
  );
  EXPECT_EQ(said.message, "run 3 is gone for good");
  EXPECT_EQ(said.detail, "3");
  EXPECT_EQ(said.hint, "Look again.");
}

TEST(LostRun, IsReadFromTheDetail) {
  EXPECT_EQ(lost_run("OP001", "ERROR:  gone\nDETAIL:  41\n"), 41);
  EXPECT_EQ(lost_run("OP002", "ERROR:  gone\nDETAIL:  41\n"), 0);
}

struct Case {
  const char* sqlstate;
  Code code;
  bool retryable;
};

class SqlFailure : public testing::TestWithParam<Case> {};

TEST_P(SqlFailure, HasTheCodeThatSaysWhatToDo) {
  const Failure failure = sql_failure(GetParam().sqlstate, "ERROR:  something", "database 'ops'");
  EXPECT_EQ(code_name(failure.code()), code_name(GetParam().code));
  EXPECT_EQ(failure.retryable(), GetParam().retryable);
  EXPECT_THAT(failure.message(), HasSubstr("something"));
}

INSTANTIATE_TEST_SUITE_P(
    States,
    SqlFailure,
    testing::Values(
        Case{"OP002", Code::internal, false},
        Case{"OP004", Code::not_found, false},
        Case{"OP005", Code::conflict, false},
        Case{"OP006", Code::invalid, false},
        Case{"53100", Code::exhausted, true},
        Case{"53200", Code::exhausted, true},
        Case{"42P01", Code::unavailable, false},
        Case{"42883", Code::unavailable, false},
        Case{"3F000", Code::unavailable, false},
        Case{"42501", Code::forbidden, false},
        Case{"25006", Code::unavailable, true},
        Case{"57014", Code::timeout, true},
        Case{"57P01", Code::unavailable, true},
        Case{"40001", Code::unavailable, true},
        Case{"22P05", Code::invalid, false},
        Case{"XX000", Code::internal, false}
    ),
    [](const auto& info) { return std::string(info.param.sqlstate); }
);

TEST(ConnectFailure, TellsRefusalsFromOutages) {
  const auto of = [](const char* text) {
    return connect_failure(text, "database 'ops' on h:5432");
  };
  const Failure login =
      of("connection failed: FATAL:  password authentication failed for user \"ann\"\n");
  EXPECT_THAT(login.message(), HasSubstr("refuses the login"));
  EXPECT_FALSE(login.retryable());
  EXPECT_THAT(
      of("FATAL:  database \"ops\" does not exist").message(), testing::EndsWith("does not exist")
  );
  EXPECT_THAT(
      of("FATAL:  role \"ann\" does not exist").message(), HasSubstr("does not know the user")
  );
  EXPECT_TRUE(of("FATAL:  sorry, too many clients already").retryable());
  EXPECT_TRUE(of("FATAL:  the database system is starting up").retryable());
  EXPECT_TRUE(
      of("connection to server at \"h\" failed: Connection refused\n\tIs it running?").retryable()
  );
}

}  // namespace
}  // namespace opsroom::store
