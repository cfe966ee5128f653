#include "process/spawn_protocol.hpp"

#include <cstring>
#include <stdexcept>

namespace opsroom::process {
namespace {

class Writer {
 public:
  void number(std::uint64_t value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof bytes);
  }
  void text(std::string_view value) {
    number(value.size());
    out_.append(value);
  }
  void optional(const std::optional<std::uint64_t>& value) {
    number(value.has_value());
    number(value.value_or(0));
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    const std::string_view bytes = take(sizeof value);
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(take(number())); }
  std::optional<std::uint64_t> optional() {
    const bool present = number() != 0;
    const std::uint64_t value = number();
    return present ? std::optional(value) : std::nullopt;
  }
  void expect_end() const {
    if (!in_.empty()) throw std::runtime_error("bytes after the end of the frame");
  }

 private:
  std::string_view take(std::uint64_t size) {
    if (size > in_.size()) throw std::runtime_error("the frame ends too early");
    const std::string_view taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }

  std::string_view in_;
};

}  // namespace

std::string encode(const SpawnSpec& spec) {
  Writer fields;
  fields.number(spec.argv.size());
  for (const std::string& argument : spec.argv)
    fields.text(argument);
  fields.number(spec.environment.size());
  for (const auto& [name, value] : spec.environment) {
    fields.text(name);
    fields.text(value);
  }
  fields.text(spec.directory.native());
  fields.optional(spec.limits.address_space_bytes);
  fields.optional(spec.limits.file_size_bytes);
  fields.optional(spec.limits.open_files);
  fields.optional(spec.limits.cpu_seconds);
  fields.number(spec.run_as.has_value());
  fields.number(spec.run_as ? spec.run_as->uid : 0);
  fields.number(spec.run_as ? spec.run_as->gid : 0);
  Writer frame;
  frame.text(fields.take());
  return frame.take();
}

SpawnSpec decode(std::string_view fields) {
  Reader in(fields);
  SpawnSpec spec;
  for (std::uint64_t left = in.number(); left > 0; --left)
    spec.argv.push_back(in.text());
  for (std::uint64_t left = in.number(); left > 0; --left) {
    std::string name = in.text();
    spec.environment.emplace(std::move(name), in.text());
  }
  spec.directory = in.text();
  spec.limits.address_space_bytes = in.optional();
  spec.limits.file_size_bytes = in.optional();
  spec.limits.open_files = in.optional();
  spec.limits.cpu_seconds = in.optional();
  const bool run_as = in.number() != 0;
  RunAs user;
  user.uid = static_cast<std::uint32_t>(in.number());
  user.gid = static_cast<std::uint32_t>(in.number());
  if (run_as) spec.run_as = user;
  in.expect_end();
  return spec;
}

}  // namespace opsroom::process
