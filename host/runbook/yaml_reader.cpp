#include "base/failure.hpp"
#include "base/text.hpp"
#include "runbook/source_text.hpp"
#include "schema/uri.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <set>

namespace opsroom::runbook {
namespace {

constexpr std::size_t max_text = 1u << 20;
constexpr int max_depth = 64;
// Aliases let a small text stand for a huge value.
constexpr std::size_t max_nodes = 100'000;

Mark mark_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool all_digits(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

/// Whether a plain scalar is a float of the core schema:
/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_like_float(std::string_view text) {
  constexpr std::string_view decimal = "0123456789";
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!all_digits(power, decimal)) return false;
    text = text.substr(0, exponent);
  }
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return all_digits(text, decimal);
  const std::string_view before = text.substr(0, dot);
  const std::string_view after = text.substr(dot + 1);
  if (before.empty()) return all_digits(after, decimal);
  return all_digits(before, decimal) && (after.empty() || all_digits(after, decimal));
}

template <class Number>
std::optional<Number> number_from(std::string_view text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Json> integer_from(std::string_view text, int base) {
  if (const auto small = number_from<std::int64_t>(text, base)) return Json(*small);
  if (const auto large = number_from<std::uint64_t>(text, base)) return Json(*large);
  return std::nullopt;
}

class Reader {
 public:
  Reader(SourceText& source, Report& report) : source_(source), report_(report) {}

  Json convert(const YAML::Node& node, const std::string& pointer, int depth, Mark fallback) {
    const Mark mark = node.Mark().is_null() ? fallback : mark_of(node.Mark());
    source_.values[pointer] = mark;
    if (depth > max_depth || ++nodes_ > max_nodes) give_up(mark);
    check_tag(node, mark);
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return scalar(node, mark);
      case YAML::NodeType::Sequence:
        return sequence(node, pointer, depth, mark);
      case YAML::NodeType::Map:
        return map(node, pointer, depth, mark);
      default:
        return nullptr;
    }
  }

 private:
  [[noreturn]] void give_up(Mark mark) {
    report_.add(
        mark, fmt::format("nests deeper than {} or has more than {} values", max_depth, max_nodes)
    );
    report_.throw_if_any();
    throw Failure(Code::internal, "an empty report");
  }

  void check_tag(const YAML::Node& node, Mark mark) {
    const std::string& tag = node.Tag();
    constexpr std::string_view core = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?" || tag == "!") return;
    if (tag.starts_with(core)) {
      const std::string name = tag.substr(core.size());
      if (one_of(name, {"str", "int", "float", "bool", "null", "map", "seq"})) return;
    }
    report_.add(mark, fmt::format("the tag {} is not supported", tag));
  }

  Json scalar(const YAML::Node& node, Mark mark) {
    const std::string& text = node.Scalar();
    if (printable_utf8(text) != text) {
      report_.add(mark, "the text is not UTF-8");
      return nullptr;
    }
    const std::string& tag = node.Tag();
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return text;
    return plain(text, mark);
  }

  Json plain(const std::string& text, Mark mark) {
    if (one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
    if (one_of(text, {"true", "True", "TRUE"})) return true;
    if (one_of(text, {"false", "False", "FALSE"})) return false;
    std::string_view digits = text;
    if (digits.starts_with("0x")) return integer_or_text(digits.substr(2), 16, text);
    if (digits.starts_with("0o")) return integer_or_text(digits.substr(2), 8, text);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const bool negative = digits.starts_with('-') && digits == text;
    if (all_digits(negative ? digits.substr(1) : digits, "0123456789")) {
      const auto value = integer_from(digits, 10);
      if (value) return *value;
      return too_large(text, mark);
    }
    if (one_of(
            digits, {".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN"}
        )) {
      report_.add(
          mark, fmt::format("{} is no number JSON knows; quote it if a text is meant", text)
      );
      return nullptr;
    }
    if (!looks_like_float(text)) return text;
    const double value = std::strtod(text.c_str(), nullptr);
    if (!std::isfinite(value)) return too_large(text, mark);
    return value;
  }

  Json too_large(const std::string& text, Mark mark) {
    report_.add(
        mark, fmt::format("{} is too large for a number; quote it if a text is meant", text)
    );
    return nullptr;
  }

  static Json integer_or_text(std::string_view digits, int base, const std::string& text) {
    if (digits.starts_with('-')) return text;
    if (const auto value = integer_from(digits, base)) return *value;
    return text;
  }

  Json sequence(const YAML::Node& node, const std::string& pointer, int depth, Mark mark) {
    Json list = Json::array();
    for (const YAML::Node& item : node) {
      list.push_back(convert(item, fmt::format("{}/{}", pointer, list.size()), depth + 1, mark));
    }
    return list;
  }

  Json map(const YAML::Node& node, const std::string& pointer, int depth, Mark) {
    Json object = Json::object();
    for (const auto& entry : node) {
      const Mark mark = mark_of(entry.first.Mark());
      if (!entry.first.IsScalar()) {
        report_.add(mark, "a key has to be a plain text");
        continue;
      }
      const std::string& key = entry.first.Scalar();
      if (key == "<<" && entry.first.Tag() == "?") {
        report_.add(mark, "merge keys (<<) are not part of YAML 1.2; write the values out");
        continue;
      }
      if (object.contains(key)) {
        report_.add(mark, fmt::format("the key \"{}\" stands twice", printable_utf8(key)));
        continue;
      }
      const std::string child = pointer + "/" + schema::escape_token(key);
      source_.keys[child] = mark;
      object[printable_utf8(key)] = convert(entry.second, child, depth + 1, mark);
    }
    return object;
  }

  SourceText& source_;
  Report& report_;
  std::size_t nodes_ = 0;
};

[[noreturn]] void stop(Report& report, Mark mark, const std::string& message) {
  report.add(mark, message);
  report.throw_if_any();
  throw Failure(Code::internal, "an empty report");
}

std::vector<YAML::Node> documents_in(std::string_view text, Report& report) {
  try {
    return YAML::LoadAll(std::string(text));
  } catch (const YAML::Exception& error) {
    stop(report, mark_of(error.mark), "not YAML: " + error.msg);
  }
}

bool is_json_object(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{' && Json::accept(text);
}

}  // namespace

SourceText read_source(std::string_view text, Report& report) {
  if (text.size() > max_text) stop(report, {}, fmt::format("larger than {} KiB", max_text >> 10));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  SourceText source;
  // yaml-cpp does not know all of JSON's escapes, and the depth has to be known before any
  // recursion.
  if (is_json_object(text)) {
    source.value = parse_json(text, "the runbook", max_depth);
    mark_json(text, source, report);
    return source;
  }
  const auto documents = documents_in(text, report);
  if (documents.empty() || documents[0].IsNull()) stop(report, {}, "the file is empty");
  if (documents.size() > 1) {
    stop(
        report, mark_of(documents[1].Mark()), "a second document (after ---); a file is one runbook"
    );
  }
  source.value = Reader(source, report).convert(documents[0], "", 0, {});
  return source;
}

}  // namespace opsroom::runbook
