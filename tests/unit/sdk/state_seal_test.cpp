#include "state_seal.hpp"

#include "sha256.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace opsroom::sdk;

namespace {

const auto now = StateSeal::Clock::time_point(std::chrono::seconds(1'800'000'000));

}  // namespace

TEST(Sha256, AgreesWithTheStandard) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(
      hex(sha256(std::string(1'000'000, 'a'))),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
  );
}

TEST(HmacSha256, AgreesWithTheRfc) {
  EXPECT_EQ(
      hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
  );
  EXPECT_EQ(
      hex(hmac_sha256(
          std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"
      )),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
  );
}

TEST(StateSeal, GivesBackWhatItSealed) {
  const StateSeal seal("key");
  const std::string sealed = seal.seal("a.b\"c", "ship {}", now);
  EXPECT_EQ(seal.open(sealed, "ship {}", now), "a.b\"c");
  EXPECT_EQ(seal.open(seal.seal("", "x", now), "x", now), "");
}

TEST(StateSeal, RefusesWhatWasAltered) {
  const StateSeal seal("key");
  const std::string sealed = seal.seal("state", "ship {}", now);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = altered[i] == '1' ? '2' : '1';
    EXPECT_FALSE(seal.open(altered, "ship {}", now)) << altered;
  }
  for (const char* text : {"", ".", "1.2", "state"})
    EXPECT_FALSE(seal.open(text, "ship {}", now));
}

TEST(StateSeal, RefusesAnotherCallAnotherKeyAndAnotherTime) {
  const StateSeal seal("key");
  const std::string sealed = seal.seal("state", "ship {}", now);
  EXPECT_FALSE(seal.open(sealed, "ship {\"force\":true}", now));
  EXPECT_FALSE(StateSeal("other").open(sealed, "ship {}", now));
  EXPECT_TRUE(seal.open(sealed, "ship {}", now + StateSeal::lifetime - std::chrono::seconds(1)));
  EXPECT_FALSE(seal.open(sealed, "ship {}", now + StateSeal::lifetime));
}

TEST(StateSeal, TakesTheKeyOutOfTheEnvironment) {
  ::setenv("OPSROOM_STATE_KEY", "shared", 1);
  const StateSeal seal = StateSeal::from_environment();
  EXPECT_EQ(std::getenv("OPSROOM_STATE_KEY"), nullptr);
  EXPECT_TRUE(StateSeal("shared").open(seal.seal("s", "b", now), "b", now));
}
