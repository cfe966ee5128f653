#include "render.hpp"

#include "filters.hpp"
#include "scope.hpp"

namespace opsroom::plugins::templates {
namespace {

/// Loops within loops over large lists end here, however little they print.
constexpr std::size_t most_steps = 1'000'000;

bool is_true(const json& value) {
  if (value.is_null()) return false;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

std::string shown(const Operand& operand) {
  std::string text;
  for (const auto& part : operand.path)
    text += (text.empty() ? "" : ".") + part;
  return text.empty() ? operand.literal.dump() : text;
}

class Renderer {
 public:
  explicit Renderer(const RenderOptions& options) : options_(options) {}

  void nodes(const std::vector<Node>& all, const Scope& scope) {
    for (const Node& each : all)
      node(each, scope);
  }

  std::string take() { return std::move(text_); }

 private:
  void node(const Node& node, const Scope& scope) {
    step(node.place);
    switch (node.kind) {
      case Node::Kind::text:
        return append(node.text, node.place);
      case Node::Kind::value:
        return value(node, scope);
      case Node::Kind::choice:
        return nodes(holds(node, scope) ? node.body : node.otherwise, scope);
      case Node::Kind::each:
        return each(node, scope);
    }
  }

  void step(const Place& place) {
    if (++steps_ > most_steps)
      throw TemplateError(place, "the template takes too much work; loop over less");
    if (steps_ % 1024 == 1 && options_.breathe) options_.breathe();
  }

  void append(std::string_view text, const Place& place) {
    if (text_.size() + text.size() > options_.most_bytes)
      throw TemplateError(
          place,
          "the text grows beyond " + std::to_string(options_.most_bytes) +
              " bytes; raise max_bytes or print less"
      );
    text_ += text;
  }

  /// `lenient`: a filter after it takes care of what is missing.
  const json& look_up(const Operand& operand, const Scope& scope, bool lenient = false) const {
    static const json none;
    if (operand.path.empty()) return operand.literal;
    std::string problem;
    if (const json* found = scope.find(operand.path, problem)) return *found;
    if (operand.may_lack || lenient || !options_.strict) return none;
    throw TemplateError(
        operand.place, problem + "; write " + shown(operand) + "? if it may be missing"
    );
  }

  /// The value itself where no filter changes it, since it may be large; else the one in `made`.
  const json& evaluate(const Expression& expression, const Scope& scope, Filtered& made) const {
    const bool has_default =
        !expression.filters.empty() && expression.filters.front().name == "default";
    const json& found = look_up(expression.value, scope, has_default);
    if (expression.filters.empty()) return found;
    made.value = found;
    for (const Filter& filter : expression.filters)
      apply(filter, made);
    return made.value;
  }

  void value(const Node& node, const Scope& scope) {
    Filtered made;
    const json& found = evaluate(node.expression, scope, made);
    const bool nothing = found.is_null() && options_.escape != Escape::for_json &&
                         (node.expression.value.may_lack || !options_.strict);
    if (nothing) return;
    try {
      const bool as_it_is = made.written || node.unescaped;
      append(as_it_is ? plain(found) : escaped(found, options_.escape), node.place);
    } catch (const std::invalid_argument& error) {
      throw TemplateError(node.place, "'" + shown(node.expression.value) + "' " + error.what());
    }
  }

  bool holds(const Node& node, const Scope& scope) const {
    const Expression& asked = node.expression;
    Filtered made;
    const json& left = evaluate(asked, scope, made);
    bool yes = false;
    if (asked.comparison.empty())
      yes = is_true(left);
    else
      yes = (left == look_up(asked.other, scope)) == (asked.comparison == "==");
    return yes != node.inverted;
  }

  void each(const Node& node, const Scope& scope) {
    Filtered made;
    const json& list = evaluate(node.expression, scope, made);
    if (!list.is_array() && !list.is_object() && !list.is_null())
      throw TemplateError(
          node.place, "'" + shown(node.expression.value) + "' is neither a list nor an object"
      );
    if (list.empty()) return nodes(node.otherwise, scope);
    std::size_t index = 0;
    for (const auto& [key, item] : list.items()) {
      step(node.place);
      Round round{index, index + 1, index == 0, index + 1 == list.size(), index};
      if (list.is_object()) round.key = key;
      nodes(node.body, Scope(scope, item, node.text, round));
      ++index;
    }
  }

  const RenderOptions& options_;
  std::string text_;
  std::size_t steps_ = 0;
};

}  // namespace

std::string render(std::string_view text, const json& data, const RenderOptions& options) {
  const std::vector<Node> nodes = parse(text);
  const Scope scope(data);
  Renderer renderer(options);
  renderer.nodes(nodes, scope);
  return renderer.take();
}

}  // namespace opsroom::plugins::templates
