#include "model/input_reply.hpp"

#include "base/text.hpp"
#include "model/input_form.hpp"
#include "schema/formats.hpp"
#include "schema/uri.hpp"
#include "schema/validator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace opsroom {
namespace {

std::string in_words(const std::vector<ReplyProblem>& problems) {
  std::string text = "the answer does not fit what is asked: ";
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const ReplyProblem& problem = problems[i];
    if (i > 0) text += "; ";
    if (!problem.pointer.empty()) text += problem.pointer + ": ";
    text += problem.message;
    if (!problem.rule.empty()) text += fmt::format(" ({})", problem.rule);
  }
  return text;
}

std::string pointer_to(const std::string& name) {
  return '/' + schema::escape_token(name);
}

/// A format nobody here can check is a note for people, not a reason to refuse the question.
Json checkable(Json rule) {
  const auto format = rule.find("format");
  const bool known = format != rule.end() && format->is_string() &&
                     schema::knows_format(format->get_ref<const std::string&>());
  if (format != rule.end() && !known) rule.erase(format);
  return rule;
}

/// The requested schema as a plain one. Its own `$schema` is left out: the restricted keywords mean
/// the same in every dialect.
Json form_rule(const std::vector<FormField>& fields) {
  Json properties = Json::object();
  for (const FormField& field : fields)
    properties[field.name] = checkable(field.rule);
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

ReplyProblem unknown_field(const std::string& name, const std::vector<FormField>& fields) {
  std::vector<std::string> names;
  for (const FormField& field : fields)
    names.push_back(field.name);
  const auto near = nearest(name, names);
  std::string message = "is not asked for";
  if (near) {
    message += fmt::format("; did you mean \"{}\"?", *near);
  } else if (!names.empty()) {
    message += "; there are " + listing(names, 12);
  }
  return {pointer_to(name), "additionalProperties", std::move(message)};
}

std::vector<ReplyProblem> name_problems(const std::vector<FormField>& fields, const Json& content) {
  std::vector<ReplyProblem> problems;
  for (const FormField& field : fields) {
    if (field.required && !content.contains(field.name))
      problems.push_back({pointer_to(field.name), "required", "is required"});
  }
  for (const auto& [name, value] : content.items()) {
    const auto has_name = [&key = name](const FormField& field) { return field.name == key; };
    if (std::none_of(fields.begin(), fields.end(), has_name))
      problems.push_back(unknown_field(name, fields));
  }
  return problems;
}

schema::Validator validator_of(Json rule) {
  schema::Options options;
  options.assert_formats = true;
  try {
    return schema::Validator(std::move(rule), options);
  } catch (const Failure& failure) {
    throw Failure(
        Code::invalid,
        fmt::format("the question itself is wrong: its schema: {}", failure.message()),
        "It cannot be accepted: decline or cancel it, and tell whoever makes the tool."
    );
  }
}

Json checked_content(const InputAsk& ask, Json content) {
  const auto fields = form_fields(ask);
  if (content.is_null()) content = Json::object();
  if (!content.is_object()) {
    throw UnfitReply({{"", "type", fmt::format("expected object, got {}", json_type(content))}});
  }
  const Json rule = form_rule(fields);
  content = schema::with_defaults(rule, std::move(content));
  auto problems = name_problems(fields, content);
  for (auto& problem : validator_of(rule).validate(content))
    problems.push_back({problem.pointer, problem.keyword, problem.message});
  if (!problems.empty()) throw UnfitReply(std::move(problems));
  return content;
}

void refuse_content(const InputReply& reply, std::string_view why) {
  if (reply.content.is_null() || reply.content.empty()) return;
  throw UnfitReply({{"", "", fmt::format("{} takes no content", why)}});
}

}  // namespace

UnfitReply::UnfitReply(std::vector<ReplyProblem> problems)
    : Failure(Code::invalid, in_words(problems)), problems_(std::move(problems)) {}

InputReply checked_reply(const InputAsk& ask, InputReply reply) {
  if (reply.action == InputAction::accept && !asks_for_visit(ask)) {
    return {InputAction::accept, checked_content(ask, std::move(reply.content))};
  }
  refuse_content(
      reply, reply.action == InputAction::accept ? "an address to visit" : to_string(reply.action)
  );
  return {reply.action, Json()};
}

}  // namespace opsroom
