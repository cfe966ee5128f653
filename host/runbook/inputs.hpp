#pragma once

#include "base/json.hpp"
#include "runbook/plan.hpp"

#include <string>
#include <vector>

namespace opsroom::runbook {

/// `given` with the defaults of the runbook, checked against its schema. Failure{invalid} names
/// every missing, wrong or unknown input; its hint says `--input name=value`. null counts as {}.
Json fill_inputs(const Plan& plan, const Json& given);

/// Turns "name=value" words into typed inputs: the schema of `name` says whether the text is a
/// string, integer, number, boolean, null or JSON. "name=@file" takes the content of a file,
/// "name=@@x" means the text "@x". Does not look for missing inputs: fill_inputs does.
Json parse_input_values(const Plan& plan, const std::vector<std::string>& key_values);

/// The same for one text and one property schema; `name` is for messages.
Json typed_input(const std::string& name, const Json& schema, const std::string& text);

}  // namespace opsroom::runbook
