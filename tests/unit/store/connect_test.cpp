#include "store/connect.hpp"

#include "base/failure.hpp"

#include <gmock/gmock.h>

namespace opsroom::store {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ConnectionTarget, NamesThePlaceAndNeverThePassword) {
  const auto target = connection_target("postgresql://ann:s3cret@db.example:6000/ops", "opsroom");
  EXPECT_EQ(target.place, "database 'ops' on db.example:6000");
  EXPECT_THAT(target.conninfo, HasSubstr("password='s3cret'"));
}

TEST(ConnectionTarget, NamesTheSocket) {
  EXPECT_EQ(
      connection_target("host=/run/pg dbname=ops user=ann", "opsroom").place,
      "database 'ops' on socket /run/pg"
  );
  EXPECT_EQ(
      connection_target("postgresql:///?host=/run/pg&user=ann", "opsroom").place,
      "database 'ann' on socket /run/pg"
  );
}

TEST(ConnectionTarget, FillsInWhatTheUrlLeavesOut) {
  const auto target = connection_target("postgresql://h/d?connect_timeout=2", "it's \\ mine");
  EXPECT_THAT(target.conninfo, HasSubstr("connect_timeout='2'"));
  EXPECT_THAT(target.conninfo, HasSubstr("tcp_user_timeout='15000'"));
  EXPECT_THAT(target.conninfo, HasSubstr("application_name='it\\'s \\\\ mine'"));
}

TEST(ConnectionTarget, RefusesWhatIsNoUrlWithoutRepeatingSecrets) {
  for (const char* url :
       {"", "ops", "postgresql://ann:s3cret@h:x:y/d?z", "pasword=s3cret password=q"}) {
    try {
      connection_target(url, "opsroom");
      ADD_FAILURE() << url;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::invalid);
      EXPECT_THAT(failure.message(), Not(HasSubstr("s3cret")));
      EXPECT_THAT(failure.hint(), HasSubstr("postgresql://"));
    }
  }
}

}  // namespace
}  // namespace opsroom::store
