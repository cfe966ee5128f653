#pragma once
#include <cstddef>
#include <cstdint>
#include <opsroom/tool/fields.hpp>
#include <string>
#include <vector>

/// What the library knows of an author's C++ types. Everything that reads, writes and describes
/// values works on these tables and is compiled once in the library; a tool's own source only fills
/// them in (shape_of.hpp), which is why it compiles fast.
namespace opsroom::tool::detail {

struct Shape;
using ShapeOf = const Shape& (*)();

/// Functions of the library that an author's container calls with the place of a value; both live
/// only during the call.
struct Fill {
  void (*run)(void* with, void* value);
  void* with;
  void operator()(void* value) const { run(with, value); }
};
struct Look {
  void (*run)(void* with, const void* value);
  void* with;
  void operator()(const void* value) const { run(with, value); }
};
struct LookMember {
  void (*run)(void* with, const std::string& key, const void* value);
  void* with;
  void operator()(const std::string& key, const void* value) const { run(with, key, value); }
};

enum class Kind {
  anything,
  text,
  boolean,
  integer,
  number,
  null,
  choice,
  maybe,
  any_of,
  structure,
  map,
  list
};

/// A type; lives as long as the program. Values are handed over by their address.
struct Shape {
  Kind kind;
};

struct IntegerShape : Shape {
  std::size_t bytes;
  bool is_signed;
};

/// float or double.
struct NumberShape : Shape {
  std::size_t bytes;
};

/// An enum by its table of values.
struct ChoiceShape : Shape {
  struct Choice {
    const char* name;
    const char* title;
    std::int64_t value;
  };
  std::size_t bytes;
  bool is_signed;
  std::vector<Choice> all{};

  ChoiceShape(std::size_t size, bool with_sign);
  void add(const char* name, const char* title, std::int64_t value);
};

/// std::optional and what else is there or not.
struct MaybeShape : Shape {
  ShapeOf inner;
  void (*clear)(void* maybe);
  void* (*emplace)(void* maybe);
  const void* (*held)(const void* maybe);  ///< null when there is none
};

struct VariantShape : Shape {
  struct Alternative {
    ShapeOf shape;
    void (*emplace)(void* variant, Fill fill);
    const void* (*held)(const void* variant);  ///< null when it holds another one
  };
  const Alternative* alternatives;
  std::size_t count;
  void (*with_fresh)(Look look);
};

struct ListShape : Shape {
  ShapeOf element;
  void (*clear)(void* list);
  void (*append)(void* list, Fill fill);
  void (*each)(const void* list, Look look);
  std::size_t (*size)(const void* list);
};

struct MapShape : Shape {
  ShapeOf value;
  void (*clear)(void* map);
  void (*insert)(void* map, const std::string& key, Fill fill);
  void (*each)(const void* map, LookMember look);
  std::size_t (*size)(const void* map);
};

struct FieldShape {
  Limits limits;
  ShapeOf shape;
  std::ptrdiff_t offset;

  const void* in(const void* structure) const {
    return static_cast<const char*>(structure) + offset;
  }
  void* in(void* structure) const { return static_cast<char*>(structure) + offset; }
};

struct StructShape : Shape {
  const char* signature;  ///< holds the type's name, as the compiler writes it
  void (*with_fresh)(Look look);
  void (*start_over)(void* structure);
  std::vector<FieldShape> fields{};

  StructShape(const char* text, void (*fresh)(Look look), void (*renew)(void* structure));
  void add(const Limits& limits, ShapeOf shape, std::ptrdiff_t offset);
};

/// Whose schema it is: of arguments, where much may be left out, or of a result, where all is
/// there.
enum class Direction { in, out };

// The whole of it. Places in errors begin with `pointer`; a struct in `into` is as it starts.
void read_value(const Shape& shape, const json& value, const std::string& pointer, void* into);
void write_value(const Shape& shape, const void* value, json& made);
void make_schema(const Shape& shape, Direction way, json& made);

}  // namespace opsroom::tool::detail
