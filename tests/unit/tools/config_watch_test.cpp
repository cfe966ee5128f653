#include "tools/config_watch.hpp"

#include "base/files.hpp"
#include "tools/temporary_directory.hpp"
#include "unit/tools/io.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace opsroom::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* one = R"({"mcpServers": {"one": {"command": "x"}}, "plugins": {}})";
constexpr const char* two = R"({"mcpServers": {"two": {"command": "x"}}, "plugins": {}})";

/// What the watch has told so far.
struct Told {
  explicit Told(asio::any_io_executor executor) : changed(executor) {}

  std::vector<std::string> names;  ///< of the first source of each configuration
  std::vector<std::string> refusals;
  Signal changed;
};

Task<> until_told(Told& told, std::size_t count) {
  while (told.names.size() + told.refusals.size() < count)
    co_await told.changed.wait();
}

Task<> until_last(Told& told, std::string name) {
  while (told.names.empty() || told.names.back() != name)
    co_await told.changed.wait();
}

class ConfigWatchTest : public ::testing::Test {
 protected:
  ConfigWatchTest() { write_file(file, one); }
  ~ConfigWatchTest() override {
    if (watch) io.run(watch->stop());
  }

  void start(const fs::path& path) {
    watch = std::make_unique<ConfigWatch>(
        io.executor(),
        path,
        [this](ToolsConfig config) {
          told.names.push_back(config.names().front());
          told.changed.notify();
        },
        [this](const Failure& failure) {
          told.refusals.push_back(failure.message());
          told.changed.notify();
        }
    );
    watch->start();
  }
  void wait_for(std::size_t count) { io.run(until_told(told, count)); }

  test::Io io;
  TemporaryDirectory home;
  fs::path file = home.path() / "tools.json";
  Told told{io.executor()};
  std::unique_ptr<ConfigWatch> watch;
};

TEST_F(ConfigWatchTest, AFileRenamedOverIsReadAgain) {
  start(file);
  write_file(file, two);
  wait_for(1);
  EXPECT_EQ(told.names.front(), "two");
}

TEST_F(ConfigWatchTest, AFileWrittenInPlaceIsReadAgain) {
  start(file);
  std::ofstream(file) << two << "\n";
  wait_for(1);
  EXPECT_EQ(told.names.front(), "two");
}

TEST_F(ConfigWatchTest, AFileBehindASymbolicLinkIsReadAgainWhenTheLinkTurns) {
  write_file(home.path() / "second.json", two);
  const fs::path link = home.path() / "link.json";
  fs::create_symlink("tools.json", link);
  start(link);
  fs::create_symlink("second.json", home.path() / "next");
  fs::rename(home.path() / "next", link);
  wait_for(1);
  EXPECT_EQ(told.names.front(), "two");
}

TEST_F(ConfigWatchTest, AFileOfAnotherDirectoryIsReadAgainWhenItIsWrittenThere) {
  const TemporaryDirectory elsewhere;
  const fs::path real = elsewhere.path() / "real.json";
  write_file(real, one);
  fs::create_symlink(real, elsewhere.path() / "middle.json");
  const fs::path link = home.path() / "link.json";
  fs::create_symlink(elsewhere.path() / "middle.json", link);
  start(link);
  write_file(real, two);
  wait_for(1);
  EXPECT_EQ(told.names.back(), "two");
  // Behind a link that turns it is another directory that counts from then on.
  const TemporaryDirectory third;
  write_file(third.path() / "third.json", one);
  fs::remove(elsewhere.path() / "middle.json");
  fs::create_symlink(third.path() / "third.json", elsewhere.path() / "middle.json");
  io.run(until_last(told, "one"));
  std::ofstream(third.path() / "third.json") << two << "\n";
  io.run(until_last(told, "two"));
}

TEST_F(ConfigWatchTest, AFileWrittenUnderAnotherOfItsNamesIsReadAgain) {
  const TemporaryDirectory elsewhere;
  fs::create_hard_link(file, elsewhere.path() / "other-name");
  start(file);
  std::ofstream(elsewhere.path() / "other-name") << two << "\n";
  wait_for(1);
  EXPECT_EQ(told.names.front(), "two");
}

TEST_F(ConfigWatchTest, ABadFileIsRefusedAndTheNextGoodOneTaken) {
  start(file);
  write_file(file, "{ nonsense");
  wait_for(1);
  ASSERT_EQ(told.refusals.size(), 1u);
  EXPECT_THAT(told.refusals.front(), HasSubstr("tools.json: not JSON at line 1"));
  write_file(file, two);
  wait_for(2);
  EXPECT_EQ(told.names.front(), "two");
}

TEST_F(ConfigWatchTest, OtherFilesOfTheDirectoryChangeNothing) {
  start(file);
  write_file(home.path() / "other", "x");
  watch->reread();  // Answered after whatever the other file had caused.
  wait_for(1);
  EXPECT_EQ(told.names.size(), 1u);
}

TEST_F(ConfigWatchTest, RereadingTakesTheFileUnchangedToo) {
  start(file);
  watch->reread();
  wait_for(1);
  EXPECT_EQ(told.names.front(), "one");
}

}  // namespace
}  // namespace opsroom::tools
