#include "workspace/names.hpp"

#include "base/failure.hpp"

#include <gmock/gmock.h>

namespace opsroom::workspace {
namespace {

Failure refusal(std::string_view repository) {
  try {
    parse_repository(repository);
  } catch (const Failure& failure) {
    return failure;
  }
  ADD_FAILURE() << repository << " was accepted";
  return Failure(Code::internal, "accepted");
}

TEST(Repository, PathsBecomeAbsoluteAndLocal) {
  const Repository repository = parse_repository("/srv/git/../code/");
  EXPECT_EQ(repository.url, "/srv/code");
  EXPECT_TRUE(repository.local);
  EXPECT_TRUE(parse_repository("some/where").url.starts_with('/'));
  EXPECT_TRUE(parse_repository("./a:b").local);
  EXPECT_TRUE(parse_repository("file:///srv/code").local);
}

TEST(Repository, RemotesAreTakenAsTheyAre) {
  for (const char* url :
       {"https://example.org/x.git", "ssh://git@example.org:22/x", "git@example.org:x.git"}) {
    EXPECT_EQ(parse_repository(url).url, url);
    EXPECT_EQ(parse_repository(url).shown, url);
    EXPECT_FALSE(parse_repository(url).local);
  }
}

TEST(Repository, PasswordsAndTokensAreNotShown) {
  EXPECT_EQ(parse_repository("https://me:secret@example.org/x").shown, "https://example.org/x");
  EXPECT_EQ(parse_repository("https://token@example.org/x").shown, "https://example.org/x");
  EXPECT_EQ(parse_repository("ssh://me:secret@example.org/x").shown, "ssh://me@example.org/x");
  EXPECT_EQ(
      parse_repository("https://me:secret@example.org/x").url, "https://me:secret@example.org/x"
  );
}

TEST(Repository, WhatGitCouldTakeForAnOptionOrAProgramIsRefused) {
  for (const char* text :
       {"-oProxyCommand=x",
        "--upload-pack=x",
        "ext::sh -c x",
        "fd::3",
        "ssh://-oProxyCommand=x/y",
        "ssh://me@-oProxyCommand=x/y",
        "-x:y",
        "me@-x:y",
        "http://example.org/x",
        "git://example.org/x",
        "ftp://x/y",
        "file://host/x",
        "https://",
        "host:",
        "a\nb",
        "ssh://"}) {
    EXPECT_EQ(refusal(text).code(), Code::invalid) << text;
    EXPECT_FALSE(refusal(text).hint().empty());
  }
  EXPECT_THAT(refusal("gopher://me:secret@x/y").what(), testing::Not(testing::HasSubstr("secret")));
}

TEST(Repository, HubNamesAreReadableAndUnique) {
  const std::string name = parse_repository("https://example.org/My.Project.git").hub_name();
  EXPECT_TRUE(name.starts_with("my-project-")) << name;
  EXPECT_NE(name, parse_repository("https://example.com/My.Project.git").hub_name());
  EXPECT_EQ(name, parse_repository("https://me:x@example.org/My.Project.git").hub_name());
  EXPECT_EQ(Repository{}.hub_name(), "empty");
}

TEST(Base, IsABranchATagOrACommitAndNoExpression) {
  for (const char* base : {"", "main", "feature/x", "v1.0", "0123abc", "ünï"})
    EXPECT_NO_THROW(check_base(base));
  for (const char* base :
       {"-x", "a..b", "HEAD~1", "a^", "a:b", "a b", "@{u}", "a@{1}", "x.lock", "/x", "x/", "a\nb"
       }) {
    EXPECT_THROW(check_base(base), Failure) << base;
  }
}

}  // namespace
}  // namespace opsroom::workspace
