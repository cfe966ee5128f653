#include "workspace/hub.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace opsroom::workspace {
namespace {

constexpr const char* root_ref = "refs/opsroom/root";
constexpr const char* head_ref = "refs/opsroom/head";
constexpr const char* origin_head = "refs/remotes/origin/HEAD";
constexpr std::string_view origin_prefix = "refs/remotes/origin/";

bool mentions(const std::string& text, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

/// git's words about a remote, sorted into what a person can do about them.
Failure remote_failure(const Repository& repository, process::CommandResult result) {
  // git repeats the URL it was given, password and all.
  if (repository.url != repository.shown) {
    for (auto at = result.err.find(repository.url); at != std::string::npos;
         at = result.err.find(repository.url)) {
      result.err.replace(at, repository.url.size(), repository.shown);
    }
  }
  const std::string what = fmt::format("cannot clone '{}'", repository.shown);
  const std::string& words = result.err;
  if (mentions(
          words,
          {"could not read Username",
           "could not read Password",
           "Permission denied (",
           "Authentication failed",
           "Host key verification failed"}
      )) {
    return git_failure(
        result,
        what,
        Code::forbidden,
        "The repository asks for credentials: use a key of your ssh agent (and accept the host's "
        "key "
        "once), or name a git configuration with a credential helper for remotes."
    );
  }
  if (mentions(
          words,
          {"Could not resolve host",
           "Connection refused",
           "Connection timed out",
           "Could not connect",
           "Failed to connect",
           "unreachable",
           "timed out"}
      )) {
    return git_failure(
        result, what, Code::unavailable, "Check the network and the host's name.", true
    );
  }
  return git_failure(
      result,
      what,
      Code::not_found,
      "Check the path or URL: `git ls-remote` on it must work for this user."
  );
}

std::vector<std::string> with_transport(const Repository& repository, const char* command) {
  std::vector<std::string> args = {command};
  if (repository.local) args.push_back("--upload-pack=" + local_upload_pack());
  return args;
}

}  // namespace

Task<FileLock> lock_file(std::filesystem::path path, Clock::duration deadline, std::string what) {
  const auto give_up = Clock::now() + deadline;
  auto pause = Milliseconds(2);
  while (true) {
    FileLock lock = FileLock::try_lock(path);
    if (lock) co_return lock;
    if (Clock::now() >= give_up) {
      throw Failure(
          Code::timeout,
          fmt::format("{} is being changed by another process", what),
          fmt::format("`fuser {}` names it; the lock goes when it ends.", path.string()),
          true
      );
    }
    co_await pause_for(pause);
    pause = std::min(pause * 2, Milliseconds(50));
  }
}

Task<> remove_tree(BlockingPool& pool, std::filesystem::path path) {
  const auto work = [path] {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) throw system_failure(error.value(), fmt::format("removing {}", path.string()));
  };
  co_await pool.run(work);
}

Task<> init_bare(Git& git, std::filesystem::path git_dir, std::string object_format) {
  GitCall call;
  call.git_dir = git_dir;
  call.args = {"init", "--quiet", "--bare", "--template=", "--object-format=" + object_format};
  const std::string what = fmt::format("making {}", git_dir.string());
  co_await git.output(std::move(call), what);
}

Task<std::string> write_root_commit(Git& git, std::filesystem::path git_dir) {
  GitCall tree;
  tree.git_dir = git_dir;
  tree.args = {"mktree"};
  const std::string what = "making an empty commit";
  const std::string tree_id = trimmed(co_await git.output(std::move(tree), what));
  GitCall commit;
  commit.git_dir = git_dir;
  commit.args = {"hash-object", "-t", "commit", "-w", "--stdin"};
  commit.input = fmt::format(
      "tree {}\nauthor opsroom <opsroom@localhost> 0 +0000\n"
      "committer opsroom <opsroom@localhost> 0 +0000\n\nEmpty start\n",
      tree_id
  );
  co_return trimmed(co_await git.output(std::move(commit), what));
}

Hubs::Hubs(Git& git, BlockingPool& pool, Layout layout, Clock::duration remote_timeout)
    : git_(git), pool_(pool), layout_(std::move(layout)), remote_timeout_(remote_timeout) {}

Task<HubBase> Hubs::base_for(Repository repository, std::string base, std::string pin) {
  const Clock::time_point asked = Clock::now();
  const auto folder = layout_.hub_folder();
  make_directories(folder);
  const std::string name = repository.hub_name();
  const auto hub = folder / (name + ".git");
  const std::string what = fmt::format("the hub of '{}'", repository.shown);
  auto locking = lock_file(folder / (name + ".lock"), remote_timeout_, what);
  const FileLock lock = co_await std::move(locking);

  if (!std::filesystem::exists(hub)) {
    co_await make(repository, hub);
  } else if (!repository.none()) {
    bool there = false;
    if (looks_like_commit(base) && base.size() >= 40) {
      there = !(co_await resolve(hub, base)).empty();
    }
    if (!there) co_await refresh(repository, hub, asked);
  }
  HubBase found = co_await find_base(repository, hub, base);
  GitCall pinning;
  pinning.git_dir = hub;
  pinning.args = {"update-ref", pin, found.commit};
  const std::string pinning_what = fmt::format("pinning the base of '{}'", repository.shown);
  co_await git_.output(std::move(pinning), pinning_what);
  co_return found;
}

Task<> Hubs::make(Repository repository, std::filesystem::path hub) {
  std::filesystem::path building = hub;
  building += ".tmp";
  // Whoever left it is dead: we hold the lock.
  co_await remove_tree(pool_, building);
  std::exception_ptr error;
  try {
    co_await build(repository, building);
    std::filesystem::rename(building, hub);
  } catch (...) {
    error = std::current_exception();
  }
  if (!error) co_return;
  // Nothing half-made stays, even when whoever asked has been cancelled.
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await remove_tree(pool_, building);
  co_await asio::this_coro::throw_if_cancelled(true);
  std::rethrow_exception(error);
}

Task<> Hubs::build(Repository repository, std::filesystem::path hub) {
  Listing listing;
  if (!repository.none()) listing = co_await list(repository);
  co_await init_bare(git_, hub, listing.object_format);
  const std::string config = read_file(hub / "config");
  write_file(hub / "config", config + "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n");
  if (!repository.none()) {
    write_file(hub / "description", repository.shown + "\n");
    co_await fetch(repository, hub, listing);
    fetched_[repository.hub_name()] = Clock::now();
    if (!listing.empty) co_return;
  }
  const std::string root = co_await write_root_commit(git_, hub);
  GitCall call;
  call.git_dir = hub;
  call.args = {"update-ref", root_ref, root};
  const std::string what = "making an empty commit";
  co_await git_.output(std::move(call), what);
}

Task<Hubs::Listing> Hubs::list(Repository repository) {
  if (repository.local && repository.url.front() == '/') {
    std::error_code error;
    if (!std::filesystem::exists(repository.url, error)) {
      throw Failure(
          Code::not_found,
          fmt::format("cannot clone '{}': no such directory", repository.shown),
          "Give the path of a git repository on the worker's machine, or a URL."
      );
    }
  }
  GitCall call;
  call.git_dir = layout_.hub_folder() / ".none";  // no repository of ours takes part
  call.args = with_transport(repository, "ls-remote");
  call.args.insert(call.args.end(), {"--symref", "--", repository.url});
  call.reach = Reach::remote;
  call.timeout = remote_timeout_;
  const process::CommandResult result = co_await git_.run(std::move(call));
  if (!result.status.ok()) throw remote_failure(repository, result);
  Listing listing;
  for (const std::string& line : split_lines(result.out)) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    const std::string name = line.substr(tab + 1);
    if (line.starts_with("ref: refs/heads/")) {
      if (name == "HEAD") listing.head_branch = line.substr(16, tab - 16);
      continue;
    }
    listing.empty = listing.empty && !name.starts_with("refs/heads/") && name != "HEAD";
    if (tab == 64) listing.object_format = "sha256";
    if (name == "HEAD") listing.has_head = true;
  }
  co_return listing;
}

Task<> Hubs::fetch(Repository repository, std::filesystem::path hub, Listing listing) {
  GitCall call;
  call.git_dir = hub;
  call.args = with_transport(repository, "fetch");
  call.args.insert(
      call.args.end(),
      {"--quiet",
       "--force",
       "--prune",
       "--no-write-fetch-head",
       "--no-auto-maintenance",
       "--",
       repository.url,
       "+refs/heads/*:refs/remotes/origin/*",
       "+refs/tags/*:refs/tags/*"}
  );
  if (listing.has_head) call.args.push_back(fmt::format("+HEAD:{}", head_ref));
  call.reach = Reach::remote;
  call.timeout = remote_timeout_;
  const process::CommandResult result = co_await git_.run(std::move(call));
  if (!result.status.ok()) throw remote_failure(repository, result);
  co_await note_head(hub, listing);
}

Task<> Hubs::note_head(std::filesystem::path hub, Listing listing) {
  const std::string what = "noting the default branch in " + hub.string();
  GitCall symbolic;
  symbolic.git_dir = hub;
  if (listing.has_head && !listing.head_branch.empty()) {
    symbolic.args = {"symbolic-ref", origin_head, std::string(origin_prefix) + listing.head_branch};
  } else {
    symbolic.args = {"update-ref", "--no-deref", "-d", origin_head};
  }
  co_await git_.output(std::move(symbolic), what);
  if (listing.has_head) co_return;
  GitCall stale;
  stale.git_dir = hub;
  stale.args = {"update-ref", "-d", head_ref};
  co_await git_.output(std::move(stale), what);
}

Task<> Hubs::refresh(Repository repository, std::filesystem::path hub, Clock::time_point asked) {
  const std::string name = repository.hub_name();
  const auto last = fetched_.find(name);
  if (last != fetched_.end() && last->second >= asked) co_return;
  const Clock::time_point started = Clock::now();
  const Listing listing = co_await list(repository);
  if (!listing.empty) co_await fetch(repository, hub, listing);
  fetched_[name] = started;
}

Task<std::string> Hubs::resolve(std::filesystem::path hub, std::string revision) {
  GitCall call;
  call.git_dir = hub;
  call.args = {"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"};
  const process::CommandResult result = co_await git_.run(std::move(call));
  co_return result.status.ok() ? trimmed(result.out) : std::string();
}

Task<std::vector<std::string>> Hubs::branches(std::filesystem::path hub) {
  GitCall call;
  call.git_dir = hub;
  call.args = {"for-each-ref", "--format=%(refname)", "refs/remotes/origin/"};
  const std::string what = fmt::format("reading the branches of {}", hub.string());
  const std::string refs = co_await git_.output(std::move(call), what);
  std::vector<std::string> names;
  for (const std::string& line : split_lines(refs)) {
    if (line != origin_head) names.push_back(line.substr(origin_prefix.size()));
  }
  co_return names;
}

Task<HubBase> Hubs::default_base(Repository repository, std::filesystem::path hub) {
  HubBase found;
  found.commit = co_await resolve(hub, head_ref);
  if (!found.commit.empty()) {
    GitCall call;
    call.git_dir = hub;
    call.args = {"symbolic-ref", "--quiet", origin_head};
    const process::CommandResult result = co_await git_.run(std::move(call));
    if (result.status.ok()) found.origin_branch = trimmed(result.out).substr(origin_prefix.size());
    co_return found;
  }
  const std::vector<std::string> names = co_await branches(hub);
  if (names.size() == 1) {
    found.origin_branch = names.front();
    found.commit = co_await resolve(hub, std::string(origin_prefix) + names.front());
  } else if (names.empty()) {
    found.commit = co_await resolve(hub, root_ref);
  }
  if (!found.commit.empty()) co_return found;
  throw Failure(
      Code::not_found,
      fmt::format("repository '{}' has no default branch", repository.shown),
      fmt::format("Name a base; its branches are {}.", listing(names))
  );
}

Task<bool> Hubs::fetch_commit(
    Repository repository, std::filesystem::path hub, std::string commit
) {
  GitCall call;
  call.git_dir = hub;
  call.args = with_transport(repository, "fetch");
  call.args.insert(
      call.args.end(),
      {"--quiet",
       "--no-tags",
       "--no-write-fetch-head",
       "--no-auto-maintenance",
       "--",
       repository.url,
       commit}
  );
  call.reach = Reach::remote;
  call.timeout = remote_timeout_;
  const process::CommandResult result = co_await git_.run(std::move(call));
  co_return result.status.ok();
}

Task<HubBase> Hubs::find_base(Repository repository, std::filesystem::path hub, std::string base) {
  HubBase found;
  if (base.empty()) {
    found = co_await default_base(repository, hub);
  } else {
    const std::string branch = base.starts_with("origin/") ? base.substr(7) : base;
    found.commit = co_await resolve(hub, std::string(origin_prefix) + branch);
    if (!found.commit.empty()) found.origin_branch = branch;
    if (found.commit.empty()) found.commit = co_await resolve(hub, "refs/tags/" + base);
    if (found.commit.empty() && looks_like_commit(base)) {
      found.commit = co_await resolve(hub, base);
      if (found.commit.empty() && base.size() >= 40 && !repository.none() &&
          co_await fetch_commit(repository, hub, base)) {
        found.commit = co_await resolve(hub, base);
      }
    }
  }
  if (found.commit.empty()) {
    const std::vector<std::string> names = co_await branches(hub);
    const auto close = nearest(base, names);
    throw Failure(
        Code::not_found,
        fmt::format(
            "repository '{}' has no branch, tag or commit '{}'",
            repository.none() ? "(none)" : repository.shown,
            base
        ),
        close ? fmt::format("Did you mean '{}'?", *close)
              : fmt::format("Its branches are {}.", listing(names))
    );
  }
  found.hub = hub;
  found.object_format = found.commit.size() == 64 ? "sha256" : "sha1";
  co_return found;
}

}  // namespace opsroom::workspace
