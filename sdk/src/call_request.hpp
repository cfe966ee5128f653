#pragma once
#include "catalogue.hpp"
#include "message.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace opsroom::sdk {

/// What of a plugin a request enters.
enum class Target { tool, resource, prompt, completion };

/// A request that enters the plugin, taken out of its message.
struct CallRequest {
  std::shared_ptr<const Message> message;
  Era era = Era::legacy;
  Target target = Target::tool;
  std::string id;              ///< as it was written
  std::string tool;            ///< what invoke() is called with
  std::string_view arguments;  ///< JSON text, part of the message
  std::string own_arguments;   ///< or made for it
  std::string context;         ///< JSON text
  std::string workdir;
  std::string_view progress_token;  ///< JSON text, empty: the client wants no progress
  std::optional<int> log_from;      ///< modern: lowest severity wanted
  json capabilities;                ///< what the client can do
  bool structured = false;          ///< promises structuredContent
  bool read_only = false;           ///< losing its answer does no harm: it can be called again
  TaskSupport tasks = TaskSupport::forbidden;

  std::string_view said() const { return own_arguments.empty() ? arguments : own_arguments; }

  /// What a sealed state belongs to, however the arguments are written. The key may be shared with
  /// other plugins, which have tools of the same name.
  std::string bound(std::string_view plugin) const;
  /// The context for the next entry of the same request.
  std::string context_with(const json& responses, const std::string& state) const;
  /// How long people have for an answer.
  std::chrono::milliseconds patience() const;
};

}  // namespace opsroom::sdk
