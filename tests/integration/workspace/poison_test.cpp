#include "integration/workspace/fixture.hpp"

#include <gmock/gmock.h>

namespace opsroom::workspace {
namespace {

constexpr const char* usual = "git status; git diff; git add -A; git commit -m x";

/// A way a lane can name a program to git. `plant` runs in the lane; $P is the program, which
/// leaves a mark. `trigger` are plain git commands that run it there: the negative control. null:
/// nothing does in this version of git, by its own defences.
struct Vector {
  const char* name;
  const char* plant;
  const char* trigger;
};

void PrintTo(const Vector& vector, std::ostream* out) {
  *out << vector.name;
}

const std::vector<Vector> vectors = {
    {"fsmonitor", "git config core.fsmonitor \"$P\"", usual},
    {"hooks path",
     "mkdir h && cp \"$P\" h/post-index-change && cp \"$P\" h/reference-transaction &&"
     "git config core.hooksPath \"$PWD/h\"",
     usual},
    {"hooks",
     "mkdir -p .git/hooks && for n in post-index-change pre-commit reference-transaction;"
     "do cp \"$P\" .git/hooks/$n; done",
     usual},
    {"included configuration",
     "git config -f .git/more core.fsmonitor \"$P\" && git config include.path more",
     usual},
    {"worktree configuration",
     "git config extensions.worktreeConfig true && git config --worktree core.fsmonitor \"$P\"",
     usual},
    {"redirected .git",
     "mv .git elsewhere && echo 'gitdir: elsewhere' > .git &&"
     "git config core.fsmonitor \"$P\"",
     usual},
    {"clean filter",
     "git config filter.x.clean \"$P\" && echo '* filter=x' > .gitattributes && echo y >> a.txt",
     usual},
    {"filter process",
     "git config filter.x.process \"$P\" && echo '* filter=x' > .gitattributes && echo y >> a.txt",
     usual},
    {"external diff", "git config diff.external \"$P\" && echo y >> a.txt", usual},
    {"textconv",
     "git config diff.x.textconv \"$P\" && echo '* diff=x' > .gitattributes && echo y >> a.txt",
     usual},
    {"diff driver",
     "git config diff.x.command \"$P\" && echo '* diff=x' > .gitattributes && echo y >> a.txt",
     usual},
    {"nested repository with fsmonitor",
     "git init -q nested && git -C nested config core.fsmonitor \"$P\" && echo x > nested/f &&"
     "git -C nested add f && git -C nested commit -qm x && git add nested 2> /dev/null",
     usual},
    {"nested repository with a filter",
     "git init -q nested && cd nested && echo hello > f && git add f && git commit -qm x && cd .. "
     "&&"
     "git add nested 2> /dev/null && cd nested && echo 'f filter=x' > .git/info/attributes &&"
     "git config filter.x.clean \"$P\" && echo jello > f",
     usual},
    {"repository planted in a tracked folder",
     "git init -q src && git -C src config core.fsmonitor \"$P\" && echo x >> src/main.c",
     "cd src && git status"},
    {"upload-pack hook",
     "git config uploadpack.packObjectsHook \"$P\" && git commit -q --allow-empty -m x",
     nullptr},
    {"alternate refs command",
     "git config core.alternateRefsCommand \"$P\" && git commit -q --allow-empty -m x",
     "git fetch ."},
    {"ssh command",
     "git config core.sshCommand \"$P\" && git commit -q --allow-empty -m x",
     "git ls-remote ssh://x/y"},
    {"partial clone",
     "git commit -q --allow-empty -m x && git config extensions.partialClone origin &&"
     "git config remote.origin.promisor true && git config remote.origin.url ext::\"$P\" &&"
     "git config protocol.ext.allow always && git config remote.origin.uploadpack \"$P\" &&"
     "rm -f .git/objects/info/alternates",
     "git log -p"},
    {"remote upload-pack",
     "git config remote.origin.uploadpack \"$P\" && git commit -q --allow-empty -m x",
     "git fetch origin"},
    {"signing program",
     "git config gpg.program \"$P\" && git config log.showSignature true && git commit -q "
     "--allow-empty -m x",
     "git commit -S --allow-empty -m x"},
};

class Poison : public Lanes, public testing::WithParamInterface<Vector> {
 protected:
  Poison() {
    program_ = folder_.path() / "program";
    mark_ = folder_.path() / "mark";
    put(program_, "#!/bin/sh\necho ran >> '" + mark_.string() + "'\nexit 0\n");
    fs::permissions(program_, fs::perms::owner_all);
  }

  void plant(const fs::path& lane) {
    sh(lane, "P='" + program_.string() + "'\n" + GetParam().plant);
    fs::remove(mark_);
  }

  fs::path program_;
  fs::path mark_;
};

class Control : public Poison {};

/// The host's whole work on a poisoned lane: diffs, commits taken over, a reopening, a sibling
/// lane.
TEST_P(Poison, RunsNothingForTheHost) {
  const auto lane = open();
  put(lane->directory() / "new.txt", "new\n");
  diff(*lane);
  plant(lane->directory());
  put(lane->directory() / "a.txt", "changed\n");
  put(lane->directory() / "newer.txt", "newer\n");
  diff(*lane);
  fs::remove(lane->directory() / "newer.txt");
  diff(*lane);
  const auto again = open();
  run(again->diff());
  run(open("B")->diff());
  EXPECT_FALSE(fs::exists(mark_)) << GetParam().name << " ran a program";
}

/// Without this the test above could pass because the poison is none.
TEST_P(Control, IsPoisonForPlainGit) {
  const auto lane = open();
  plant(lane->directory());
  sh(lane->directory(),
     std::string("(") + GetParam().trigger + ") > /dev/null 2>&1 < /dev/null; true");
  EXPECT_TRUE(fs::exists(mark_)) << GetParam().name << " ran nothing";
}

std::string vector_name(const testing::TestParamInfo<Vector>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

std::vector<Vector> with_trigger() {
  std::vector<Vector> list = vectors;
  std::erase_if(list, [](const Vector& one) { return one.trigger == nullptr; });
  return list;
}

INSTANTIATE_TEST_SUITE_P(Vectors, Poison, testing::ValuesIn(vectors), vector_name);
INSTANTIATE_TEST_SUITE_P(Vectors, Control, testing::ValuesIn(with_trigger()), vector_name);

}  // namespace
}  // namespace opsroom::workspace
