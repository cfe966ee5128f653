#pragma once

#include "schema/keywords.hpp"
#include "schema/regex.hpp"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace opsroom::schema {

/// A schema with its references resolved: which subschemas it has, in which resource (`$id`) each
/// stands, where every `$ref` leads. Nothing is followed out of the document. Not copyable:
/// it is full of inner pointers.
class Document {
 public:
  struct Resource {
    std::string uri;
    const Json* root = nullptr;
    std::map<std::string, const Json*> anchors;
    std::map<std::string, const Json*> dynamic_anchors;
  };

  struct Node {
    std::string pointer;
    const Resource* resource = nullptr;
    Dialect dialect = Dialect::draft2020;
    const Json* ref = nullptr;
    const Json* dynamic_ref = nullptr;  ///< where it leads when no outer resource answers
    std::string dynamic_name;           ///< what outer resources are asked for; empty: nothing
  };

  Document(Json schema, bool assert_formats);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  const Json& root() const { return root_; }
  const Node& node(const Json& schema) const { return nodes_.at(&schema); }
  const Regex& regex(const std::string& pattern) const { return regexes_.at(pattern); }
  /// True when some subschema asks which members others have looked at.
  bool has_unevaluated() const { return has_unevaluated_; }
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  struct Place {
    std::string pointer;
    Resource* resource;
    Dialect dialect;
    int depth;
  };
  struct Pending {
    const Json* schema;
    bool dynamic;
  };

  void walk(const Json& schema, Place place);
  void walk_object(const Json& schema, Place place);
  void enter_resource(const Json& schema, Place& place);
  void register_anchors(const Json& schema, const Place& place);
  void keep_regexes(
      std::string_view keyword, const Json& value, Shape shape, const std::string& pointer
  );
  void keep_regex(const std::string& pattern, std::string_view keyword, const std::string& pointer);
  void resolve_references();
  void resolve(const Pending& pending);
  const Json* find_target(Resource& resource, const std::string& fragment);
  const Json* by_pointer(Resource& resource, const std::string& pointer);
  void add_problem(const std::string& pointer, const std::string& keyword, std::string message);

  bool assert_formats_;
  bool has_unevaluated_ = false;
  const Json root_;
  std::deque<Resource> resources_;
  std::unordered_map<std::string, Resource*> by_uri_;
  std::unordered_map<const Json*, Node> nodes_;
  std::unordered_map<std::string, Regex> regexes_;
  std::size_t pattern_work_ = 0;  ///< instructions of all patterns so far
  std::vector<Pending> pending_;
  std::vector<Problem> problems_;
};

}  // namespace opsroom::schema
