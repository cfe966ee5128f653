#include "filters.hpp"

#include <algorithm>
#include <cctype>
#include <map>

namespace opsroom::plugins::templates {
namespace {

using Apply = void (*)(Filtered&, const json& argument);

template <class Change>
std::string each_letter(std::string text, Change change) {
  // ASCII only: letters beyond it depend on a language, which a template does not say.
  for (char& letter : text)
    letter = static_cast<char>(change(static_cast<unsigned char>(letter)));
  return text;
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string joined(const json& list, const std::string& between) {
  if (!list.is_array()) throw std::invalid_argument("is no list, and only lists can be joined");
  std::string made;
  for (std::size_t i = 0; i < list.size(); ++i)
    made += (i == 0 ? "" : between) + plain(list[i]);
  return made;
}

std::size_t length_of(const json& value) {
  if (value.is_array() || value.is_object()) return value.size();
  const std::string text = plain(value);
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

void write(Filtered& through, std::string text) {
  through.value = std::move(text);
  through.written = true;
}

const std::map<std::string, Apply, std::less<>>& table() {
  static const std::map<std::string, Apply, std::less<>> filters{
      {"json", [](Filtered& it, const json&) { write(it, escaped(it.value, Escape::for_json)); }},
      {"pretty",
       [](Filtered& it, const json&) {
         write(it, it.value.dump(2, ' ', false, json::error_handler_t::replace));
       }},
      {"html", [](Filtered& it, const json&) { write(it, html(plain(it.value))); }},
      {"shell", [](Filtered& it, const json&) { write(it, escaped(it.value, Escape::for_shell)); }},
      {"url", [](Filtered& it, const json&) { write(it, percent_encoded(plain(it.value))); }},
      {"raw", [](Filtered& it, const json&) { write(it, plain(it.value)); }},
      {"upper",
       [](Filtered& it, const json&) {
         it.value = each_letter(plain(it.value), [](int c) { return std::toupper(c); });
       }},
      {"lower",
       [](Filtered& it, const json&) {
         it.value = each_letter(plain(it.value), [](int c) { return std::tolower(c); });
       }},
      {"trim", [](Filtered& it, const json&) { it.value = trimmed(plain(it.value)); }},
      {"length", [](Filtered& it, const json&) { it.value = length_of(it.value); }},
      {"join",
       [](Filtered& it, const json& between) {
         it.value = joined(it.value, between.is_null() ? ", " : plain(between));
       }},
      {"default",
       [](Filtered& it, const json& instead) {
         if (it.value.is_null()) it.value = instead;
       }},
  };
  return filters;
}

std::string names() {
  std::string all;
  for (const auto& [name, ignored] : table())
    all += (all.empty() ? "" : ", ") + name;
  return all;
}

}  // namespace

void apply(const Filter& filter, Filtered& through) {
  const auto found = table().find(filter.name);
  if (found == table().end())
    throw TemplateError(
        filter.place, "no filter is called '" + filter.name + "'; there are " + names()
    );
  try {
    found->second(through, filter.argument);
  } catch (const std::invalid_argument& error) {
    throw TemplateError(filter.place, "| " + filter.name + ": the value " + error.what());
  }
}

}  // namespace opsroom::plugins::templates
