#include "base/files.hpp"

#include "base/failure.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <sys/stat.h>

namespace opsroom {
namespace {

class Files : public testing::Test {
 protected:
  Files() {
    std::string name = (std::filesystem::temp_directory_path() / "opsroom-files-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw system_failure(errno, "mkdtemp");
    folder = name;
  }
  ~Files() override { std::filesystem::remove_all(folder); }

  std::filesystem::path folder;
};

TEST_F(Files, AreWrittenWholeAndWithTheirMode) {
  const auto path = folder / "secret";
  write_file(path, "old", 0600);
  write_file(path, "new", 0600);
  EXPECT_EQ(read_file(path), "new");
  struct stat about{};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777u, 0600u);
  const auto all = std::filesystem::directory_iterator(folder);
  EXPECT_EQ(std::distance(begin(all), end(all)), 1) << "no temporary file stays";
}

TEST_F(Files, ThatAreMissingOrTooLargeAreNamed) {
  const auto path = folder / "large";
  write_file(path, "12345");
  EXPECT_EQ(read_file(path, 5), "12345");
  try {
    read_file(path, 4);
    ADD_FAILURE() << "it was read";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::exhausted);
  }
  try {
    read_file(folder / "none");
    ADD_FAILURE() << "it was read";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::not_found);
    EXPECT_THAT(failure.message(), testing::HasSubstr((folder / "none").string()));
  }
}

TEST_F(Files, AreLockedByOneAtATime) {
  const auto path = folder / "lock";
  {
    const FileLock mine = FileLock::try_lock(path);
    EXPECT_TRUE(static_cast<bool>(mine));
    EXPECT_FALSE(static_cast<bool>(FileLock::try_lock(path)));
  }
  EXPECT_TRUE(static_cast<bool>(FileLock::try_lock(path)));
}

}  // namespace
}  // namespace opsroom
