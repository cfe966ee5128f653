#pragma once

#include "base/json.hpp"
#include "model/tool.hpp"

#include <string>

namespace opsroom::tools::mcp {

/// Fills in a tools/call result: output, error text and artifacts. Structured content is the
/// output, else `{"text": …}` with the text contents joined. Contents of other kinds follow as they
/// came under `content`; the bytes of images, sounds and embedded files become artifacts, which
/// their entries name. Failure{invalid} when `result` is no call result.
void read_call_result(Json result, ToolResult& into);

/// The same for a result that was text and nothing else, read already.
void take_text_result(std::string text, bool failed, ToolResult& into);

/// Puts the step before the names that were made up for artifacts, which must be unique in the run.
void name_artifacts(ToolResult& result, const std::string& step);

}  // namespace opsroom::tools::mcp
