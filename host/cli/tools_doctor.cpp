#include "app/tool_bench.hpp"
#include "base/failure.hpp"
#include "cli/books.hpp"
#include "cli/terminal.hpp"
#include "cli/tools_text.hpp"
#include "cli/tools_verbs.hpp"
#include "tools/inspection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace opsroom::cli {
namespace {

Task<> inspect_into(app::ToolBench& bench, tools::SourceConfig source, tools::Inspection& into) {
  auto looking = tools::inspect(bench.unguarded, std::move(source), bench.lane, bench.stop);
  into = co_await std::move(looking);
}

Task<std::map<std::string, tools::Inspection>> inspect_all(
    app::ToolBench& bench, std::vector<tools::SourceConfig> sources
) {
  std::map<std::string, tools::Inspection> seen;
  TaskGroup group(bench.executor);
  for (const tools::SourceConfig& source : sources) {
    tools::Inspection& mine = seen[source.name];
    group.start(inspect_into(bench, source, mine), [&mine](std::exception_ptr error) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& reason) {
        mine.failure = Failure(Code::internal, reason.what());
      }
    });
  }
  co_await group.wait_until_at_most(0);
  if (bench.stop.requested()) throw Failure(Code::canceled, "the doctor was interrupted");
  co_return seen;
}

/// What may be shown of what was found out.
std::vector<tools::Finding> shown(
    const app::ToolBench& bench, std::vector<tools::Finding> findings
) {
  for (tools::Finding& finding : findings) {
    finding.text = bench.redactor->text(std::move(finding.text));
    finding.remedy = bench.redactor->text(std::move(finding.remedy));
  }
  return findings;
}

std::size_t tools_offered(const tools::SourceConfig& source, const tools::Inspection& seen) {
  return static_cast<std::size_t>(std::count_if(
      seen.tools.begin(),
      seen.tools.end(),
      [&](const Json& tool) { return source.filter.admits(tool["name"].get<std::string>()); }
  ));
}

/// "files: 3 tools, legacy, "files 1.2 (2025-11-25)", opened in 12 ms".
std::string summary(const tools::SourceConfig& source, const tools::Inspection& seen) {
  if (seen.failure) return fmt::format("{}: cannot be used", source.title());
  const std::size_t offered = tools_offered(source, seen);
  const std::size_t denied = seen.tools.size() - offered;
  return fmt::format(
      "{}: {} tool{}{}, {} ({}), opened in {} ms, listed in {} ms",
      source.title(),
      offered,
      offered == 1 ? "" : "s",
      denied == 0 ? "" : fmt::format(" and {} denied", denied),
      tools::visible(seen.identity),
      seen.era,
      seen.opened_in.count(),
      seen.listed_in.count()
  );
}

void print_finding(const tools::Finding& finding) {
  const bool colour = colour_wanted(stdout);
  const std::string mark =
      finding.problem ? inked("problem", Ink::red, colour) : inked("note", Ink::dim, colour);
  fmt::print("    {}: {}\n", mark, indented(safe_lines(finding.text), 8));
  if (!finding.remedy.empty()) fmt::print("        {}\n", safe_lines(finding.remedy));
}

Json to_json(
    const tools::SourceConfig& source,
    const tools::Inspection& seen,
    const std::vector<tools::Finding>& findings
) {
  Json list = Json::array();
  for (const tools::Finding& finding : findings) {
    list.push_back(
        {{"problem", finding.problem}, {"text", finding.text}, {"remedy", finding.remedy}}
    );
  }
  return {
      {"source", source.name},
      {"era", seen.era},
      {"identity", seen.identity},
      {"tools", tools_offered(source, seen)},
      {"noise", seen.noise},
      {"openedInMs", seen.opened_in.count()},
      {"listedInMs", seen.listed_in.count()},
      {"findings", std::move(list)}
  };
}

/// Pins of sources that are not there any more: a source that comes back under the name would be
/// measured by them.
std::vector<std::string> stale_pins(const tools::ToolsConfig& config, const tools::LockFile& lock) {
  std::vector<std::string> names;
  for (const auto& [name, pin] : lock.sources) {
    if (!config.sources.contains(name)) names.push_back(name);
  }
  return names;
}

Task<int> examine(app::ToolBench& bench, ExamineTools verb, bool json) {
  const auto sources = bench.sources(verb.sources);
  const auto lock = bench.pins.now();
  auto inspecting = inspect_all(bench, sources);
  auto seen = co_await std::move(inspecting);
  Json array = Json::array();
  std::size_t problems = 0;
  for (const tools::SourceConfig& source : sources) {
    tools::Inspection& mine = seen.at(source.name);
    mine.identity = bench.redactor->text(std::move(mine.identity));
    const auto found = shown(bench, tools::findings(source, mine, *lock));
    problems += static_cast<std::size_t>(std::count_if(
        found.begin(), found.end(), [](const tools::Finding& finding) { return finding.problem; }
    ));
    array.push_back(to_json(source, mine, found));
    if (json) continue;
    fmt::print("{}\n", summary(source, mine));
    for (const tools::Finding& finding : found)
      print_finding(finding);
  }
  for (const std::string& name :
       verb.sources.empty() ? stale_pins(bench.config, *lock) : std::vector<std::string>()) {
    if (!json) {
      fmt::print("{}: pinned, but no source any more\n", tools::visible(name));
      fmt::print("        `opsroom tools pin --remove {}` forgets it.\n", tools::visible(name));
    }
  }
  if (json) {
    fmt::print("{}\n", dump(Json{{"sources", std::move(array)}, {"problems", problems}}));
  } else {
    fmt::print("{} problem{}\n", problems, problems == 1 ? "" : "s");
  }
  co_return problems == 0 ? 0 : 1;
}

}  // namespace

int perform_tools(const Context& context, const ExamineTools& verb) {
  const auto work = [&](app::ToolBench& bench) { return examine(bench, verb, context.json); };
  return app::at_tool_bench(context.settings, context.layout, work);
}

}  // namespace opsroom::cli
