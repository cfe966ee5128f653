#include "text.hpp"

#include "common/lane_file.hpp"
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
      args.file ? read_lane_file(call.workdir(), *args.file, largest_template, "file") : *args.text;
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
  const std::string text = filled(args, call);
  LaneFile file(call.workdir(), args.path, args.create_dirs, "path");
  file.write(text);
  file.finish();
  const std::string said = "wrote " + args.path + " (" + std::to_string(text.size()) + " bytes)";
  return {{args.path, static_cast<std::int64_t>(text.size())}, said};
}

}  // namespace opsroom::plugins::templates
