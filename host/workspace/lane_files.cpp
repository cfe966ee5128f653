#include "workspace/lane_files.hpp"

#include <algorithm>
#include <utility>

namespace opsroom::workspace {
namespace {

/// File times come from a clock that ticks every 1 to 10 ms: a file written this close to the walk
/// may be written again without a visible trace.
constexpr std::int64_t tick_ns = 20'000'000;

bool is_ignore_file(std::string_view path) {
  return path == ".gitignore" || path.ends_with("/.gitignore");
}

std::string without_slash(const std::string& path) {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

/// Calls `each(mode, object id, path)` for the records of `ls-tree -z` and `ls-files -s -z`.
template <class Each>
void each_record(std::string_view output, std::size_t id_field, Each each) {
  while (!output.empty()) {
    const std::size_t end = output.find('\0');
    const std::string_view record = output.substr(0, end);
    output.remove_prefix(end == std::string_view::npos ? output.size() : end + 1);
    const std::size_t tab = record.find('\t');
    if (tab == std::string_view::npos) continue;
    std::string_view fields = record.substr(0, tab);
    const std::string_view mode = fields.substr(0, fields.find(' '));
    for (std::size_t i = 0; i < id_field; ++i)
      fields.remove_prefix(fields.find(' ') + 1);
    each(mode, fields.substr(0, fields.find(' ')), record.substr(tab + 1));
  }
}

}  // namespace

void LaneFiles::load(std::string_view base_tree, std::string_view index_entries) {
  known_.clear();
  links_.clear();
  link_paths_.clear();
  base_directories_.clear();
  refused_.clear();
  forget_judgements();
  each_record(base_tree, 2, [this](auto mode, auto id, auto path) {
    if (mode == "040000") {
      base_directories_.emplace(path);
    } else if (mode == "160000") {
      links_[std::string(path)].commit = id;
      link_paths_.emplace(path);
    } else {
      known_[std::string(path)].in_base = true;
    }
  });
  each_record(index_entries, 1, [this](auto mode, auto, auto path) {
    if (mode != "160000") {
      known_[std::string(path)].in_index = true;
    } else if (const auto link = links_.find(std::string(path)); link != links_.end()) {
      link->second.in_index = true;
    }
  });
}

bool LaneFiles::set_committed(std::string_view paths) {
  std::unordered_set<std::string> committed;
  while (!paths.empty()) {
    const std::size_t end = std::min(paths.find('\0'), paths.size());
    std::string path(paths.substr(0, end));
    paths.remove_prefix(std::min(end + 1, paths.size()));
    while (!path.empty()) {
      committed.insert(path);
      const std::size_t slash = path.rfind('/');
      path.resize(slash == std::string::npos ? 0 : slash);
    }
  }
  if (committed == committed_) return false;
  committed_ = std::move(committed);
  forget_judgements();
  return true;
}

ScanRules LaneFiles::rules(std::uint64_t size_limit, std::size_t entry_limit) const {
  return ScanRules{base_directories_, link_paths_, ignored_directories_, size_limit, entry_limit};
}

ChangePlan LaneFiles::plan(const Scan& scan) {
  ++walk_;
  ChangePlan plan;
  plan.started_ns = scan.started_ns;
  plan.skipped = scan.skipped;
  for (const ScannedFile& file : scan.files)
    plan_file(plan, file);
  plan_removals(plan, scan);
  plan_links(plan, scan);
  plan_questions(plan, scan);
  const auto is_rule = [](const ScannedFile& file) { return is_ignore_file(file.path); };
  plan.rules_changed = std::any_of(plan.changed.begin(), plan.changed.end(), is_rule) ||
                       std::any_of(plan.fresh.begin(), plan.fresh.end(), is_rule) ||
                       std::any_of(plan.removed.begin(), plan.removed.end(), is_ignore_file);
  return plan;
}

void LaneFiles::plan_file(ChangePlan& plan, const ScannedFile& file) {
  const auto found = known_.find(file.path);
  if (found != known_.end()) found->second.seen = walk_;
  if (is_refused(plan, file)) return;
  if (found == known_.end()) {
    if (committed_.contains(file.path)) {
      plan.changed.push_back(file);
      return;
    }
    const auto judgement = judged_.find(file.path);
    if (judgement == judged_.end() || !judgement->second) plan.fresh.push_back(file);
    return;
  }
  const Known& known = found->second;
  const bool same = known.in_index && known.settled && known.stamp == file.stamp;
  if (!same) plan.changed.push_back(file);
}

bool LaneFiles::is_refused(ChangePlan& plan, const ScannedFile& file) const {
  const auto refusal = refused_.find(file.path);
  if (refusal == refused_.end() || refusal->second.stamp != file.stamp) return false;
  plan.skipped.push_back({file.path, refusal->second.reason, file.stamp.size});
  return true;
}

void LaneFiles::plan_removals(ChangePlan& plan, const Scan& scan) {
  std::vector<std::string> folders;
  for (const std::string& kept : scan.kept) {
    if (kept.ends_with('/')) {
      folders.push_back(kept);
    } else if (const auto found = known_.find(kept); found != known_.end()) {
      found->second.seen = walk_;
    }
  }
  const auto unread = [&folders](const std::string& path) {
    return std::any_of(folders.begin(), folders.end(), [&path](const std::string& folder) {
      return path.starts_with(folder);
    });
  };
  for (const auto& [path, known] : known_) {
    if (known.in_index && known.seen != walk_ && !unread(path)) plan.removed.push_back(path);
  }
}

void LaneFiles::plan_links(ChangePlan& plan, const Scan& scan) {
  const std::unordered_set<std::string_view> present(scan.gitlinks.begin(), scan.gitlinks.end());
  for (const auto& [path, link] : links_) {
    const bool here = present.contains(path);
    if (link.in_index && !here) plan.missing_links.push_back(path);
    if (!link.in_index && here) plan.returned_links.push_back(path);
  }
}

void LaneFiles::plan_questions(ChangePlan& plan, const Scan& scan) {
  const auto ask = [&](std::string path) {
    if (!judged_.contains(path)) plan.questions.push_back(std::move(path));
  };
  for (const std::string& folder : scan.fresh_directories)
    ask(folder);
  for (const Skipped& skipped : plan.skipped) {
    const std::string path = without_slash(skipped.path);
    if (!known_.contains(path) && !base_directories_.contains(path)) ask(path);
  }
  for (const ScannedFile& file : plan.fresh)
    plan.questions.push_back(file.path);
  if (!rejudge_) return;
  for (const auto& [path, known] : known_) {
    if (known.in_index && !known.in_base && known.seen == walk_) plan.questions.push_back(path);
  }
}

void LaneFiles::answer(ChangePlan& plan, const std::unordered_set<std::string>& ignored) {
  const std::unordered_set<std::string_view> files = [&] {
    std::unordered_set<std::string_view> paths;
    for (const ScannedFile& file : plan.fresh)
      paths.insert(file.path);
    return paths;
  }();
  for (const std::string& path : plan.questions) {
    if (files.contains(path) || known_.contains(path)) continue;
    const bool hidden = ignored.contains(path) && !committed_.contains(path);
    judged_[path] = hidden;
    if (hidden) ignored_directories_.insert(path);
  }
  for (ScannedFile& file : plan.fresh) {
    if (!ignored.contains(file.path)) {
      plan.changed.push_back(std::move(file));
    } else if (!below_ignored(file.path)) {
      judged_[file.path] = true;  // below an ignored folder the next walk doesn't come
    }
  }
  plan.fresh.clear();
  if (rejudge_) answer_index(plan, ignored);
  rejudge_ = false;
  std::erase_if(plan.skipped, [this](const Skipped& skipped) {
    const auto judgement = judged_.find(without_slash(skipped.path));
    return judgement != judged_.end() && judgement->second;
  });
}

void LaneFiles::answer_index(ChangePlan& plan, const std::unordered_set<std::string>& ignored) {
  const auto now_ignored = [&](const std::string& path) {
    const auto found = known_.find(path);
    return found != known_.end() && !found->second.in_base && ignored.contains(path) &&
           !committed_.contains(path);
  };
  std::erase_if(plan.changed, [&](const ScannedFile& file) { return now_ignored(file.path); });
  for (const std::string& path : plan.questions) {
    if (!now_ignored(path)) continue;
    plan.removed.push_back(path);
    judged_[path] = true;
  }
}

bool LaneFiles::below_ignored(std::string_view path) const {
  for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos;
       slash = path.rfind('/', slash - 1)) {
    if (ignored_directories_.contains(std::string(path.substr(0, slash)))) return true;
    if (slash == 0) break;
  }
  return false;
}

void LaneFiles::forget_judgements() {
  judged_.clear();
  ignored_directories_.clear();
  rejudge_ = true;
}

void LaneFiles::refuse(const ScannedFile& file, std::string reason) {
  refused_[file.path] = Refusal{file.stamp, std::move(reason)};
}

void LaneFiles::applied(const ChangePlan& plan) {
  for (const std::string& path : plan.removed) {
    const auto found = known_.find(path);
    if (found == known_.end()) continue;
    found->second.in_index = false;
    if (!found->second.in_base) known_.erase(found);
  }
  for (const ScannedFile& file : plan.changed) {
    Known& known = known_[file.path];
    known.stamp = file.stamp;
    known.in_index = true;
    known.settled = std::max(file.stamp.mtime_ns, file.stamp.ctime_ns) < plan.started_ns - tick_ns;
    refused_.erase(file.path);
  }
  for (const std::string& path : plan.missing_links)
    links_[path].in_index = false;
  for (const std::string& path : plan.returned_links)
    links_[path].in_index = true;
}

}  // namespace opsroom::workspace
