#include "tools/schema_checks.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace opsroom::tools {
namespace {

constexpr std::size_t most_values = 100'000;  ///< of a schema, each with its own cost to compile
constexpr std::size_t many_values = 2'000;
constexpr std::size_t problems_told = 5;

/// Values in `json`, counted up to `most`; a long text counts as many.
std::size_t count_values(const Json& json, std::size_t most) {
  std::size_t count = 1;
  if (json.is_string()) return count + json.get_ref<const std::string&>().size() / 64;
  if (!json.is_structured()) return count;
  for (const Json& part : json) {
    if (count > most) return count;
    count += count_values(part, most - count);
  }
  return count;
}

std::optional<schema::Validator> compile(
    const Json& schema, const char* name, std::vector<std::string>& problems
) {
  if (count_values(schema, most_values) > most_values) {
    problems.push_back(fmt::format("{}: larger than {} values", name, most_values));
    return std::nullopt;
  }
  try {
    return schema::Validator(schema);
  } catch (const Failure& failure) {
    problems.push_back(fmt::format("{}: {}", name, failure.message()));
  } catch (const std::exception& error) {
    problems.push_back(fmt::format("{}: {}", name, error.what()));
  }
  return std::nullopt;
}

std::string text_of(const std::vector<schema::Problem>& problems, std::string_view whole) {
  std::string text;
  for (std::size_t i = 0; i < problems.size() && i < problems_told; ++i) {
    const schema::Problem& problem = problems[i];
    if (i > 0) text += "; ";
    text += problem.pointer.empty() ? fmt::format("{}: ", whole)
                                    : fmt::format("at {}: ", problem.pointer);
    text += problem.message;
    if (!problem.keyword.empty()) text += fmt::format(" (rule \"{}\")", problem.keyword);
  }
  if (problems.size() > problems_told) {
    text += fmt::format("; and {} more", problems.size() - problems_told);
  }
  return text;
}

}  // namespace

SchemaChecks::SchemaChecks(const Json& input, const Json& output)
    : input_(compile(input, "inputSchema", problems_)) {
  if (!output.is_null()) output_ = compile(output, "outputSchema", problems_);
}

std::string SchemaChecks::arguments_misfit(const Json& arguments) const {
  if (!input_) return {};
  return text_of(
      input_->validate(arguments.is_null() ? Json::object() : arguments), "the arguments"
  );
}

std::string SchemaChecks::output_misfit(const Json& structured) const {
  if (!output_) return {};
  const auto problems = output_->validate(structured);
  if (!problems.empty() && structured.is_null()) return "there is no structuredContent";
  return text_of(problems, "structuredContent");
}

ToolResult refused_arguments(const std::string& tool, const std::string& misfit) {
  ToolResult result;
  result.delivery = Delivery::not_sent;
  result.error = fmt::format("{} does not take these arguments: {}", tool, misfit);
  result.hint = fmt::format("`opsroom tools show {}` shows what {} takes.", tool, tool);
  return result;
}

void blame_output(
    ToolResult& result,
    const SourceConfig& source,
    const std::string& tool,
    const std::string& misfit
) {
  std::string message = fmt::format(
      "{} lies about its schema: the result of {} is not what its outputSchema says: {}",
      source.title(),
      tool,
      misfit
  );
  if (source.output_schema == SchemaPolicy::warn) {
    spdlog::warn("{}", message);
    return;
  }
  result.succeeded = false;
  result.error = std::move(message);
  result.hint = fmt::format(
      "The call was carried out. \"outputSchema\": \"warn\" at {} accepts such results.",
      source.place
  );
}

bool worth_a_thread(const Json& value) {
  return count_values(value, many_values) > many_values;
}

}  // namespace opsroom::tools
