#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <opsroom/extensions.h>
#include <opsroom/plugin.h>
#include <opsroom/tool/shape_of.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace opsroom::tool {

enum class Level : int32_t {
  debug = OPSROOM_DEBUG,
  info = OPSROOM_INFO,
  warning = OPSROOM_WARNING,
  error = OPSROOM_ERROR
};

/// Unwinds a handler whose call was cancelled. Not a std::exception, so that a handler's own
/// `catch (const std::exception&)` lets it pass.
struct Cancelled {};

/// Unwinds a handler that has to wait for a person; the question has been handed to the host.
struct NeedsInput {};

/// The person asked said no, or closed the question.
class Declined : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline std::string_view view(opsroom_text text) {
  return text.size == 0 ? std::string_view{} : std::string_view{text.data, text.size};
}
inline opsroom_text lend(std::string_view text) {
  return {text.data(), text.size()};
}

/// One invocation as its handler sees it. All functions may be called from any thread until the
/// handler returns, except ask() and once(), which belong to the handler's own thread.
class Call {
 public:
  explicit Call(const opsroom_call& lent);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  bool cancelled() const noexcept { return lent_.cancelled(lent_.host) != 0; }

  /// Leaves the handler when the call was cancelled. Put it where long work takes a breath.
  void checkpoint() const {
    if (cancelled()) throw Cancelled{};
  }

  /// Becomes readable once the call is cancelled, for poll(); -1 when the host has none. Do not
  /// read it.
  int cancel_fd() const noexcept { return lent_.cancel_fd; }

  /// `total` 0 means unknown. Values that do not grow are dropped by the host.
  void progress(double done, double total = 0, std::string_view message = {}) const {
    lent_.progress(lent_.host, done, total, lend(message));
  }

  void log(Level level, std::string_view message) const {
    lent_.log(lent_.host, static_cast<int32_t>(level), lend({}), lend(message));
  }

  /// A program's output, many lines at once, joined with "\n" and without the last one's newline.
  /// `stream` is "stdout" or "stderr".
  void log_stream(std::string_view stream, std::string_view lines) const {
    lent_.log(lent_.host, OPSROOM_INFO, lend(stream), lend(lines));
  }

  /// Hands in a file of any kind; the bytes are copied. Throws when the host refuses it: all of one
  /// call's may have 8 MiB together.
  void artifact(std::string_view name, std::string_view media_type, std::string_view bytes) const {
    if (lent_.artifact(lent_.host, lend(name), lend(media_type), lend(bytes)) != OPSROOM_OK)
      throw std::runtime_error("the host refused the artifact " + std::string(name));
  }

  /// Hands in a file by its path (a relative one starts in the workdir). A big one is read by the
  /// host from where it is ("artifact-file/1") and must stay as it is until the step has ended;
  /// where the host can't, the limit of artifact() holds.
  void artifact_file(
      std::string_view name, std::string_view media_type, const std::filesystem::path& path
  ) const;

  /// Where the tool works: absolute, and not necessarily the process's current directory.
  std::filesystem::path workdir() const { return std::filesystem::path(view(lent_.workdir)); }

  /// run, step, attempt, idempotencyKey ... as far as the host knows them; always an object.
  const json& context() const noexcept;

  /// The same for every attempt of one step, for services that take such a key to tell a repeated
  /// request from a new one; empty when the host gave none.
  std::string idempotency_key() const;

  /// When the host gives up on this call, if it said so.
  std::optional<std::chrono::system_clock::time_point> deadline() const;

  /// How long there is until the deadline, never less than 0; none when the host set no deadline.
  std::optional<std::chrono::milliseconds> remaining() const;

  /// A secret by its name: from the host where it keeps them ("secret/1"), and then from nowhere
  /// else, since the environment is not this plugin's own there; otherwise the environment variable
  /// of that name. Either is what the plugin's "env" in tools.json says. An empty one counts as
  /// there. Never log it, and keep it no longer than the call.
  std::optional<std::string> find_secret(const std::string& name) const;

  /// The same; throws std::runtime_error with the remedy when there is none.
  std::string secret(const std::string& name) const;

  /// The answer to a question, or none yet: then the handler unwinds here and is entered again from
  /// its start when somebody has answered, maybe in another process. What stands before an ask()
  /// and outside a once() therefore may run again. Throws Declined when the answer is no.
  /// `Answer` is a described struct of plain values; `key` names the question within this tool.
  template <class Answer>
  Answer ask(const std::string& key, const std::string& question) {
    Answer answer{};
    ask_into(form_shape<Answer>(), &answer, key, question);
    return answer;
  }

  /// The same question, but the handler waits in place where the host can ask at once
  /// ("elicit/1"); elsewhere it is ask(). What stands before it may run again all the same. For
  /// tools that hold something open meanwhile and whose people answer within the deadline.
  template <class Answer>
  Answer ask_and_wait(const std::string& key, const std::string& question) {
    wait_for_answer(form_shape<Answer>(), key, question);
    return ask<Answer>(key, question);
  }

  /// A plain yes or no: whether the person accepted. Throws Declined when the question was closed
  /// without either.
  bool confirm(const std::string& key, const std::string& question);

  /// One of `choices`, which are known only at run time; for fixed ones use a field with one_of()
  /// or an enum. Throws Declined when the answer is no.
  std::string choose(
      const std::string& key, const std::string& question, const std::vector<std::string>& choices
  );

  /// ask() for a form that is known only at run time: `form` is an object in MCP's restricted JSON
  /// Schema. Returns what the person did as MCP says it, {"action": "accept" | "decline" |
  /// "cancel", "content"?}: a no is an answer here. The content is as the client sent it.
  json ask_form(const std::string& key, const std::string& question, const json& form);

  /// The result of `make()`, which runs only the first time this place is reached: later entries of
  /// the same call get the remembered value. It may be of any type that a described struct may
  /// hold, or none at all.
  template <class Make>
  auto once(const std::string& key, Make make) {
    using Value = decltype(make());
    if constexpr (std::is_void_v<Value>) {
      if (remembers(key)) return;
      make();
      const std::monostate done;
      remember(key, detail::shape_of<std::monostate>(), &done);
    } else {
      const detail::Shape& shape = detail::shape_of<Value>();
      if (remembers(key)) {
        Value value{};
        recall(key, shape, &value);
        return value;
      }
      Value value = make();
      remember(key, shape, &value);
      return value;
    }
  }

 private:
  /// What the host told, and what earlier entries of this call left.
  struct Notes;

  /// A table of extensions.h, null where the host lacks it.
  template <class Table>
  const Table* extension(const char* id) const {
    return lent_.extension == nullptr ? nullptr
                                      : static_cast<const Table*>(lent_.extension(lent_.host, id));
  }

  template <class Answer>
  static const detail::Shape& form_shape() {
    if constexpr (detail::has_table<Answer>())
      static_assert(
          detail::is_form<decltype(Answer::fields())>,
          "a form asks for plain values: strings, numbers, bool, enums, std::optional of them, and "
          "lists of strings or enums; take anything else apart, or use ask_form()"
      );
    return detail::shape_of<Answer>();
  }

  void ask_into(
      const detail::Shape& shape, void* answer, const std::string& key, const std::string& question
  );

  /// Brings the answer into memory where somebody can be asked in place.
  void wait_for_answer(
      const detail::Shape& shape, const std::string& key, const std::string& question
  );

  bool remembers(const std::string& key) const;
  void recall(const std::string& key, const detail::Shape& shape, void* value) const;
  void remember(const std::string& key, const detail::Shape& shape, const void* value);

  [[noreturn]] void suspend(const json& requests) const;

  const opsroom_call& lent_;
  std::unique_ptr<Notes> notes_;
};

}  // namespace opsroom::tool
