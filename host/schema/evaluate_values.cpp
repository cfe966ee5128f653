#include "schema/evaluate.hpp"
#include "schema/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace opsroom::schema {
namespace {

bool is_whole(const Json& value) {
  if (value.is_number_integer()) return true;
  return value.is_number_float() && std::floor(value.get<double>()) == value.get<double>();
}

bool is_of_type(const Json& value, const std::string& type) {
  if (type == "integer") return is_whole(value);
  if (type == "number") return value.is_number();
  return json_type(value) == type;
}

std::string shown(const Json& value) {
  std::string text = dump(value);
  if (text.size() > 80) text = encode_utf8(decode_utf8(text).substr(0, 77)) + "...";
  return text;
}

bool is_beyond_signed(const Json& number) {
  return number.is_number_unsigned() &&
         number.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
}

/// The library takes a whole number beyond 2^63 for a negative one where the other is signed.
bool is_less(const Json& a, const Json& b) {
  if (!a.is_number_integer() || !b.is_number_integer()) return a < b;
  const bool large_a = is_beyond_signed(a);
  const bool large_b = is_beyond_signed(b);
  if (large_a && large_b) return a.get<std::uint64_t>() < b.get<std::uint64_t>();
  return large_a || large_b ? large_b : a.get<std::int64_t>() < b.get<std::int64_t>();
}

bool is_same(const Json& a, const Json& b) {
  return a == b && is_beyond_signed(a) == is_beyond_signed(b);
}

bool is_multiple(const Json& value, const Json& divisor) {
  if (value.is_number_integer() && divisor.is_number_integer()) {
    if (value.is_number_unsigned() && divisor.is_number_unsigned()) {
      return value.get<std::uint64_t>() % divisor.get<std::uint64_t>() == 0;
    }
    if (!is_beyond_signed(value)) {
      return value.get<std::int64_t>() % divisor.get<std::int64_t>() == 0;
    }
  }
  const double a = value.get<double>();
  const double b = divisor.get<double>();
  const double quotient = a / b;
  if (!std::isfinite(quotient)) return std::fmod(a, b) == 0;
  // 0.0075 / 0.0001 is not whole in binary; people mean the decimal numbers they wrote.
  return std::fabs(quotient - std::round(quotient)) <= 1e-12 * std::max(1.0, std::fabs(quotient));
}

bool exceeds(std::size_t size, const Json& limit) {
  return static_cast<double>(size) > limit.get<double>();
}
bool falls_short(std::size_t size, const Json& limit) {
  return static_cast<double>(size) < limit.get<double>();
}

std::size_t length_of(const Json& text) {
  return decode_utf8(text.get_ref<const std::string&>()).size();
}

}  // namespace

void Evaluation::type(Frame& frame, const Json& keyword) {
  std::string wanted;
  const Json list = keyword.is_array() ? keyword : Json::array({keyword});
  for (const Json& name : list) {
    const auto& word = name.get_ref<const std::string&>();
    if (is_of_type(frame.value, word)) return;
    wanted += (wanted.empty() ? "" : " or ") + word;
  }
  fail(frame, "type", fmt::format("expected {}, got {}", wanted, json_type(frame.value)));
}

void Evaluation::enumeration(Frame& frame, const Json& keyword) {
  spend(keyword.size());
  for (const Json& allowed : keyword) {
    if (is_same(frame.value, allowed)) return;
  }
  if (quiet_ > 0) {
    frame.valid = false;
    return;
  }
  std::string list;
  for (std::size_t i = 0; i < keyword.size() && i < 12; ++i) {
    list += (i == 0 ? "" : ", ") + shown(keyword[i]);
  }
  if (keyword.size() > 12) list += ", ...";
  fail(frame, "enum", fmt::format("must be one of {}, got {}", list, shown(frame.value)));
}

void Evaluation::constant(Frame& frame, const Json& keyword) {
  if (is_same(frame.value, keyword)) return;
  fail(frame, "const", fmt::format("must be {}", shown(keyword)));
}

void Evaluation::multiple_of(Frame& frame, const Json& keyword) {
  if (!frame.value.is_number() || is_multiple(frame.value, keyword)) return;
  fail(frame, "multipleOf", fmt::format("must be a multiple of {}", shown(keyword)));
}

void Evaluation::maximum(Frame& frame, const Json& keyword) {
  if (!frame.value.is_number() || !is_less(keyword, frame.value)) return;
  fail(
      frame,
      "maximum",
      fmt::format("must be at most {}, got {}", shown(keyword), shown(frame.value))
  );
}

void Evaluation::minimum(Frame& frame, const Json& keyword) {
  if (!frame.value.is_number() || !is_less(frame.value, keyword)) return;
  fail(
      frame,
      "minimum",
      fmt::format("must be at least {}, got {}", shown(keyword), shown(frame.value))
  );
}

void Evaluation::exclusive_maximum(Frame& frame, const Json& keyword) {
  if (!frame.value.is_number() || is_less(frame.value, keyword)) return;
  fail(frame, "exclusiveMaximum", fmt::format("must be below {}", shown(keyword)));
}

void Evaluation::exclusive_minimum(Frame& frame, const Json& keyword) {
  if (!frame.value.is_number() || is_less(keyword, frame.value)) return;
  fail(frame, "exclusiveMinimum", fmt::format("must be above {}", shown(keyword)));
}

void Evaluation::max_length(Frame& frame, const Json& keyword) {
  if (!frame.value.is_string() || !exceeds(length_of(frame.value), keyword)) return;
  fail(frame, "maxLength", fmt::format("must have at most {} characters", shown(keyword)));
}

void Evaluation::min_length(Frame& frame, const Json& keyword) {
  if (!frame.value.is_string() || !falls_short(length_of(frame.value), keyword)) return;
  fail(frame, "minLength", fmt::format("must have at least {} characters", shown(keyword)));
}

void Evaluation::pattern(Frame& frame, const Json& keyword) {
  if (!frame.value.is_string()) return;
  if (matches(keyword.get_ref<const std::string&>(), frame.value.get_ref<const std::string&>()))
    return;
  fail(frame, "pattern", fmt::format("must match the pattern {}", shown(keyword)));
}

void Evaluation::format(Frame& frame, const Json& keyword) {
  if (!options_.assert_formats || !frame.value.is_string()) return;
  const auto& name = keyword.get_ref<const std::string&>();
  if (fits_format(name, frame.value.get_ref<const std::string&>())) return;
  fail(frame, "format", fmt::format("must be of the format {}", name));
}

void Evaluation::max_items(Frame& frame, const Json& keyword) {
  if (!frame.value.is_array() || !exceeds(frame.value.size(), keyword)) return;
  fail(frame, "maxItems", fmt::format("must have at most {} items", shown(keyword)));
}

void Evaluation::min_items(Frame& frame, const Json& keyword) {
  if (!frame.value.is_array() || !falls_short(frame.value.size(), keyword)) return;
  fail(frame, "minItems", fmt::format("must have at least {} items", shown(keyword)));
}

void Evaluation::unique_items(Frame& frame, const Json& keyword) {
  if (!frame.value.is_array() || !keyword.get<bool>()) return;
  std::vector<const Json*> sorted;
  for (const Json& item : frame.value)
    sorted.push_back(&item);
  const auto less = [this](const Json* a, const Json* b) {
    spend();
    return *a < *b;
  };
  std::sort(sorted.begin(), sorted.end(), less);
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (*sorted[i - 1] == *sorted[i]) {
      fail(frame, "uniqueItems", fmt::format("has the item {} twice", shown(*sorted[i])));
      return;
    }
  }
}

void Evaluation::max_properties(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object() || !exceeds(frame.value.size(), keyword)) return;
  fail(frame, "maxProperties", fmt::format("must have at most {} properties", shown(keyword)));
}

void Evaluation::min_properties(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object() || !falls_short(frame.value.size(), keyword)) return;
  fail(frame, "minProperties", fmt::format("must have at least {} properties", shown(keyword)));
}

}  // namespace opsroom::schema
