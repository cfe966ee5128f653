#include "app/tool_bench.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"
#include "cli/books.hpp"
#include "cli/tools_text.hpp"
#include "cli/tools_verbs.hpp"
#include "tools/inspection.hpp"

#include <fmt/format.h>

namespace opsroom::cli {
namespace {

constexpr std::size_t all_lines = 100'000;

Task<tools::Inspection> look(app::ToolBench& bench, tools::SourceConfig source) {
  auto looking = tools::inspect(bench.unguarded, std::move(source), bench.lane, bench.stop);
  tools::Inspection seen = co_await std::move(looking);
  if (bench.stop.requested()) throw Failure(Code::canceled, "interrupted; nothing was written");
  co_return seen;
}

/// What pinning again accepts, for people to read.
std::string accepted_text(const tools::Pin* before, const tools::Pin& now) {
  if (before == nullptr) return "is pinned";
  std::vector<tools::Change> changes = tools::drift_of_command(*before, now.command);
  for (tools::Change& change : tools::compare(before->surface, now.surface))
    changes.push_back(std::move(change));
  if (changes.empty()) return "is as it was pinned";
  return "is pinned anew:\n" + tools::to_text(changes, all_lines);
}

int forget(app::ToolBench& bench, const PinTools& verb) {
  tools::LockFile lock = *bench.pins.now();
  for (const std::string& name : verb.sources) {
    if (lock.sources.erase(name) == 0) {
      throw Failure(
          Code::not_found,
          fmt::format("'{}' is not pinned", name),
          fmt::format("{} names those that are.", bench.pins.file().string())
      );
    }
  }
  bench.pins.write(lock);
  for (const std::string& name : verb.sources)
    fmt::print("{}: not pinned any more\n", tools::visible(name));
  return 0;
}

Task<int> pin(app::ToolBench& bench, PinTools verb, bool json) {
  if (verb.remove) {
    if (verb.sources.empty()) throw Failure(Code::invalid, "--remove needs the names of sources");
    co_return forget(bench, verb);
  }
  // Before the sources are started: without a place to write to there is nothing to start them for.
  if (bench.pins.file().empty()) bench.pins.write({});
  tools::LockFile lock = *bench.pins.now();
  Json pinned = Json::object();
  std::vector<std::string> lines;
  std::vector<std::pair<std::string, Failure>> failures;
  for (const tools::SourceConfig& source : bench.sources(verb.sources)) {
    auto looking = look(bench, source);
    const tools::Inspection seen = co_await std::move(looking);
    if (seen.failure) {
      failures.emplace_back(source.name, *seen.failure);
      continue;
    }
    const tools::Pin fresh = tools::pin_of(seen);
    const tools::Pin* before = lock.find(source.name);
    lines.push_back(bench.redactor->text(fmt::format(
        "{} ({} tools) {}",
        source.title(),
        fresh.surface.tools().size(),
        accepted_text(before, fresh)
    )));
    pinned[source.name] = fresh.surface_digest;
    // One that is as it was keeps the time at which it was accepted.
    if (before == nullptr || !tools::drift(*before, seen).empty())
      lock.sources[source.name] = fresh;
  }
  if (!pinned.empty()) bench.pins.write(lock);
  if (json) {
    fmt::print("{}\n", dump(Json{{"file", bench.pins.file().string()}, {"pinned", pinned}}));
  } else {
    for (const std::string& line : lines)
      fmt::print("{}\n", line);
    if (!pinned.empty()) fmt::print("wrote {}\n", bench.pins.file().string());
  }
  for (const auto& [name, failure] : failures)
    print_failure(name, bench.redactor->failure(failure));
  co_return failures.empty() ? 0 : 1;
}

/// Those asked for, which must be pinned, or all that are.
std::vector<tools::SourceConfig> pinned_sources(
    const app::ToolBench& bench, const DiffTools& verb, const tools::LockFile& lock
) {
  std::vector<tools::SourceConfig> chosen;
  for (const tools::SourceConfig& source : bench.sources(verb.sources)) {
    if (lock.find(source.name) != nullptr) {
      chosen.push_back(source);
    } else if (!verb.sources.empty()) {
      throw Failure(
          Code::not_found,
          fmt::format("{} is not pinned", source.title()),
          fmt::format("`opsroom tools pin {}` pins it.", source.name)
      );
    }
  }
  return chosen;
}

Task<int> diff(app::ToolBench& bench, DiffTools verb, bool json) {
  const auto lock = bench.pins.now();
  Json drifts = Json::object();
  bool failed = false;
  const auto sources = pinned_sources(bench, verb, *lock);
  if (sources.empty() && !json) fmt::print("nothing is pinned\n");
  for (const tools::SourceConfig& source : sources) {
    auto looking = look(bench, source);
    const tools::Inspection seen = co_await std::move(looking);
    const auto changes = tools::drift(*lock->find(source.name), seen);
    if (!changes.empty()) {
      drifts[source.name] = tools::to_json(changes);
      bench.redactor->json(drifts[source.name]);
    }
    if (!json && !changes.empty()) {
      const std::string text = bench.redactor->text(tools::to_text(changes, all_lines));
      fmt::print("{}\n    {}\n", source.title(), indented(text, 4));
    } else if (!json && !seen.failure) {
      fmt::print("{}: as pinned\n", source.title());
    }
    if (seen.failure) print_failure(source.name, bench.redactor->failure(*seen.failure));
    failed = failed || seen.failure;
  }
  if (json) fmt::print("{}\n", dump(Json{{"drift", drifts}}));
  co_return drifts.empty() && !failed ? 0 : 1;
}

}  // namespace

int perform_tools(const Context& context, const PinTools& verb) {
  const auto work = [&](app::ToolBench& bench) { return pin(bench, verb, context.json); };
  return app::at_tool_bench(context.settings, context.layout, work);
}

int perform_tools(const Context& context, const DiffTools& verb) {
  const auto work = [&](app::ToolBench& bench) { return diff(bench, verb, context.json); };
  return app::at_tool_bench(context.settings, context.layout, work);
}

}  // namespace opsroom::cli
