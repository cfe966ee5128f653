#include "cli/demo_report.hpp"

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace opsroom::cli {
namespace {

namespace fs = std::filesystem;

struct LaneFacts {
  Run run;
  std::vector<Step> steps;
  std::optional<Artifact> diff;
};

Task<LaneFacts> facts_of(Books books, RunId id) {
  LaneFacts facts;
  facts.run = co_await books.ledger.run(id);
  facts.steps = co_await books.ledger.steps(id);
  for (Artifact& artifact : co_await books.ledger.artifacts(id)) {
    if (artifact.kind == "diff") facts.diff = std::move(artifact);
  }
  co_return facts;
}

std::size_t files_changed(const LaneFacts& facts) {
  return facts.diff ? facts.diff->meta.value("files", Json::array()).size() : 0;
}

/// Seconds between two ISO 8601 times of the same day's order of magnitude.
double seconds_between(const std::string& from, const std::string& to) {
  const auto seconds = [](const std::string& iso) {
    if (iso.size() < 19) return 0.0;
    const double hours = std::stod(iso.substr(11, 2));
    const double minutes = std::stod(iso.substr(14, 2));
    return hours * 3600 + minutes * 60 +
           std::stod(iso.substr(17, iso.find_first_of("Z+", 17) - 17));
  };
  const double difference = seconds(to) - seconds(from);
  return difference < 0 ? difference + 24 * 3600 : difference;
}

std::string duration_of(const Run& run) {
  if (!run.started_at || !run.finished_at) return "-";
  return fmt::format("{:.1f}", seconds_between(*run.started_at, *run.finished_at));
}

/// Every lane may differ from the original in its own file only.
std::vector<std::string> foreign_changes(const DemoScene& scene, const Session& session) {
  static const std::map<std::string, std::set<std::string>> allowed{
      {"A", {}}, {"B", {"README.md"}}, {"C", {"wordcount.py"}}, {"D", {"soak.txt"}}
  };
  std::vector<std::string> problems;
  for (const auto& [lane, own] : allowed) {
    const fs::path checkout = scene.workspaces / session.slug / lane;
    for (const auto& [name, content] : original_files()) {
      if (own.contains(name)) continue;
      if (!fs::exists(checkout / name) || read_file(checkout / name) != content) {
        problems.push_back(fmt::format("lane {} has another {} than the repository", lane, name));
      }
    }
    if (lane != "D" && fs::exists(checkout / "soak.txt")) {
      problems.push_back(fmt::format("lane {} sees the file of lane D", lane));
    }
  }
  return problems;
}

void add_row(Table& table, const DemoLane& lane, const LaneFacts& facts, const Session& session) {
  const auto done = std::count_if(facts.steps.begin(), facts.steps.end(), [](const Step& step) {
    return step.status == StepStatus::succeeded;
  });
  const std::string status{to_string(facts.run.status)};
  table.row(
      {{lane.lane, ink_of_lane(lane.lane)},
       {lane.runbook},
       {status, ink_of_status(status)},
       {fmt::format("{} of {}", done, facts.steps.size())},
       {std::to_string(files_changed(facts))},
       {fmt::format("opsroom/{}/{}", session.slug, lane.lane)},
       {duration_of(facts.run)}}
  );
}

}  // namespace

Task<std::vector<std::string>> report(
    Books books, DemoScene scene, Session session, std::vector<DemoLane> lanes
) {
  const bool colour = colour_wanted(stdout);
  std::vector<std::string> problems = foreign_changes(scene, session);
  Table table({"LANE", "RUNBOOK", "STATUS", "STEPS", "FILES", "BRANCH", "SECONDS"});
  std::string patch;
  for (const DemoLane& lane : lanes) {
    const LaneFacts facts = co_await facts_of(books, lane.run);
    add_row(table, lane, facts, session);
    if (facts.run.status != lane.expected) {
      problems.push_back(fmt::format(
          "lane {} is {}, not {}: {}",
          lane.lane,
          to_string(facts.run.status),
          to_string(lane.expected),
          facts.run.error.value_or("no reason given")
      ));
    }
    const std::size_t expected_files = lane.lane == "A" ? 0 : 1;
    if (files_changed(facts) != expected_files) {
      problems.push_back(fmt::format(
          "lane {} shows {} changed files, not {}", lane.lane, files_changed(facts), expected_files
      ));
    }
    if (lane.lane == "C" && facts.diff) {
      patch = co_await books.ledger.artifact_content(facts.diff->id);
    }
  }
  fmt::print("\n{}\n{}\n", table.text(colour), inked("The diff of lane C:", Ink::bold, colour));
  for (const std::string& line : split_lines(patch)) {
    const Ink ink = line.starts_with('+')   ? Ink::green
                    : line.starts_with('-') ? Ink::red
                                            : Ink::plain;
    fmt::print("{}\n", inked(safe_for_terminal(line), ink, colour));
  }
  co_return problems;
}

}  // namespace opsroom::cli
