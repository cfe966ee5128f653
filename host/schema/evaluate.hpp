#pragma once

#include "schema/document.hpp"

#include <set>
#include <string>
#include <vector>

namespace opsroom::schema {

/// Thrown inside a check whose bounds are used up; never leaves the layer. It must not count as
/// "does not fit", or `not` would turn giving up into a pass.
struct GaveUp {
  std::string why;
};

/// Members of one value that some subschema has looked at, for the `unevaluated` keywords.
struct Seen {
  bool all_properties = false;
  bool all_items = false;
  std::size_t first_items = 0;
  std::set<std::string> properties;
  std::set<std::size_t> items;
  void merge(const Seen& other);
};

/// One check of one value: applies subschemas recursively and collects what is wrong.
class Evaluation {
 public:
  Evaluation(const Document& document, const Options& options);

  std::vector<Problem> run(const Json& value);

 private:
  struct Frame {
    const Json& schema;
    const Json& value;
    const Document::Node& node;
    Seen seen;
    bool valid = true;
  };
  using Handler = void (Evaluation::*)(Frame&, const Json&);
  static Handler handler_for(const std::string& keyword);

  bool apply(const Json& schema, const Json& value, Seen* seen);
  void apply_keywords(Frame& frame);
  void apply_late(Frame& frame, const char* keyword, Handler handler);
  /// Applies to a member of the value; `token` extends the pointer.
  bool apply_to_member(const Json& schema, const Json& value, const std::string& token);
  /// Applies without recording problems, or recording them to `captured`.
  bool attempt(
      const Json& schema, const Json& value, Seen* seen, std::vector<Problem>* captured = nullptr
  );
  void in_place(Frame& frame, const Json& schema);
  void fail(Frame& frame, const char* keyword, std::string message);
  void fail_at(Frame& frame, const char* keyword, const std::string& token, std::string message);
  void record(Problem problem);
  void spend(std::size_t amount = 1);
  bool done(const Frame& frame) const { return !frame.valid && quiet_ > 0; }
  bool matches(const std::string& pattern, const std::string& text);
  bool has_named_property(const Json& schema, const std::string& name);
  std::string branch_reasons(const std::vector<std::vector<Problem>>& branches) const;

  void ref(Frame& frame, const Json& keyword);
  void dynamic_ref(Frame& frame, const Json& keyword);
  void all_of(Frame& frame, const Json& keyword);
  void any_of(Frame& frame, const Json& keyword);
  void one_of(Frame& frame, const Json& keyword);
  void not_schema(Frame& frame, const Json& keyword);
  void if_then_else(Frame& frame, const Json& keyword);

  void properties(Frame& frame, const Json& keyword);
  void pattern_properties(Frame& frame, const Json& keyword);
  void additional_properties(Frame& frame, const Json& keyword);
  void unevaluated_properties(Frame& frame, const Json& keyword);
  void property_names(Frame& frame, const Json& keyword);
  void dependent_schemas(Frame& frame, const Json& keyword);
  void dependent_required(Frame& frame, const Json& keyword);
  void dependencies(Frame& frame, const Json& keyword);
  void require_all(Frame& frame, const std::string& because, const Json& names);
  void reject_or_apply(
      Frame& frame, const char* keyword, const Json& schema, const std::string& name
  );

  void prefix_items(Frame& frame, const Json& keyword);
  void items(Frame& frame, const Json& keyword);
  void additional_items(Frame& frame, const Json& keyword);
  void unevaluated_items(Frame& frame, const Json& keyword);
  void contains(Frame& frame, const Json& keyword);
  void apply_list(Frame& frame, const Json& schemas);
  void apply_rest(Frame& frame, const char* keyword, const Json& schema, std::size_t from);

  void type(Frame& frame, const Json& keyword);
  void enumeration(Frame& frame, const Json& keyword);
  void constant(Frame& frame, const Json& keyword);
  void multiple_of(Frame& frame, const Json& keyword);
  void maximum(Frame& frame, const Json& keyword);
  void minimum(Frame& frame, const Json& keyword);
  void exclusive_maximum(Frame& frame, const Json& keyword);
  void exclusive_minimum(Frame& frame, const Json& keyword);
  void max_length(Frame& frame, const Json& keyword);
  void min_length(Frame& frame, const Json& keyword);
  void pattern(Frame& frame, const Json& keyword);
  void format(Frame& frame, const Json& keyword);
  void max_items(Frame& frame, const Json& keyword);
  void min_items(Frame& frame, const Json& keyword);
  void unique_items(Frame& frame, const Json& keyword);
  void max_properties(Frame& frame, const Json& keyword);
  void min_properties(Frame& frame, const Json& keyword);
  void required(Frame& frame, const Json& keyword);

  const Document& document_;
  const Options& options_;
  const bool track_;
  std::size_t work_;
  int depth_ = 0;
  int quiet_ = 0;
  std::string pointer_;
  std::vector<const Document::Resource*> scope_;
  std::vector<Problem> problems_;
};

}  // namespace opsroom::schema
