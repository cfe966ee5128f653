#include "expression.hpp"

#include <optional>

namespace opsroom::plugins::templates {
namespace {

constexpr std::size_t deepest = 64;

/// One tag as it was cut out of the text.
struct Tag {
  std::string_view inside;
  Place place;  ///< of its braces
  Place inside_place;
  bool unescaped = false;
  bool comment = false;

  char sign() const { return inside.empty() ? '\0' : inside.front(); }
  /// Prints nothing itself, so that it may have a line of its own.
  bool silent(std::string_view first_word) const {
    return comment || sign() == '#' || sign() == '/' || first_word == "else";
  }
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<Node> all() {
    std::vector<Node> nodes = block(0);
    if (closer_) throw TemplateError(closer_->place, "'" + closing() + "' closes nothing");
    return nodes;
  }

 private:
  std::string closing() const { return "{{" + std::string(closer_->inside) + "}}"; }

  void advance(std::size_t count) {
    place_ = after(place_, text_.substr(at_, count));
    at_ += count;
  }

  /// Reads up to a tag that it does not own ({{else}}, {{/if}}), which stays in closer_.
  std::vector<Node> block(std::size_t depth) {
    if (depth > deepest)
      throw TemplateError(
          place_, "blocks are nested more than " + std::to_string(deepest) + " deep"
      );
    closer_.reset();
    std::vector<Node> nodes;
    while (at_ < text_.size()) {
      read_text(nodes);
      if (at_ >= text_.size()) break;
      const Tag tag = read_tag();
      if (tag.comment) continue;
      TagReader reader(tag.inside, tag.inside_place);
      if (tag.sign() == '#') {
        nodes.push_back(open(tag, depth));
      } else if (tag.sign() == '/' || (!tag.unescaped && reader.take_word("else"))) {
        closer_ = tag;
        return nodes;
      } else {
        nodes.push_back(value(tag));
      }
    }
    return nodes;
  }

  void read_text(std::vector<Node>& nodes) {
    last_text_ = nullptr;
    std::string gathered;
    const Place began = place_;
    while (at_ < text_.size()) {
      const std::size_t open = text_.find("{{", at_);
      const bool escaped = open != std::string_view::npos && open > at_ && text_[open - 1] == '\\';
      const std::size_t end = open == std::string_view::npos ? text_.size() : open;
      gathered += text_.substr(at_, end - at_ - (escaped ? 1 : 0));
      advance(end - at_);
      if (!escaped) break;
      gathered += "{{";
      advance(2);
    }
    if (gathered.empty()) return;
    Node node;
    node.place = began;
    node.text = std::move(gathered);
    nodes.push_back(std::move(node));
    last_text_ = &nodes.back().text;
  }

  Tag read_tag() {
    Tag tag;
    tag.place = place_;
    const std::size_t began = at_;
    tag.unescaped = text_.substr(at_).starts_with("{{{");
    const bool long_comment = text_.substr(at_).starts_with("{{!--");
    const std::string_view close = tag.unescaped ? "}}}" : long_comment ? "--}}" : "}}";
    advance(tag.unescaped ? 3 : 2);
    const std::size_t end = find_close(close, long_comment || text_.substr(at_).starts_with("!"));
    if (end == std::string_view::npos)
      throw TemplateError(tag.place, "the tag is not closed by " + std::string(close));
    tag.inside_place = place_;
    tag.inside = text_.substr(at_, end - at_);
    tag.comment = !tag.unescaped && tag.sign() == '!';
    advance(end + close.size() - at_);
    TagReader reader(tag.inside, tag.inside_place);
    const bool is_else = !tag.comment && reader.take_word("else");
    if (!tag.unescaped && tag.silent(is_else ? "else" : "")) take_own_line(began);
    return tag;
  }

  /// Braces within quotes do not end a tag.
  std::size_t find_close(std::string_view close, bool comment) const {
    bool quoted = false;
    for (std::size_t i = at_; i < text_.size(); ++i) {
      if (!quoted && text_.substr(i).starts_with(close)) return i;
      if (comment) continue;
      if (quoted && text_[i] == '\\')
        ++i;
      else if (text_[i] == '"')
        quoted = !quoted;
    }
    return std::string_view::npos;
  }

  /// A tag that prints nothing takes its line with it when it stands there alone.
  void take_own_line(std::size_t tag_begin) {
    std::size_t begin = tag_begin;
    while (begin > 0 && (text_[begin - 1] == ' ' || text_[begin - 1] == '\t'))
      --begin;
    if (begin > 0 && text_[begin - 1] != '\n') return;
    std::size_t end = at_;
    while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t' || text_[end] == '\r'))
      ++end;
    if (end < text_.size() && text_[end] != '\n') return;
    if (last_text_ != nullptr && begin < tag_begin)
      last_text_->resize(last_text_->size() - (tag_begin - begin));
    advance((end < text_.size() ? end + 1 : end) - at_);
  }

  Node value(const Tag& tag) {
    Node node;
    node.kind = Node::Kind::value;
    node.place = tag.place;
    node.unescaped = tag.unescaped;
    TagReader reader(tag.inside, tag.inside_place);
    node.expression = reader.expression();
    if (!node.expression.comparison.empty())
      throw TemplateError(tag.place, "a comparison belongs into {{#if}}");
    reader.finish();
    return node;
  }

  Node open(const Tag& tag, std::size_t depth) {
    Place place = tag.inside_place;
    ++place.column;
    TagReader reader(tag.inside.substr(1), place);
    if (reader.take_word("if")) return choice(tag, reader, "if", depth);
    if (reader.take_word("unless")) {
      Node node = choice(tag, reader, "unless", depth);
      node.inverted = true;
      return node;
    }
    if (reader.take_word("each")) return each(tag, reader, depth);
    throw TemplateError(
        tag.place,
        "{{" + std::string(tag.inside) + "}} is no block; there are #if, #unless and #each"
    );
  }

  /// `closing` is the word of the tag that ends it: the same for all branches of an else-if chain.
  Node choice(const Tag& tag, TagReader& reader, const std::string& closing, std::size_t depth) {
    Node node;
    node.kind = Node::Kind::choice;
    node.place = tag.place;
    node.expression = reader.expression();
    reader.finish();
    node.body = block(depth + 1);
    if (!closed_by_else(tag, closing)) return node;
    const Tag other = *closer_;
    TagReader rest(other.inside, other.inside_place);
    rest.take_word("else");
    if (rest.take_word("if")) {
      node.otherwise.push_back(choice(other, rest, closing, depth + 1));
      return node;
    }
    rest.finish();
    node.otherwise = block(depth + 1);
    must_close(tag, closing);
    return node;
  }

  Node each(const Tag& tag, TagReader& reader, std::size_t depth) {
    Node node;
    node.kind = Node::Kind::each;
    node.place = tag.place;
    node.expression = reader.expression();
    if (reader.take_word("as")) node.text = reader.name();
    reader.finish();
    node.body = block(depth + 1);
    if (closed_by_else(tag, "each")) {
      node.otherwise = block(depth + 1);
      must_close(tag, "each");
    }
    return node;
  }

  /// True at {{else}}; otherwise the block must end here.
  bool closed_by_else(const Tag& tag, const std::string& word) {
    if (closer_ && closer_->sign() != '/') return true;
    must_close(tag, word);
    return false;
  }

  void must_close(const Tag& tag, const std::string& word) {
    if (!closer_)
      throw TemplateError(
          tag.place, "{{" + std::string(tag.inside) + "}} is not closed by {{/" + word + "}}"
      );
    Place place = closer_->inside_place;
    ++place.column;
    TagReader reader(closer_->inside.substr(closer_->sign() == '/' ? 1 : 0), place);
    if (closer_->sign() != '/' || !reader.take_word(word))
      throw TemplateError(
          closer_->place,
          closing() + " stands where {{/" + word + "}} must close the block of line " +
              std::to_string(tag.place.line)
      );
    reader.finish();
    closer_.reset();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Place place_;
  std::optional<Tag> closer_;
  std::string* last_text_ = nullptr;  ///< what stands right before the next tag
};

}  // namespace

std::vector<Node> parse(std::string_view text) {
  return Parser(text).all();
}

}  // namespace opsroom::plugins::templates
