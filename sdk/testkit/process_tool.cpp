#include "collect.hpp"
#include "pipe_child.hpp"

#include <stdexcept>

namespace opsroom::testkit {
namespace {

constexpr auto start_patience = std::chrono::seconds(60);
constexpr auto grace = std::chrono::seconds(10);

/// The environment of a plugin's process.
std::map<std::string, std::string> environment_of(const Options& options) {
  auto env = options.secrets;
  env["OPSROOM_PLUGIN_CONFIG"] = options.config.dump();
  return env;
}

/// A small MCP client of 2026-07-28 over pipes: one request at a time.
class ProcessTool final : public Tool {
 public:
  ProcessTool(std::vector<std::string> command, const Options& options)
      : command_(std::move(command)), env_(environment_of(options)) {
    if (options.waits_in_place)
      throw std::logic_error(
          "waits_in_place is for tools in memory: MCP's newest era asks in rounds"
      );
  }

  json manifest() override {
    json all = list("tools/list", "tools");
    const json capabilities = ask("server/discover", json::object()).value("capabilities", json());
    if (capabilities.contains("resources")) {
      all.update(list("resources/list", "resources"));
      all.update(list("resources/templates/list", "resourceTemplates"));
    }
    if (capabilities.contains("prompts")) all.update(list("prompts/list", "prompts"));
    return all;
  }

  json request(const std::string& method, const json& params) override {
    return ask(method, params);
  }

  Result call(const CallSpec& spec) override {
    if (spec.cancel_at != 0)
      throw std::logic_error("cancel_at counts checkpoints, which only a tool in memory shows");
    if (!shown_.is_object()) shown_ = manifest();
    Result made;
    json params{{"name", spec.tool}, {"arguments", spec.arguments}};
    while (++made.rounds <= most_rounds) {
      json reply = converse("tools/call", params, spec, made);
      if (reply.is_null()) return made;
      if (reply.contains("error")) {
        judge_error(reply["error"], made);
        return made;
      }
      json result = reply["result"];
      if (result.value("resultType", "complete") != "input_required") {
        finish(std::move(result), spec, made);
        return made;
      }
      const json responses = answered(result.value("inputRequests", json::object()), spec, made);
      if (responses.is_null()) {
        made.end = End::unanswered;
        return made;
      }
      params["inputResponses"] = responses;
      if (result.contains("requestState")) params["requestState"] = result["requestState"];
    }
    made.raw = "it asks without end";
    return made;
  }

 private:
  json list(const std::string& method, const char* key) {
    json all{{key, json::array()}};
    json params = json::object();
    while (true) {
      json page = ask(method, params);
      for (json& each : page[key])
        all[key].push_back(std::move(each));
      if (!page.contains("nextCursor")) return all;
      params["cursor"] = page["nextCursor"];
    }
  }

  json ask(const std::string& method, const json& params) {
    CallSpec spec;
    spec.tool = method;
    spec.timeout = start_patience;
    Result ignored;
    const json reply = converse(method, params, spec, ignored);
    if (reply.is_null()) throw std::runtime_error(method + ": " + ignored.raw.dump());
    if (reply.contains("error")) throw std::runtime_error(reply["error"].value("message", "error"));
    return reply["result"];
  }

  json meta(const CallSpec& spec, int id) const {
    json call = spec.context;
    call["workdir"] = spec.workdir.empty() ? std::filesystem::current_path().string()
                                           : std::filesystem::absolute(spec.workdir).string();
    return {
        {"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
        {"io.modelcontextprotocol/clientCapabilities", {{"elicitation", {{"form", json::object()}}}}
        },
        {"io.modelcontextprotocol/clientInfo", {{"name", "opsroom-testkit"}, {"version", "1"}}},
        {"io.modelcontextprotocol/logLevel", "debug"},
        {"progressToken", id},
        {"io.opsroom/call", call}
    };
  }

  /// One request and everything until its response; null when there is none, and `into` says why.
  json converse(const std::string& method, json params, const CallSpec& spec, Result& into) {
    if (!child_) child_ = std::make_unique<PipeChild>(command_, env_);
    const int id = ++last_id_;
    params["_meta"] = meta(spec, id);
    const json request{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
    child_->send(request.dump());
    const auto until = PipeChild::Clock::now() + spec.timeout;
    while (const auto line = child_->receive(until)) {
      const json message = json::parse(*line, nullptr, false);
      if (!message.is_object()) return polluted(*line, into);
      if (message.value("id", json()) == id) return message;
      take_notification(message, into);
      const bool wanted = !spec.cancel_on_log.empty() && !into.logs.empty() &&
                          into.logs.back().text.find(spec.cancel_on_log) != std::string::npos;
      if (wanted) return cancel(id, into);
    }
    if (!child_->closed()) return cancel(id, into);
    into.raw = end_child();
    return nullptr;
  }

  /// A cancelled call gets no answer; that the tool has left shows when its process can end.
  json cancel(int id, Result& into) {
    const json note{
        {"jsonrpc", "2.0"},
        {"method", "notifications/cancelled"},
        {"params", {{"requestId", id}, {"reason", "the test wants it"}}}
    };
    child_->send(note.dump());
    const std::string how = end_child();
    into.end = how == PipeChild::good_end ? End::cancelled : End::broken;
    if (into.end == End::broken) into.raw = "it did not heed the cancel: " + how;
    return nullptr;
  }

  std::string end_child() {
    const std::string how = child_->end(grace);
    child_.reset();
    return how;
  }

  json polluted(const std::string& line, Result& into) {
    into.end = End::broken;
    into.raw = "it wrote to stdout what is no message: " + line.substr(0, 200);
    end_child();
    return nullptr;
  }

  static void take_notification(const json& message, Result& into) {
    const json params = message.value("params", json::object());
    if (message.value("method", "") == "notifications/progress")
      into.progress.push_back(
          {params.value("progress", 0.0), params.value("total", 0.0), params.value("message", "")}
      );
    if (message.value("method", "") != "notifications/message") return;
    const json data = params.value("data", json());
    into.logs.push_back(
        {params.value("level", ""),
         params.value("logger", ""),
         data.is_string() ? data.get<std::string>() : data.dump()}
    );
  }

  static void judge_error(const json& error, Result& into) {
    const std::string text = error.value("message", "");
    into.raw = text;
    into.end = text.find("Unknown tool") == 0 ? End::unknown : End::broken;
  }

  void finish(json result, const CallSpec& spec, Result& into) const {
    take_result(std::move(result), shown_, spec.tool, into);
    if (into.text().find("plugin misbehaving: ") == 0) into.end = End::broken;
    // The server names the tool as logger where the tool itself speaks.
    for (LogLine& line : into.logs)
      if (line.logger == spec.tool) line.logger.clear();
    into.raw.erase("resultType");
  }

  const std::vector<std::string> command_;
  const std::map<std::string, std::string> env_;
  std::unique_ptr<PipeChild> child_;
  json shown_;
  int last_id_ = 0;
};

}  // namespace

std::unique_ptr<Tool> through_runner(
    const std::filesystem::path& runner, const std::filesystem::path& library, Options options
) {
  return as_server({runner.string(), library.string()}, std::move(options));
}

std::unique_ptr<Tool> as_server(const std::vector<std::string>& command, Options options) {
  return std::make_unique<ProcessTool>(command, options);
}

}  // namespace opsroom::testkit
