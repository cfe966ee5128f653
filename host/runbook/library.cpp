#include "runbook/library.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "runbook/inputs.hpp"
#include "runbook/intent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace opsroom::runbook {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_file = 1u << 20;

/// What one reading of the directories found. A broken file is known by its file name.
struct Shelf {
  std::map<std::string, Plan> plans;
  std::map<std::string, std::string> broken;
  std::vector<std::string> problems;
};

bool is_runbook_file(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::string extension = path.extension().string();
  return !name.starts_with('.') &&
         (extension == ".yaml" || extension == ".yml" || extension == ".json");
}

std::vector<fs::path> files_in(const fs::path& directory, Shelf& shelf) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator at(directory, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (is_runbook_file(at->path()) && !at->is_directory()) files.push_back(at->path());
  }
  if (error) shelf.problems.push_back(fmt::format("{}: {}", directory.string(), error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

void read_directory(const fs::path& directory, Shelf& shelf) {
  std::map<std::string, std::string> file_of;
  for (const fs::path& path : files_in(directory, shelf)) {
    try {
      Plan plan = parse_runbook(read_file(path, max_file), path.string());
      const auto [taken, fresh] = file_of.emplace(plan.name, path.filename().string());
      if (!fresh) {
        shelf.problems.push_back(fmt::format(
            "{}: the name \"{}\" is already taken by {}", path.string(), plan.name, taken->second
        ));
        continue;
      }
      shelf.plans.emplace(plan.name, std::move(plan));
    } catch (const Failure& failure) {
      shelf.problems.push_back(failure.message());
      shelf.broken.emplace(path.stem().string(), failure.message());
    }
  }
}

Shelf read_all(const std::vector<fs::path>& directories) {
  Shelf shelf;
  for (const fs::path& directory : directories)
    read_directory(directory, shelf);
  return shelf;
}

[[noreturn]] void not_found(
    const std::string& name, const Shelf& shelf, const std::vector<fs::path>& directories
) {
  std::vector<std::string> known;
  for (const auto& [key, plan] : shelf.plans)
    known.push_back(key);
  std::string message = fmt::format("there is no runbook \"{}\"", name);
  if (const auto near = nearest(name, known))
    message += fmt::format("; did you mean \"{}\"?", *near);
  std::vector<std::string> places;
  for (const fs::path& directory : directories)
    places.push_back(directory.string());
  const std::string where = places.empty() ? "no directory is configured" : listing(places);
  throw Failure(
      Code::not_found,
      message,
      known.empty() ? fmt::format("No runbooks were found ({}).", where)
                    : fmt::format("There are {} (in {}).", listing(known, 20), where)
  );
}

/// The inputs an intent binds; nothing when a text does not fit the type of its input.
std::optional<Json> inputs_of(const Plan& plan, const std::map<std::string, std::string>& bound) {
  Json inputs = Json::object();
  try {
    for (const auto& [name, text] : bound) {
      inputs[name] = typed_input(name, plan.inputs["properties"][name], text);
    }
  } catch (const Failure&) {
    return std::nullopt;  // "wait {count} seconds" does not mean "wait some seconds"
  }
  return inputs;
}

struct Candidate {
  Library::Match match;
  std::size_t weight;
};

void collect(const Plan& plan, const std::string& intent, std::vector<Candidate>& found) {
  std::optional<Candidate> best;
  for (const std::string& text : plan.intents) {
    const IntentPattern pattern(text);
    const auto bound = pattern.match(intent);
    if (!bound) continue;
    auto inputs = inputs_of(plan, *bound);
    if (!inputs || (best && best->weight >= pattern.literal_length())) continue;
    best = Candidate{{plan, std::move(*inputs)}, pattern.literal_length()};
  }
  if (best) found.push_back(std::move(*best));
}

}  // namespace

Library::Library(std::vector<fs::path> directories) : directories_(std::move(directories)) {}

Plan Library::find(const std::string& name) const {
  const Shelf shelf = read_all(directories_);
  if (const auto found = shelf.plans.find(name); found != shelf.plans.end()) return found->second;
  if (const auto broken = shelf.broken.find(name); broken != shelf.broken.end()) {
    throw Failure(Code::invalid, broken->second, "Correct the file, then try again.");
  }
  not_found(name, shelf, directories_);
}

std::vector<Plan> Library::all() const {
  std::vector<Plan> plans;
  const Shelf shelf = read_all(directories_);
  for (const auto& [name, plan] : shelf.plans)
    plans.push_back(plan);
  return plans;
}

std::vector<std::string> Library::problems() const {
  return read_all(directories_).problems;
}

std::optional<Library::Match> Library::match_intent(const std::string& intent) const {
  const Shelf shelf = read_all(directories_);
  if (const auto exact = shelf.plans.find(intent); exact != shelf.plans.end()) {
    return Match{exact->second, Json::object()};
  }
  std::vector<Candidate> found;
  for (const auto& [name, plan] : shelf.plans)
    collect(plan, intent, found);
  if (found.empty()) return std::nullopt;
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.match.plan.name < b.match.plan.name;
  });
  if (found.size() > 1 && found[0].weight == found[1].weight) {
    throw Failure(
        Code::conflict,
        fmt::format(
            "\"{}\" could mean the runbooks {} and {}",
            intent,
            found[0].match.plan.name,
            found[1].match.plan.name
        ),
        "Name the runbook, or make one of the intent patterns more specific."
    );
  }
  return std::move(found.front().match);
}

}  // namespace opsroom::runbook
