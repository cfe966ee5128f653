// What authors get wrong, and the words in which the compiler has to say so: "says:" behind it.
// wrong_use_test.cpp compiles this file and reads the errors.
#include <opsroom/tool.hpp>

namespace tool = opsroom::tool;

struct Good {
  std::string text;
  int count = 0;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("text", &Good::text, ""), tool::option("count", &Good::count, "")
    );
  }
};

struct Undescribed {
  int x = 0;
};

/// A class keeps its members to itself unless told otherwise.
class Private {
  int x_ = 0;
  static constexpr auto fields() { return tool::fields(tool::field("x", &Private::x_, "")); }
};

enum class Nameless { one };

template <class T>
struct Holding {
  T member{};
  static constexpr auto fields() {
    return tool::fields(tool::field("member", &Holding::member, ""));
  }
};

void wrong_arguments(tool::Registry& tools) {
  // says: structs with a public table of their members: static constexpr auto fields()
  tools.add<Undescribed>("a", "", [](const Undescribed&, tool::Call&) { return "x"; });
  tools.add<Private>("b", "", [](const Private&, tool::Call&) { return "x"; });
  tools.settings<Undescribed>();
}

void wrong_handlers(tool::Registry& tools) {
  // says: a tool's handler is called as handler(const Args&, tool::Call&)
  tools.add<Good>("a", "", [](const Good&) { return "x"; });
  // says: a tool's handler returns a described struct, a tool::Outcome of one, a tool::Reply
  tools.add<Good>("b", "", [](const Good&, tool::Call&) { return 7; });
  tools.add<Good>("c", "", [](const Good&, tool::Call&) {});
}

void wrong_members(tool::Registry& tools) {
  const auto handler = [](const auto&, tool::Call&) { return "x"; };
  // says: give this enum a describe() function beside it
  tools.add<Holding<Nameless>>("a", "", handler);
  // says: a pointer can't travel as JSON: use std::string for text
  tools.add<Holding<const char*>>("b", "", handler);
  // says: or use a type that tool.hpp knows: std::string, bool, numbers
  tools.add<Holding<Undescribed>>("c", "", handler);
  tools.add<Holding<std::map<int, int>>>("d", "", handler);
}

void wrong_limits() {
  // says: pattern() is for strings
  tool::field("count", &Good::count, "").pattern("^x");
  // says: format() is for strings
  tool::field("count", &Good::count, "").format("email");
  // says: one_of() is for strings
  tool::field("count", &Good::count, "").one_of({"a"});
  // says: a range is for numbers
  tool::field("text", &Good::text, "").at_least(1);
  // says: a size is for strings, lists and maps
  tool::field("count", &Good::count, "").not_empty();
  // says: unique() is for lists
  tool::field("text", &Good::text, "").unique();
}

void wrong_question(tool::Call& call) {
  // says: a form asks for plain values
  call.ask<Holding<Good>>("key", "What?");
}
