#include "text.hpp"

#include "common/staged_file.hpp"
#include "render.hpp"

namespace opsroom::plugins::templates {
namespace {

constexpr std::size_t largest_template = std::size_t{4} << 20;

/// The template named by either argument, and how errors call it.
template <class Args>
std::string filled(const Args& args, const tool::Call& call) {
  if (args.text.has_value() == args.file.has_value())
    throw tool::BadArguments("", "give either \"template\" or \"file\"");
  const std::string source =
      args.file ? Lane(call).content(checked_path(*args.file, "/file"), largest_template).text
                : *args.text;
  RenderOptions options;
  options.escape = escape_named(args.escape);
  options.strict = args.strict;
  options.most_bytes = static_cast<std::size_t>(args.max_bytes);
  options.breathe = [&call] { call.checkpoint(); };
  try {
    return render(source, args.data, options);
  } catch (const TemplateError& error) {
    throw std::runtime_error(args.file.value_or("template") + ": " + error.what());
  }
}

}  // namespace

tool::Outcome<RenderResult> render_text(const RenderArgs& args, tool::Call& call) {
  std::string text = filled(args, call);
  const auto bytes = static_cast<std::int64_t>(text.size());
  return {{text, bytes}, text};
}

tool::Outcome<WriteResult> write_text(const WriteArgs& args, tool::Call& call) {
  const auto path = checked_path(args.path);
  const std::string text = filled(args, call);
  const plugins::Place place = Lane(call).place(path, args.create_dirs);
  StagedFile file(place);
  file.write(text);
  file.replace();
  const std::string said = "wrote " + args.path + " (" + std::to_string(text.size()) + " bytes)";
  return {{args.path, static_cast<std::int64_t>(text.size())}, said};
}

}  // namespace opsroom::plugins::templates
