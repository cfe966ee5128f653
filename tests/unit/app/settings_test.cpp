#include "app/settings.hpp"

#include <gtest/gtest.h>

namespace opsroom::app {
namespace {

Lookup of(Values variables) {
  return [variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end() || found->second.empty()) return std::nullopt;
    return found->second;
  };
}

TEST(Settings, OfAPartAreThoseOfTheProcessThatStartedIt) {
  const Values flags{
      {"home", "/srv/room"},
      {"database_url", "postgresql:///x"},
      {"lease_seconds", "3600"},
      {"drain_seconds", "7"},
      {"address", "127.0.0.2"},
      {"port", "7171"},
      {"batch", "3"},
      {"tools", "own/tools.json"},
      {"runbooks", "/srv/books:own"},
      {"log", "debug"},
  };
  const Settings given = resolve_settings(flags, of({}), {}, "/");
  const Values variables = as_environment(given);
  const Settings again = resolve_settings({}, of(variables), {}, "/");
  EXPECT_EQ(as_environment(again), variables);
  EXPECT_EQ(again.runbooks, given.runbooks);
  EXPECT_EQ(again.worker_id, given.worker_id);
  EXPECT_EQ(again.drain_grace, std::chrono::seconds(7));
  EXPECT_TRUE(again.tools.is_absolute());
}

TEST(Settings, EveryOneHasAVariable) {
  const Values flags{{"home", "/srv/room"}, {"database_url", "x"}, {"tools", "t"}};
  const Values variables = as_environment(resolve_settings(flags, of({}), {}, "/"));
  for (const SettingRow& row : setting_rows()) {
    const auto found = variables.find(row.environment);
    ASSERT_NE(found, variables.end()) << row.name;
    EXPECT_FALSE(found->second.empty()) << row.name;
  }
}

}  // namespace
}  // namespace opsroom::app
