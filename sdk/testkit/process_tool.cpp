#include "collect.hpp"

#include <opsroom/testkit/client.hpp>
#include <stdexcept>

namespace opsroom::testkit {
namespace {

constexpr auto patience = std::chrono::seconds(60);
constexpr auto grace = std::chrono::seconds(10);

/// The environment of a plugin's process.
std::map<std::string, std::string> environment_of(const Options& options) {
  auto env = options.secrets;
  env["OPSROOM_PLUGIN_CONFIG"] = options.config.dump();
  return env;
}

/// A plugin behind MCP over pipes. Its process is kept between calls, unless one was cancelled.
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
    json all{{"tools", client().list("tools/list", "tools", patience)}};
    if (client().capabilities().contains("resources")) {
      all["resources"] = client().list("resources/list", "resources", patience);
      all["resourceTemplates"] =
          client().list("resources/templates/list", "resourceTemplates", patience);
    }
    if (client().capabilities().contains("prompts"))
      all["prompts"] = client().list("prompts/list", "prompts", patience);
    return all;
  }

  json request(const std::string& method, const json& params) override {
    const Client::Reply reply = client().request(method, params, patience);
    if (reply.kind == Kind::result) return reply.body;
    if (reply.kind == Kind::error) throw std::runtime_error(reply.body.value("message", "error"));
    throw std::runtime_error(method + " was not answered: " + end());
  }

  Result call(const CallSpec& spec) override {
    if (spec.cancel_at != 0)
      throw std::logic_error("cancel_at counts checkpoints, which only a tool in memory shows");
    if (!shown_.is_object()) shown_ = manifest();
    Result made;
    json params{{"name", spec.tool}, {"arguments", spec.arguments}};
    while (++made.rounds <= most_rounds) {
      const Client::Reply reply = converse(params, spec, made);
      if (reply.kind != Kind::result) {
        judge(reply, made);
        return made;
      }
      if (reply.body.value("resultType", "complete") != "input_required") {
        finish(reply.body, spec, made);
        return made;
      }
      const json responses =
          answered(reply.body.value("inputRequests", json::object()), spec, made);
      if (responses.is_null()) {
        made.end = End::unanswered;
        return made;
      }
      params["inputResponses"] = responses;
      if (reply.body.contains("requestState")) params["requestState"] = reply.body["requestState"];
    }
    made.raw = "it asks without end";
    return made;
  }

 private:
  using Kind = Client::Reply::Kind;

  Client& client() {
    if (client_) return *client_;
    client_ = std::make_unique<Client>(command_, env_);
    try {
      client_->open(patience);
    } catch (...) {
      client_.reset();
      throw;
    }
    return *client_;
  }

  std::string end() {
    const std::string how = client_->end(grace);
    client_.reset();
    return how;
  }

  Client::Reply converse(const json& params, const CallSpec& spec, Result& into) {
    json call = spec.context;
    call["workdir"] = spec.workdir.empty() ? std::filesystem::current_path().string()
                                           : std::filesystem::absolute(spec.workdir).string();
    const auto heard = [&](const json& message) {
      take_notification(message, into);
      return !spec.cancel_on_log.empty() && !into.logs.empty() &&
             into.logs.back().text.find(spec.cancel_on_log) != std::string::npos;
    };
    return client().request("tools/call", params, spec.timeout, heard, call);
  }

  /// A cancelled call gets no answer; that the tool has left shows when its process can end.
  void judge(const Client::Reply& reply, Result& into) {
    if (reply.kind == Kind::error) {
      const std::string text = reply.body.value("message", "");
      into.raw = text;
      into.end = text.find("Unknown tool") == 0 ? End::unknown : End::broken;
      return;
    }
    const bool asked = reply.kind != Kind::gone;
    const std::string how = end();
    into.end = asked && how == Client::good_end ? End::cancelled : End::broken;
    if (into.end == End::broken) into.raw = (asked ? "it did not heed the cancel: " : "") + how;
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

  void finish(const json& result, const CallSpec& spec, Result& into) const {
    take_result(result, shown_, spec.tool, into);
    if (client_->noise() > 0) {
      into.end = End::broken;
      into.raw = "it wrote to stdout what is no message: " + client_->first_noise();
      return;
    }
    if (into.text().find("plugin misbehaving: ") == 0) into.end = End::broken;
    // The server names the tool as logger where the tool itself speaks.
    for (LogLine& line : into.logs)
      if (line.logger == spec.tool) line.logger.clear();
    into.raw.erase("resultType");
  }

  const std::vector<std::string> command_;
  const std::map<std::string, std::string> env_;
  std::unique_ptr<Client> client_;
  json shown_;
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
