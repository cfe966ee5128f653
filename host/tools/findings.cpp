#include "base/text.hpp"
#include "tools/glob.hpp"
#include "tools/inspection.hpp"
#include "tools/schema_checks.hpp"
#include "tools/secret_guess.hpp"

#include <fmt/format.h>

#include <algorithm>

// What `opsroom tools doctor` has to say about one source.

namespace opsroom::tools {
namespace {

constexpr std::size_t longest_name = 128;

/// Collects what is found; each check below is one reason to go to the doctor.
class Examination {
 public:
  Examination(const SourceConfig& source, const Inspection& seen, const LockFile& lock)
      : source_(source), seen_(seen), lock_(lock) {}

  std::vector<Finding> run() {
    secrets();
    command();
    digest();
    if (seen_.failure) problem(seen_.failure->message(), seen_.failure->hint());
    pin();
    if (seen_.failure) return std::move(found_);
    noise();
    filter();
    for (const std::string& name : seen_.twice) {
      problem(
          fmt::format("it lists the tool {} more than once", visible(name)),
          "Only the first is used; tell its author."
      );
    }
    for (const Json& tool : seen_.tools)
      examine(tool);
    annotations();
    return std::move(found_);
  }

 private:
  void problem(std::string text, std::string remedy) {
    found_.push_back({true, std::move(text), std::move(remedy)});
  }
  void note(std::string text, std::string remedy = {}) {
    found_.push_back({false, std::move(text), std::move(remedy)});
  }

  void secrets() {
    for (const auto& [name, value] : source_.environment) {
      const bool by_reference =
          std::any_of(source_.secrets.begin(), source_.secrets.end(), [&](const Secret& secret) {
            return value.find(secret.value) != std::string::npos;
          });
      if (by_reference || !looks_like_a_secret(name, value)) continue;
      note(
          fmt::format("the value of {} looks like a secret and stands in the file", visible(name)),
          fmt::format(
              "Write \"${{env:{}}}\" at {}, and set {} where opsroom starts.",
              visible(name),
              source_.place,
              visible(name)
          )
      );
    }
  }

  void command() {
    if (!fetches_its_program(source_.argv)) return;
    const auto named =
        std::find_if(source_.argv.begin() + 1, source_.argv.end(), [](const auto& word) {
          return !word.starts_with('-');
        });
    if (named == source_.argv.end()) return;
    const bool versioned =
        named->find('@', 1) != std::string::npos || named->find("==") != std::string::npos;
    if (versioned) return;
    note(
        fmt::format(
            "{} runs whatever version of {} it finds", source_.argv.front(), visible(*named)
        ),
        fmt::format("Name one: {}@1.2.3.", visible(*named))
    );
  }

  /// What only a worker would find out otherwise: here it is looked at in a process of its own.
  void digest() {
    if (!source_.in_process || !seen_.command) return;
    for (const auto& [word, file] : seen_.command->files) {
      if (file.sha256 == source_.sha256) continue;
      problem(
          fmt::format(
              "no worker will load it: {} has the SHA-256 {}, and {}/sha256 allows {}",
              file.path,
              file.sha256,
              source_.place,
              source_.sha256
          ),
          "Find out who changed it. When it was you, write the new digest there; "
          "\"isolation\": \"process\" needs none."
      );
    }
  }

  void pin() {
    const Pin* pinned = lock_.find(source_.name);
    if (pinned == nullptr && lock_.strict) {
      problem(
          "it is not pinned, and opsroom.lock is strict: it cannot be used",
          fmt::format("`opsroom tools pin {}` accepts it as it is.", source_.name)
      );
    } else if (pinned == nullptr && !seen_.failure) {
      note(
          "it is not pinned",
          fmt::format("`opsroom tools pin {}` holds on to what it is now.", source_.name)
      );
    } else if (pinned == nullptr) {
      return;
    } else if (const auto changes = drift(*pinned, seen_); !changes.empty()) {
      problem(
          "it is not what opsroom.lock has pinned, and cannot be used:\n" + to_text(changes),
          fmt::format("If it is meant to be so: `opsroom tools pin {}`.", source_.name)
      );
    }
  }

  void noise() {
    if (seen_.noise == 0) return;
    problem(
        fmt::format("{} lines on its stdout are no messages; they are ignored", seen_.noise),
        "Let it log to stderr: stdout belongs to the protocol."
    );
  }

  void filter() {
    if (seen_.tools.empty()) note("it has no tools");
    for (const auto* patterns : {&source_.filter.allow, &source_.filter.deny}) {
      for (const std::string& pattern : *patterns) {
        const bool fits =
            std::any_of(seen_.tools.begin(), seen_.tools.end(), [&](const Json& tool) {
              return matches_glob(pattern, tool["name"].get_ref<const std::string&>());
            });
        if (fits) continue;
        problem(
            fmt::format(
                "\"{}\" in its {} list fits none of its tools",
                visible(pattern),
                patterns == &source_.filter.allow ? "allow" : "deny"
            ),
            fmt::format("Correct the list at {}.", source_.place)
        );
      }
    }
  }

  void examine(const Json& tool) {
    const std::string raw = tool["name"].get<std::string>();
    const std::string name = visible(raw);
    const auto fits = [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
    };
    if (raw.size() > longest_name || !std::all_of(raw.begin(), raw.end(), fits)) {
      problem(
          fmt::format("'{}' is no good name for a tool", name),
          "MCP allows up to 128 of A-Z, a-z, 0-9, _ - and a dot; tell its author."
      );
    }
    if (!source_.filter.admits(raw)) return;
    schemas(tool, name);
    const auto described = tool.find("description");
    if (described == tool.end() || !described->is_string()) return;
    std::string plain = described->get<std::string>();
    std::replace_if(
        plain.begin(), plain.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' '
    );
    if (visible(plain) != plain) {
      problem(
          fmt::format("the description of {} has characters that nobody sees", name),
          fmt::format(
              "Read it by `opsroom tools show {}.{}` before you trust it.", source_.name, name
          )
      );
    }
  }

  void schemas(const Json& tool, const std::string& name) {
    const auto input = tool.find("inputSchema");
    if (input == tool.end() || !input->is_object()) {
      problem(
          fmt::format("{} has no inputSchema", name),
          "Its arguments are not checked; tell its author."
      );
      return;
    }
    const SchemaChecks checks(*input, tool.value("outputSchema", Json()));
    for (const std::string& text : checks.problems()) {
      problem(fmt::format("{}: its {}", name, text), "Nothing is checked by it; tell its author.");
    }
  }

  void annotations() {
    const auto has_any = [](const Json& tool) {
      const auto found = tool.find("annotations");
      return found != tool.end() && found->is_object() && !found->empty();
    };
    const auto count = std::count_if(seen_.tools.begin(), seen_.tools.end(), has_any);
    if (count == 0) return;
    note(fmt::format(
        "the annotations of {} of its tools are {}",
        count,
        source_.trusted ? "believed" : "not believed (\"trust\" is not set)"
    ));
  }

  const SourceConfig& source_;
  const Inspection& seen_;
  const LockFile& lock_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> findings(
    const SourceConfig& source, const Inspection& inspection, const LockFile& lock
) {
  return Examination(source, inspection, lock).run();
}

}  // namespace opsroom::tools
