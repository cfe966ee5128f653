#include "tools/mcp_server.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr int exit_config = 78;  ///< the plugin runner's word for "this library cannot be used"
constexpr std::size_t lines_quoted = 5;
constexpr Clock::duration tick = 2ms;
// A stdout that closes without an exit: the exit is usually on its way.
constexpr Clock::duration exit_patience = 30ms;
constexpr Clock::duration loops_patience = 1s;
// What a pipe holds is read in no time; it is the listener of its log lines that may be slow.
constexpr Clock::duration longest_last_words = 10s;
// For what is remembered of a server: a probe is cheaper than a longer wait.
constexpr Clock::duration recall_patience = 200ms;

ClientOptions client_options(const ServerSpec& spec) {
  ClientOptions options;
  options.title = spec.title;
  options.root = spec.root;
  options.sampling = spec.sampling;
  options.log_level = spec.log_level;
  options.on_tools_changed = spec.on_tools_changed;
  options.opening_timeout = spec.opening_timeout;
  return options;
}

std::string path_of(const process::SpawnSpec& spawn) {
  const auto path = spawn.environment.find("PATH");
  return path == spawn.environment.end() ? std::string("(not set)") : path->second;
}

/// What the process layer says about a missing program, in the words of tools.json.
Failure start_failure(const Failure& failure, const ServerSpec& spec) {
  const std::string& command = spec.spawn.argv.front();
  if (failure.code() != Code::not_found || spec.is_plugin) {
    return Failure(
        failure.code(),
        fmt::format("{} cannot start: {}", spec.title, failure.message()),
        failure.hint(),
        failure.retryable()
    );
  }
  std::error_code ignored;
  const std::filesystem::path& directory = spec.spawn.directory;
  if (!directory.empty() && !std::filesystem::is_directory(directory, ignored)) {
    return Failure(
        Code::not_found,
        fmt::format(
            "{} cannot start: its working directory {} is not there", spec.title, directory.string()
        ),
        fmt::format("Create it, or correct \"cwd\" at {}.", spec.place)
    );
  }
  if (command.find('/') != std::string::npos &&
      std::filesystem::exists(directory / command, ignored)) {
    return Failure(
        Code::not_found,
        fmt::format("{} cannot start: what '{}' needs is not there", spec.title, command),
        "See the interpreter in its first line (#!...), or the loader it was linked for."
    );
  }
  const std::string searched = command.find('/') == std::string::npos
                                   ? fmt::format(", searched on PATH {}", path_of(spec.spawn))
                                   : std::string();
  return Failure(
      Code::not_found,
      fmt::format("{} cannot start: command '{}' not found{}", spec.title, command, searched),
      fmt::format("Install it, or correct \"command\" at {}.", spec.place)
  );
}

bool is_timeout(const std::exception_ptr& failure) {
  if (!failure) return false;
  try {
    std::rethrow_exception(failure);
  } catch (const Failure& reason) {
    return reason.code() == Code::timeout;
  } catch (...) {
    return false;
  }
}

/// What never answered, but wrote what is no message, most likely logs to the wrong stream.
[[noreturn]] void rethrow_with_noise(const std::exception_ptr& failure, std::size_t noise) {
  if (noise == 0 || !is_timeout(failure)) std::rethrow_exception(failure);
  try {
    std::rethrow_exception(failure);
  } catch (const Failure& reason) {
    throw Failure(
        reason.code(),
        fmt::format("{}; lines on its stdout that are no messages: {}", reason.message(), noise),
        "Let it log to stderr: stdout belongs to the protocol. Or it is no MCP server.",
        true
    );
  }
}

Task<std::shared_ptr<McpServer>> launch(process::Spawner& spawner, ServerSpec spec) {
  const auto executor = co_await asio::this_coro::executor;
  std::optional<Failure> failed;
  std::unique_ptr<process::ChildProcess> child;
  const auto trusted = spec.trust ? spec.trust->left() : std::nullopt;
  if (trusted) spec.spawn.trust = std::chrono::ceil<Milliseconds>(*trusted);
  try {
    auto starting = process::ChildProcess::start(spawner, spec.spawn);
    child = co_await std::move(starting);
  } catch (const Failure& failure) {
    failed = start_failure(failure, spec);
  }
  if (failed) throw *failed;
  co_return std::make_shared<McpServer>(executor, std::move(child), spec);
}

}  // namespace

Task<std::shared_ptr<McpServer>> McpServer::start(
    process::Spawner& spawner, ServerSpec spec, Stop& abort
) {
  bool believe = true;
  std::optional<Era> known;
  std::exception_ptr not_legacy;  ///< how it failed when it was opened as legacy
  while (true) {
    auto launching = launch(spawner, spec);
    const std::shared_ptr<McpServer> server = co_await std::move(launching);
    server->begin();
    Opening opening = Opening::gone;
    std::exception_ptr failure;
    {
      const auto subscription = abort.subscribe([server](StopReason) { server->kill_now(); });
      try {
        // Looked up while the process started, so mostly there by now.
        if (spec.era && believe) {
          auto recalling = spec.era->known(recall_patience);
          known = co_await std::move(recalling);
        }
        opening = co_await server->client_.open(known);
      } catch (...) {
        failure = std::current_exception();
      }
    }
    if (opening != Opening::gone && !failure && !must_end(abort)) {
      if (spec.era) spec.era->found(*server->client_.best_era());
      co_return server;
    }
    co_await server->kill();
    if (must_end(abort)) {
      throw Failure(
          Code::canceled,
          fmt::format(
              "{} was stopped while it started: {}", spec.title, stop_reason_name(abort.reason())
          )
      );
    }
    if (server->child_->trust_ran_out()) {
      throw Failure(Code::unavailable, fmt::format("{} was killed: no word in time", spec.title));
    }
    // A plugin runner dies of no era, so its reason is in its last words.
    if (spec.is_plugin && !failure) throw Failure(Code::unavailable, server->end_text());
    const bool remembered = std::exchange(believe, false) && known.has_value();
    if (remembered) {
      // It may have become something else behind the same command line.
      spec.era->was_wrong();
      if (spec.is_plugin || is_timeout(failure)) std::rethrow_exception(failure);
      if (known == Era::legacy) not_legacy = failure;
      known.reset();
      continue;
    }
    if (failure) rethrow_with_noise(failure, server->client_.noise());
    // It died of the probe.
    if (not_legacy) std::rethrow_exception(not_legacy);
    known = Era::legacy;
  }
}

McpServer::McpServer(
    asio::any_io_executor executor,
    std::unique_ptr<process::ChildProcess> child,
    const ServerSpec& spec
)
    : executor_(executor),
      child_(std::move(child)),
      channel_({child_->in(), std::move(child_->out())}, spec.max_message),
      stderr_(child_->err(), spec.redactor),
      client_(executor, channel_, client_options(spec)),
      title_(spec.title),
      is_plugin_(spec.is_plugin),
      trust_(spec.trust),
      loops_(executor),
      over_(executor) {
  if (trust_) trust_->cover(child_);
}

McpServer::~McpServer() = default;

void McpServer::begin() {
  const auto self = shared_from_this();
  // `self` is here too: the group counts a loop down after the loop itself has let go.
  const auto on_error = [self](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& reason) {
      spdlog::error("{}: reading its output failed: {}", self->title_, reason.what());
    }
  };
  channel_.on_broken([weak = weak_from_this()] {
    const auto broken = weak.lock();
    if (!broken) return;
    broken->deaf_ = true;
    broken->over_.ring();
  });
  loops_.start(read(self), on_error);
  loops_.start(drain_stderr(self), on_error);
  loops_.start(await_exit(self), on_error);
  loops_.start(watch(self), on_error);
}

Task<> McpServer::read(std::shared_ptr<McpServer> self) {
  co_await self->client_.run();
  self->read_to_end_ = true;
  self->over_.ring();
}

Task<> McpServer::drain_stderr(std::shared_ptr<McpServer> self) {
  co_await self->stderr_.run();
}

Task<> McpServer::await_exit(std::shared_ptr<McpServer> self) {
  co_await self->child_->exited();
  if (self->trust_ && self->child_->trust_ran_out()) self->trust_->note_ran_out();
  self->exited_ = true;
  self->over_.ring();
}

Task<> McpServer::watch(std::shared_ptr<McpServer> self) {
  co_await self->over_.wait_until(Clock::time_point::max());
  const auto patience = Clock::now() + exit_patience;
  while (!self->exited_ && Clock::now() < patience)
    co_await self->over_.wait_until(patience);
  if (!self->exited_) {
    // Nothing can be heard from it any more, or nothing can be told to it.
    if (self->deaf_) self->condemned_ = self->title_ + " closed its standard input";
    self->child_->kill();
  }
  co_await self->wait_for_quiet();
  self->report_end();
}

// What the server wrote before it died still counts, an answer above all; a process that holds the
// pipe open does not. Its own children have died with it, so what the pipe holds has an end, unless
// somebody else writes into it.
Task<> McpServer::wait_for_quiet() {
  const auto latest = Clock::now() + longest_last_words;
  int quiet_looks = 0;
  while (quiet_looks < 2 && Clock::now() < latest) {
    if (read_to_end_ && stderr_.settled()) co_return;
    quiet_looks = quiet() ? quiet_looks + 1 : 0;
    co_await pause_for(tick);
  }
}

bool McpServer::quiet() {
  return !client_.delivering() && !channel_.pending_input() && stderr_.settled();
}

void McpServer::report_end() {
  const bool hint = is_plugin_ || !exited_;
  client_.end(
      end_text(), hint ? std::string() : std::string("Start its command by hand to see more.")
  );
}

std::string McpServer::end_text() const {
  if (condemned_) return *condemned_;
  const std::vector<std::string> lines = stderr_.last_lines(lines_quoted);
  const auto status = child_->exit_status();
  if (is_plugin_ && status && status->code == exit_config && !lines.empty()) {
    return fmt::format("{} cannot be used: {}", title_, lines.back());
  }
  const std::string end = exited_ && status ? status->text() : "closed its standard output";
  if (lines.empty()) return fmt::format("{} {}, without a word on stderr", title_, end);
  return fmt::format("{} {}; its last lines on stderr:\n{}", title_, end, fmt::join(lines, "\n"));
}

Task<> McpServer::settle(Clock::duration deadline) {
  const auto until = Clock::now() + deadline;
  int quiet = 0;
  while (quiet < 3 && Clock::now() < until) {
    quiet = stderr_.settled() ? quiet + 1 : 0;
    // A read that has emptied the pipe may still be on its way to us through the queue of the io
    // thread: only what stays settled behind it is.
    if (quiet > 0) {
      co_await asio::post(executor_, asio::use_awaitable);
    } else {
      co_await pause_for(tick);
    }
  }
}

Task<> McpServer::stop(Clock::duration grace) {
  ending_ = true;
  co_await channel_.flush(std::min<Clock::duration>(grace, 200ms));
  co_await child_->stop(grace);
  co_await finish();
}

Task<> McpServer::kill() {
  ending_ = true;
  child_->kill();
  co_await child_->gone();
  co_await finish();
}

void McpServer::kill_now() {
  ending_ = true;
  child_->kill();
}

// The tree is gone, so both streams end by themselves, unless somebody outside of it holds them.
Task<> McpServer::finish() {
  auto ending = loops_.wait_until_at_most(0);
  if (co_await within(loops_patience, std::move(ending))) co_return;
  boost::system::error_code ignored;
  channel_.close_input();
  child_->err().close(ignored);
  co_await loops_.wait_until_at_most(0);
}

}  // namespace opsroom::tools
