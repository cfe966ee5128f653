#include "request.hpp"

#include "answer.hpp"
#include "common/staged_file.hpp"
#include "compose.hpp"

#include <opsroom/text.hpp>
#include <optional>

namespace opsroom::plugins::http {
namespace {

/// fetch() with secrets kept out of what it may complain.
WebAnswer fetched(
    const WebRequest& request, const Door& door, const Secrets& secrets, const tool::Call& call
) {
  try {
    return fetch(request, door.policy, call);
  } catch (const WebError& error) {
    throw std::runtime_error(secrets.redacted(std::string(error.what())));
  }
}

tool::Outcome<Response> concluded(Response made, const std::string& method, bool check) {
  const bool failed = check && made.status >= 400;
  std::string text = method + " " + made.url + ": status " + std::to_string(made.status) + ", " +
                     std::to_string(made.bytes) + " bytes";
  if (made.path) text += " in " + *made.path;
  constexpr std::size_t most_told = 500;
  if (failed && made.text)
    text +=
        ": " +
        made.text->substr(0, whole_characters(std::string_view(*made.text).substr(0, most_told)));
  if (failed && !made.json.is_null())
    text +=
        ": " +
        made.json.dump(-1, ' ', true, tool::json::error_handler_t::replace).substr(0, most_told);
  return {std::move(made), std::move(text), failed};
}

}  // namespace

tool::Outcome<Response> get(const GetArgs& args, const Door& door, tool::Call& call) {
  Secrets secrets(call);
  const WebRequest request = compose(args, door.settings, secrets);
  return concluded(as_response(fetched(request, door, secrets, call), secrets), "GET", args.check);
}

tool::Outcome<Response> request(const RequestArgs& args, const Door& door, tool::Call& call) {
  Secrets secrets(call);
  WebRequest request = compose(args, door.settings, secrets);
  const Lane lane(call);
  std::optional<Place> place;
  std::optional<StagedFile> file;
  if (args.save_to) {
    place = lane.place(checked_path(*args.save_to, "/save_to"), args.create_dirs);
    file.emplace(*place);
    request.sink = [&file](std::string_view bytes) {
      file->write(bytes);
      return true;
    };
  }
  const WebAnswer answer = fetched(request, door, secrets, call);
  Response made = as_response(answer, secrets);
  // An error page is not what the file was meant for.
  if (file && (answer.status < 400 || !args.check)) {
    file->replace();
    made.path = args.save_to;
  }
  return concluded(std::move(made), args.method, args.check);
}

}  // namespace opsroom::plugins::http
