#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <opsroom/plugin.h>

extern "C" const std::size_t opsroom_plugin_size_in_c;

// Released layout of ABI 1.0. A line here may be added for an appended field, never changed.
#if defined(__LP64__)
static_assert(sizeof(opsroom_text) == 16);
static_assert(sizeof(opsroom_call) == 104);
static_assert(offsetof(opsroom_call, struct_size) == 0);
static_assert(offsetof(opsroom_call, cancel_fd) == 4);
static_assert(offsetof(opsroom_call, host) == 8);
static_assert(offsetof(opsroom_call, workdir) == 16);
static_assert(offsetof(opsroom_call, context) == 32);
static_assert(offsetof(opsroom_call, cancelled) == 48);
static_assert(offsetof(opsroom_call, log) == 56);
static_assert(offsetof(opsroom_call, progress) == 64);
static_assert(offsetof(opsroom_call, artifact) == 72);
static_assert(offsetof(opsroom_call, need_input) == 80);
static_assert(offsetof(opsroom_call, result) == 88);
static_assert(offsetof(opsroom_call, extension) == 96);
static_assert(sizeof(opsroom_plugin) == 64);
static_assert(offsetof(opsroom_plugin, struct_size) == 0);
static_assert(offsetof(opsroom_plugin, abi_major) == 4);
static_assert(offsetof(opsroom_plugin, abi_minor) == 8);
static_assert(offsetof(opsroom_plugin, flags) == 12);
static_assert(offsetof(opsroom_plugin, name) == 16);
static_assert(offsetof(opsroom_plugin, version) == 24);
static_assert(offsetof(opsroom_plugin, manifest) == 32);
static_assert(offsetof(opsroom_plugin, create) == 40);
static_assert(offsetof(opsroom_plugin, destroy) == 48);
static_assert(offsetof(opsroom_plugin, invoke) == 56);
#endif

TEST(Abi, CAndCppAgreeOnTheEntry) {
  EXPECT_EQ(opsroom_plugin_size_in_c, sizeof(opsroom_plugin));
}

TEST(Abi, TheMajorIsInTheSymbolsName) {
  EXPECT_STREQ(OPSROOM_ENTRY, "opsroom_plugin_v1");
  EXPECT_EQ(OPSROOM_ABI_MAJOR, 1u);
}
