#include "app/tool_bench.hpp"
#include "cli/books.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "cli/tools_text.hpp"
#include "cli/tools_verbs.hpp"
#include "tools/catalogue.hpp"
#include "tools/surface.hpp"

#include <fmt/format.h>

namespace opsroom::cli {
namespace {

struct Listed {
  std::shared_ptr<const tools::Offer> offer;
  std::optional<Failure> failure;
};

Task<> list_one(app::ToolBench& bench, tools::SourceConfig source, Listed& into) {
  try {
    auto offering = app::offer_of(bench, std::move(source));
    into.offer = co_await std::move(offering);
  } catch (const Failure& failure) {
    into.failure = bench.redactor->failure(failure);
  }
}

/// All at once, since most of the time is spent waiting for them to start.
Task<std::map<std::string, Listed>> list_all(
    app::ToolBench& bench, std::vector<tools::SourceConfig> sources
) {
  std::map<std::string, Listed> listed;
  TaskGroup group(bench.executor);
  for (const tools::SourceConfig& source : sources) {
    Listed& mine = listed[source.name];
    group.start(list_one(bench, source, mine), [&mine](std::exception_ptr) {
      mine.failure = Failure(Code::internal, "listing it failed");
    });
  }
  co_await group.wait_until_at_most(0);
  co_return listed;
}

Json tool_json(const app::ToolBench& bench, const tools::OfferedTool& tool, bool pinned) {
  const ToolDescriptor& described = tool.described();
  Json json = tool.listed();
  bench.redactor->json(json);
  json["name"] = described.name;
  json["pinned"] = pinned;
  json["safeToRepeat"] = described.safe_to_repeat;
  return json;
}

Task<int> list_tools(app::ToolBench& bench, ListTools verb, bool json) {
  std::vector<std::string> names;
  if (!verb.source.empty()) names.push_back(verb.source);
  auto listing = list_all(bench, bench.sources(names));
  const auto listed = co_await std::move(listing);
  Table table({"TOOL", "PINNED", "DESCRIPTION"});
  Json array = Json::array();
  Json failures = Json::array();
  bool any = false;
  for (const auto& [name, source] : listed) {
    if (source.failure) {
      failures.push_back(
          {{"source", name}, {"error", source.failure->message()}, {"hint", source.failure->hint()}}
      );
      continue;
    }
    const bool pinned = !source.offer->pin().empty();
    for (const auto& tool : source.offer->all()) {
      any = true;
      array.push_back(tool_json(bench, *tool, pinned));
      table.row(
          {{tools::visible(tool->described().name)},
           {pinned ? "yes" : "no", pinned ? Ink::green : Ink::plain},
           {short_line(bench.redactor->text(tool->described().description), 90)}}
      );
    }
  }
  if (json) {
    fmt::print("{}\n", dump(Json{{"tools", std::move(array)}, {"failures", failures}}));
  } else if (any) {
    fmt::print("{}", table.text(colour_wanted(stdout)));
  }
  if (!json) {
    for (const auto& [name, source] : listed) {
      if (source.failure) print_failure(name, *source.failure);
    }
  }
  co_return failures.empty() ? 0 : 1;
}

void print_schema(const char* title, const Json& schema) {
  if (schema.is_null()) return;
  fmt::print("\n{}\n{}\n", title, json_text(schema));
}

std::string pin_text(app::ToolBench& bench, const std::string& source) {
  const auto lock = bench.pins.now();
  const tools::Pin* pin = lock->find(source);
  if (pin == nullptr) return fmt::format("not pinned (`opsroom tools pin {}`)", source);
  return fmt::format(
      "pinned {} as {}", tools::visible(pin->pinned_at), pin->surface_digest.substr(0, 12)
  );
}

Task<int> show_tool(app::ToolBench& bench, ShowTool verb, bool json) {
  const tools::Catalogue names(bench.config);
  const tools::SourceConfig& source = names.source_of(verb.tool);
  tools::Catalogue::check_filter(source, verb.tool);
  auto offering = app::offer_of(bench, source);
  const auto offer = co_await std::move(offering);
  const auto tool = offer->find(verb.tool);
  const ToolDescriptor described = bench.toolbox.shown(tool->described());
  if (json) {
    fmt::print("{}\n", dump(tool_json(bench, *tool, !offer->pin().empty())));
    co_return 0;
  }
  const bool colour = colour_wanted(stdout);
  fmt::print("{}\n", inked(tools::visible(described.name), Ink::bold, colour));
  fmt::print("{}\n", safe_lines(described.description));
  fmt::print("\nsource       {}, {}\n", source.title(), pin_text(bench, source.name));
  fmt::print(
      "annotations  {}{}\n",
      described.annotations.empty() ? "none" : tools::visible(dump(described.annotations)),
      described.annotations.empty() ? ""
      : source.trusted              ? " (believed)"
                                    : " (not believed)"
  );
  print_schema("arguments", described.input_schema);
  print_schema("result", described.output_schema);
  for (const std::string& problem : tool->checks()->problems())
    fmt::print(
        stderr, "nothing is checked by its {}\n", bench.redactor->text(tools::visible(problem))
    );
  co_return 0;
}

}  // namespace

int perform_tools(const Context& context, const ListTools& verb) {
  const auto work = [&](app::ToolBench& bench) { return list_tools(bench, verb, context.json); };
  return app::at_tool_bench(context.settings, context.layout, work);
}

int perform_tools(const Context& context, const ShowTool& verb) {
  const auto work = [&](app::ToolBench& bench) { return show_tool(bench, verb, context.json); };
  return app::at_tool_bench(context.settings, context.layout, work);
}

}  // namespace opsroom::cli
