#include "app/tool_bench.hpp"
#include "base/failure.hpp"
#include "cli/books.hpp"
#include "cli/table.hpp"
#include "cli/tools_text.hpp"
#include "cli/tools_verbs.hpp"
#include "tools/base64.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace opsroom::cli {
namespace {

using Server = std::shared_ptr<tools::McpServer>;

constexpr Clock::duration patience = std::chrono::seconds(60);

std::string text_at(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  const bool text = object.is_object() && found != object.end() && found->is_string();
  return text ? found->get<std::string>() : std::string();
}

void must_offer(const Server& server, const char* capability) {
  if (server->client().capabilities().contains(capability)) return;
  throw Failure(
      Code::unsupported, fmt::format("{} offers no {}", server->client().title(), capability)
  );
}

Task<> list_into(Server server, std::string method, std::vector<Json>& into) {
  auto listing = server->client().list(std::move(method), patience);
  tools::Listing listed = co_await std::move(listing);
  for (Json& entry : listed.entries)
    into.push_back(std::move(entry));
}

// Templates are a list of their own, and some servers have only one of the two.
Task<> list_resources(Server server, std::vector<Json>& into) {
  must_offer(server, "resources");
  auto plain = list_into(server, "resources/list", into);
  co_await std::move(plain);
  try {
    auto templates = list_into(server, "resources/templates/list", into);
    co_await std::move(templates);
  } catch (const Failure& failure) {
    if (failure.code() == Code::timeout || !server->alive()) throw;
  }
}

Task<> list_prompts(Server server, std::vector<Json>& into) {
  must_offer(server, "prompts");
  auto listing = list_into(server, "prompts/list", into);
  co_await std::move(listing);
}

Task<> request_into(Server server, std::string method, Json params, Json& into) {
  auto asking = server->client().request(std::move(method), std::move(params), patience);
  into = co_await std::move(asking);
}

using Lister = Task<> (*)(Server, std::vector<Json>&);

Task<std::vector<Json>> listed(app::ToolBench& bench, std::string source, Lister lister) {
  std::vector<Json> entries;
  const auto use = [&entries, lister](Server server) { return lister(std::move(server), entries); };
  auto working = app::with_server(bench, bench.source(source), use);
  co_await std::move(working);
  for (Json& entry : entries)
    bench.redactor->json(entry);
  co_return entries;
}

/// As it came, secrets and all.
Task<Json> requested(app::ToolBench& bench, std::string source, std::string method, Json params) {
  Json result;
  const auto use = [&result, &method, &params](Server server) {
    return request_into(std::move(server), method, params, result);
  };
  auto working = app::with_server(bench, bench.source(source), use);
  co_await std::move(working);
  co_return result;
}

Task<int> show_resources(app::ToolBench& bench, ListResources verb, bool json) {
  auto listing = listed(bench, verb.source, &list_resources);
  const auto entries = co_await std::move(listing);
  if (json) {
    fmt::print("{}\n", dump(Json{{"resources", entries}}));
    co_return 0;
  }
  Table table({"URI", "NAME", "TYPE", "DESCRIPTION"});
  for (const Json& entry : entries) {
    const std::string uri = text_at(entry, "uri");
    table.row(
        {{tools::visible(uri.empty() ? text_at(entry, "uriTemplate") : uri)},
         {short_line(text_at(entry, "name"), 40)},
         {short_line(text_at(entry, "mimeType"), 40)},
         {short_line(text_at(entry, "description"), 60)}}
    );
  }
  if (entries.empty()) fmt::print("{} has no resources\n", verb.source);
  if (!entries.empty()) fmt::print("{}", table.text(colour_wanted(stdout)));
  co_return 0;
}

std::string arguments_text(const Json& prompt) {
  std::string text;
  const auto arguments = prompt.find("arguments");
  if (arguments == prompt.end() || !arguments->is_array()) return text;
  for (const Json& argument : *arguments) {
    const bool required = argument.is_object() && argument.value("required", Json()) == true;
    const std::string name = tools::visible(text_at(argument, "name"));
    text += fmt::format("{}{}", text.empty() ? "" : " ", required ? name : "[" + name + "]");
  }
  return text;
}

Task<int> show_prompts(app::ToolBench& bench, ListPrompts verb, bool json) {
  auto listing = listed(bench, verb.source, &list_prompts);
  const auto entries = co_await std::move(listing);
  if (json) {
    fmt::print("{}\n", dump(Json{{"prompts", entries}}));
    co_return 0;
  }
  Table table({"PROMPT", "VALUES", "DESCRIPTION"});
  for (const Json& entry : entries) {
    table.row(
        {{tools::visible(text_at(entry, "name"))},
         {arguments_text(entry)},
         {short_line(text_at(entry, "description"), 80)}}
    );
  }
  if (entries.empty()) fmt::print("{} has no prompts\n", verb.source);
  if (!entries.empty()) fmt::print("{}", table.text(colour_wanted(stdout)));
  co_return 0;
}

/// Bytes go out as they are, but not onto a terminal, which would obey them.
void print_content(const Json& content, const tools::Redactor& redactor) {
  const bool seen = ::isatty(STDOUT_FILENO) != 0;
  const std::string blob = text_at(content, "blob");
  if (blob.empty()) {
    const std::string text = redactor.text(text_at(content, "text"));
    fmt::print("{}{}", seen ? safe_lines(text) : text, seen || text.ends_with('\n') ? "" : "\n");
    if (seen) fmt::print("\n");
    return;
  }
  auto decoded = tools::decode_base64(blob);
  if (!decoded) throw Failure(Code::invalid, "the resource's blob is not base64");
  const std::string bytes = redactor.text(std::move(*decoded));
  if (seen) {
    const std::string type = redactor.text(text_at(content, "mimeType"));
    fmt::print("({} bytes of {})\n", bytes.size(), tools::visible(type));
  } else {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
  }
}

Task<int> read_resource(app::ToolBench& bench, ReadResource verb, bool json) {
  auto asking = requested(bench, verb.source, "resources/read", Json{{"uri", verb.uri}});
  Json result = co_await std::move(asking);
  if (json) {
    bench.redactor->json(result);
    fmt::print("{}\n", dump(result));
    co_return 0;
  }
  const Json contents = result.is_object() ? result.value("contents", Json::array()) : Json();
  for (const Json& content : contents)
    print_content(content, *bench.redactor);
  co_return 0;
}

Json prompt_values(const GetPrompt& verb) {
  Json values = Json::object();
  for (const std::string& word : verb.values) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Failure(Code::invalid, fmt::format("'{}' is not name=value", word));
    }
    values[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return values;
}

Task<int> show_prompt(app::ToolBench& bench, GetPrompt verb, bool json) {
  const Json params{{"name", verb.name}, {"arguments", prompt_values(verb)}};
  auto asking = requested(bench, verb.source, "prompts/get", params);
  Json result = co_await std::move(asking);
  bench.redactor->json(result);
  if (json) {
    fmt::print("{}\n", dump(result));
    co_return 0;
  }
  const Json messages = result.is_object() ? result.value("messages", Json::array()) : Json();
  for (const Json& message : messages) {
    const Json content = message.is_object() ? message.value("content", Json()) : Json();
    const std::string text = text_at(content, "text");
    fmt::print(
        "{}: {}\n",
        tools::visible(text_at(message, "role")),
        text.empty() ? json_text(content) : safe_lines(text)
    );
  }
  co_return 0;
}

}  // namespace

int perform_tools(const Context& context, const ListResources& verb) {
  const auto work = [&](app::ToolBench& b) { return show_resources(b, verb, context.json); };
  return app::at_tool_bench(context.settings, context.layout, work);
}

int perform_tools(const Context& context, const ReadResource& verb) {
  const auto work = [&](app::ToolBench& b) { return read_resource(b, verb, context.json); };
  return app::at_tool_bench(context.settings, context.layout, work);
}

int perform_tools(const Context& context, const ListPrompts& verb) {
  const auto work = [&](app::ToolBench& b) { return show_prompts(b, verb, context.json); };
  return app::at_tool_bench(context.settings, context.layout, work);
}

int perform_tools(const Context& context, const GetPrompt& verb) {
  const auto work = [&](app::ToolBench& b) { return show_prompt(b, verb, context.json); };
  return app::at_tool_bench(context.settings, context.layout, work);
}

}  // namespace opsroom::cli
