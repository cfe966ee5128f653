#include "cli/answer_dialog.hpp"

#include "base/failure.hpp"
#include "cli/answer_words.hpp"
#include "cli/question_text.hpp"
#include "cli/terminal.hpp"
#include "model/input_form.hpp"
#include "model/input_reply.hpp"
#include "schema/uri.hpp"

#include <fmt/format.h>

#include <set>

namespace opsroom::cli {
namespace {

std::string shown(const Json& value) {
  return safe_for_terminal(value.is_string() ? value.get<std::string>() : dump(value));
}

/// One dialog about one form.
class FormDialog {
 public:
  FormDialog(const InputRequest& input, std::istream& in, std::ostream& out)
      : input_(input), fields_(form_fields(input.ask)), in_(in), out_(out) {}

  std::optional<InputReply> run() {
    for (const FormField& field : fields_) {
      if (!ask(field)) return std::nullopt;
    }
    while (true) {
      const auto wrong = wrong_fields();
      if (wrong.empty()) return confirm();
      for (const FormField& field : fields_) {
        if (wrong.contains(field.name) && !ask(field)) return std::nullopt;
      }
    }
  }

 private:
  /// False when the input has ended.
  bool ask(const FormField& field) {
    content_.erase(field.name);
    while (true) {
      const auto line =
          prompt(fmt::format("{} ({}): ", safe_for_terminal(field.name), field_text(field)));
      if (!line) return false;
      if (line->empty() && (!field.required || !field.fallback.is_null())) return true;
      if (line->empty() && field.kind != FormField::Kind::text) {
        out_ << "  is required\n";
        continue;
      }
      try {
        content_[field.name] = parse_field(field, *line);
        return true;
      } catch (const Failure& failure) {
        out_ << "  " << safe_for_terminal(failure.message()) << '\n';
      }
    }
  }

  /// Says what does not fit; the fields to be asked again.
  std::set<std::string> wrong_fields() {
    std::set<std::string> wrong;
    try {
      complete_ = checked_reply(input_.ask, {InputAction::accept, content_}).content;
    } catch (const UnfitReply& unfit) {
      for (const ReplyProblem& problem : unfit.problems()) {
        const std::string token = problem.pointer.substr(0, problem.pointer.find('/', 1));
        if (!token.empty()) wrong.insert(schema::unescape_token(token.substr(1)));
        out_ << "  " << safe_for_terminal(problem.pointer) << ": "
             << safe_for_terminal(problem.message) << '\n';
      }
      if (wrong.empty()) throw;
    }
    return wrong;
  }

  std::optional<InputReply> confirm() {
    for (const auto& [name, value] : complete_.items())
      out_ << "  " << safe_for_terminal(name) << " = " << shown(value) << '\n';
    while (true) {
      const auto line = prompt("Send it? [Y]es, [d]ecline instead, Ctrl-D leaves it open: ");
      if (!line) return std::nullopt;
      if (line->empty() || *line == "y" || *line == "Y" || *line == "yes")
        return InputReply{InputAction::accept, complete_};
      if (*line == "d" || *line == "decline") return InputReply{InputAction::decline, Json()};
    }
  }

  std::optional<std::string> prompt(const std::string& text) {
    out_ << text << std::flush;
    std::string line;
    if (std::getline(in_, line)) return line;
    out_ << '\n';
    return std::nullopt;
  }

  const InputRequest& input_;
  const std::vector<FormField> fields_;
  std::istream& in_;
  std::ostream& out_;
  Json content_ = Json::object();
  Json complete_;
};

std::optional<InputReply> ask_visit(std::istream& in, std::ostream& out) {
  std::string line;
  while (true) {
    out << "Open it yourself if you trust it. [d]one, [n]o (decline), Ctrl-D leaves it open: "
        << std::flush;
    if (!std::getline(in, line)) break;
    if (line == "d" || line == "done") return InputReply{InputAction::accept, Json()};
    if (line == "n" || line == "no") return InputReply{InputAction::decline, Json()};
  }
  out << '\n';
  return std::nullopt;
}

}  // namespace

std::optional<InputReply> ask_person(
    const InputRequest& input, std::istream& in, std::ostream& out
) {
  if (asks_for_visit(input.ask)) return ask_visit(in, out);
  return FormDialog(input, in, out).run();
}

std::optional<std::string> ask_decision(std::istream& in, std::ostream& out) {
  std::string line;
  while (true) {
    out << "retry, skip or fail? (Ctrl-D leaves it undecided) " << std::flush;
    if (!std::getline(in, line)) break;
    if (line == "retry" || line == "skip" || line == "fail") return line;
  }
  out << '\n';
  return std::nullopt;
}

}  // namespace opsroom::cli
