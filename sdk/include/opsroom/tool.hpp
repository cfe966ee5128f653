#pragma once
/// The typed layer over plugin.h: describe a struct, write a handler, name the entry.
///
///     namespace tool = opsroom::tool;
///     struct EchoArgs {
///       std::string text;
///       int times = 1;
///       static constexpr auto fields() {
///         return tool::fields(tool::field("text", &EchoArgs::text, "What to say"),
///                             tool::field("times", &EchoArgs::times, "How often"));
///       }
///     };
///     void add_tools(tool::Registry& tools) {
///       tools.add<EchoArgs>("echo", "Says a text back.", [](const EchoArgs& args, tool::Call&
///       call) {
///         std::string said;
///         for (int i = 0; i < args.times; ++i) { call.checkpoint(); said += args.text; }
///         return tool::reply(said);
///       });
///     }
///     const opsroom_plugin opsroom_plugin_v1 = tool::plugin<add_tools>("echo", "1.0.0");
///
/// A tool that handles JSON itself (a tool::json member, read(), write()) includes
/// <nlohmann/json.hpp>: without it a tool's source compiles in a fraction of the time.
#include <opsroom/tool/call.hpp>
#include <opsroom/tool/fields.hpp>
#include <opsroom/tool/offers.hpp>
#include <opsroom/tool/plugin.hpp>
#include <opsroom/tool/registry.hpp>
#include <opsroom/tool/reply.hpp>
#include <opsroom/tool/shape_of.hpp>
#include <opsroom/tool/types.hpp>
