#include "tools/inspection.hpp"

#include <boost/asio/detached.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <set>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration patience = 60s;
constexpr Clock::duration grace = 2s;

Milliseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
}

// Not McpClient::list, which hides that a name comes twice.
Task<> list_tools(std::shared_ptr<McpServer> server, Inspection& into) {
  std::set<std::string> names;
  std::set<std::string> cursors;
  Json params = Json::object();
  const auto until = Clock::now() + patience;
  for (std::size_t pages = 0; pages < McpClient::most_pages; ++pages) {
    auto asking = server->client().request("tools/list", params, until - Clock::now());
    mcp::ToolPage page = mcp::tool_page(co_await std::move(asking));
    for (Json& tool : page.tools) {
      const std::string name = tool["name"].get<std::string>();
      if (names.insert(name).second) {
        into.tools.push_back(std::move(tool));
      } else {
        into.twice.push_back(name);
      }
    }
    if (!page.next) co_return;
    const bool again = !cursors.insert(*page.next).second;
    if (again || into.tools.size() > McpClient::most_entries) break;
    params["cursor"] = *page.next;
  }
  throw Failure(
      Code::exhausted,
      "its tools/list does not end: it comes back to a page, or has too many",
      fmt::format(
          "At most {} pages and {} tools are read, and each cursor once; tell its author.",
          McpClient::most_pages,
          McpClient::most_entries
      )
  );
}

Task<> look(std::shared_ptr<McpServer> server, Inspection& into) {
  const McpClient& client = server->client();
  into.era = to_string(*client.era());
  into.identity = client.identity();
  const auto begin = Clock::now();
  auto listing = list_tools(server, into);
  co_await std::move(listing);
  into.listed_in = since(begin);
}

}  // namespace

Task<Inspection> inspect(
    SourceLauncher& launcher, SourceConfig source, std::filesystem::path lane, Stop& stop
) {
  Inspection seen;
  seen.secrets = source.secrets;
  std::shared_ptr<McpServer> server;
  const auto begin = Clock::now();
  try {
    // Blocks for the digests; whoever inspects does nothing else meanwhile.
    if (source.refusal.empty()) {
      seen.command = CommandPrinter().print(source, launcher.spawn_of(source, lane));
    }
    auto starting = launcher.start(source, lane, patience, stop);
    server = co_await std::move(starting);
    seen.opened_in = since(begin);
    const auto kill = [server](StopReason) { server->kill_now(); };
    const auto subscription = stop.subscribe(kill);
    auto looking = look(server, seen);
    co_await std::move(looking);
  } catch (const Failure& failure) {
    seen.failure = failure;
  }
  if (server) {
    seen.noise = server->client().noise();
    co_await server->stop(grace);
  }
  co_return seen;
}

Pin pin_of(const Inspection& inspection) {
  if (inspection.failure) throw *inspection.failure;
  Pin pin;
  pin.command = inspection.command.value_or(CommandPrint{});
  pin.surface = Surface(inspection.tools, Redactor(inspection.secrets));
  pin.surface_digest = pin.surface.digest();
  pin.pinned_at = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  return pin;
}

std::vector<Change> drift(const Pin& pin, const Inspection& inspection) {
  std::vector<Change> changes;
  if (inspection.command) changes = drift_of_command(pin, *inspection.command);
  if (inspection.failure) return changes;
  for (Change& change :
       compare(pin.surface, Surface(inspection.tools, Redactor(inspection.secrets))))
    changes.push_back(std::move(change));
  return changes;
}

}  // namespace opsroom::tools
