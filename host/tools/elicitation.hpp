#pragma once

#include "base/json.hpp"
#include "model/input.hpp"
#include "model/tool.hpp"

#include <optional>
#include <string>

namespace opsroom::tools::mcp {

/// What is wrong with the params of an elicitation/create; none when it can be asked.
std::optional<std::string> elicitation_fault(const Json& params);

/// What is kept of a question so that its reply can be put into MCP's words later: the defaults of
/// a form's fields; null for one by url, which has no content.
Json form_of(const Json& params);

/// An ElicitResult. Fields that an accepted form leaves out get the defaults of its schema.
Json elicit_result(const Json& form, const InputReply& reply);

/// A CreateMessageResult made of what the sampling tool said: as it is when it is one already, else
/// its text, else its output as JSON. `succeeded` must hold.
Json sampling_result(const std::string& tool, const ToolResult& said);

}  // namespace opsroom::tools::mcp
