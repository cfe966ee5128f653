#include "quick_json.hpp"

#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <opsroom/tool/plugin.hpp>

namespace opsroom::tool::detail {
namespace {

void complain(const char* what, const char* reason) noexcept {
  std::fprintf(stderr, "%s: %s\n", what, reason);
}

json failed_result(const std::string& text) {
  json result;
  put_reply(result, failure(text));
  return result;
}

void hand_in(const opsroom_call& call, const json& result) {
  const std::string text = dumped(result);
  call.result(call.host, lend(text));
}

/// Reports in words; memory may be what ran out, so even this must not throw.
opsroom_status explain(const opsroom_call& call, opsroom_status status, const char* text) noexcept
    try {
  hand_in(call, failed_result(text));
  return status;
} catch (...) {
  return OPSROOM_BROKEN;
}

/// An exception in words, with what it was thrown with inside (std::throw_with_nested).
std::string words_of(const std::exception& error) {
  std::string text = *error.what() == '\0' ? "an exception without a text" : error.what();
  if (dynamic_cast<const json::exception*>(&error) != nullptr)
    text = "the tool met JSON it did not expect: " + text;
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    text += ": " + words_of(inner);
  } catch (...) {
    text += ": something that is no std::exception";
  }
  return text;
}

opsroom_status explain_exception(const opsroom_call& call, const std::exception& error) noexcept
    try {
  hand_in(call, failed_result(words_of(error)));
  return OPSROOM_OK;
} catch (...) {
  return OPSROOM_BROKEN;
}

opsroom_status refuse(
    const opsroom_call& call, std::string_view tool, const BadArguments& error
) noexcept try {
  const bool reserved = tool.starts_with("opsroom:");
  json result = failed_result(
      (reserved ? "" : "wrong arguments for " + std::string(tool) + ": ") + error.what()
  );
  result["_meta"] = {{"io.opsroom/badArguments", {{"pointer", error.pointer()}}}};
  hand_in(call, result);
  return OPSROOM_BAD_ARGUMENTS;
} catch (...) {
  return OPSROOM_BROKEN;
}

}  // namespace

std::string manifest_text(Register fill) noexcept try {
  Registry tools;
  fill(tools);
  return tools.manifest().dump();
} catch (const std::exception& error) {
  complain("the plugin's tools can't be listed", error.what());
  return {};
} catch (...) {
  complain("the plugin's tools can't be listed", "unknown exception");
  return {};
}

opsroom_status create(Register fill, opsroom_text config, void** instance) noexcept try {
  auto made =
      std::make_unique<Registry>(config.size == 0 ? json::object() : json::parse(view(config)));
  fill(*made);
  *instance = made.release();
  return OPSROOM_OK;
} catch (const std::exception& error) {
  complain("the plugin can't start", error.what());
  return OPSROOM_BROKEN;
} catch (...) {
  complain("the plugin can't start", "unknown exception");
  return OPSROOM_BROKEN;
}

void destroy(void* instance) noexcept {
  delete static_cast<Registry*>(instance);
}

opsroom_status invoke(
    void* instance, opsroom_text tool, opsroom_text arguments, const opsroom_call* lent
) noexcept try {
  auto& tools = *static_cast<Registry*>(instance);
  if (!tools.knows(view(tool))) return OPSROOM_UNKNOWN_TOOL;
  Call call(*lent);
  hand_in(*lent, tools.invoke(view(tool), parsed(view(arguments)), call));
  return OPSROOM_OK;
} catch (const Cancelled&) {
  return OPSROOM_CANCELLED;
} catch (const NeedsInput&) {
  return OPSROOM_INPUT_REQUIRED;
} catch (const BadArguments& error) {
  return refuse(*lent, view(tool), error);
} catch (const std::bad_alloc&) {
  return explain(*lent, OPSROOM_OK, "out of memory: the tool's memory limit is reached");
} catch (const std::exception& error) {
  return explain_exception(*lent, error);
} catch (...) {
  return explain(*lent, OPSROOM_BROKEN, "the tool threw something that is no std::exception");
}

}  // namespace opsroom::tool::detail
