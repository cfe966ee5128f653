// The other end of bench_mcp, as cheap as it can be made: what is measured is the client.
//   mcp_echo_server             an MCP server (2026-07-28, and 2025-11-25 for a peer that speaks no
//                               more) with the tools echo, big and sizes
//   mcp_echo_server floor IN OUT  no MCP: for every IN bytes that come, OUT bytes go
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

/// The library's memmem is several times as fast as find().
std::string_view from(std::string_view line, std::string_view key) {
  const void* found = ::memmem(line.data(), line.size(), key.data(), key.size());
  if (found == nullptr) return {};
  return line.substr(static_cast<std::size_t>(static_cast<const char*>(found) - line.data()));
}

/// What follows `key`. Looks for text, not for JSON: the clients this serves write compact JSON,
/// and no key that is looked for comes in a value.
std::string_view after(std::string_view line, std::string_view key) {
  const std::string_view found = from(line, key);
  return found.empty() ? found : found.substr(key.size());
}

std::string_view digits(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9')
    ++count;
  return text.substr(0, count);
}

std::string_view up_to_quote(std::string_view text) {
  return text.substr(0, text.find('"'));
}

/// A server that remembers how long the last exchange's lines were, line breaks included. Answers
/// to what was read together leave together.
class EchoServer {
 public:
  bool answer(std::string_view line) {
    const std::string_view id = digits(after(line, "\"id\":"));
    if (id.empty()) return true;  // a notification
    const std::size_t before = replies_.size();
    replies_ += "{\"jsonrpc\":\"2.0\",\"id\":";
    replies_ += id;
    replies_ += ",\"result\":";
    const bool counts = add_result(line);
    replies_ += "}\n";
    if (counts) {
      last_in_ = line.size() + 1;
      last_out_ = replies_.size() - before;
    }
    return replies_.size() < much || send();
  }

  bool send() {
    const bool sent = write_all(replies_);
    replies_.clear();
    return sent;
  }

 private:
  /// False for the answer that only tells of others.
  bool add_result(std::string_view line) {
    const std::string_view method = up_to_quote(after(line, "\"method\":\""));
    if (method == "server/discover") {
      replies_ += R"({"resultType":"complete","supportedVersions":["2026-07-28"],)"
                  R"("capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1"}})";
    } else if (method == "initialize") {
      replies_ += R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{}},)"
                  R"("serverInfo":{"name":"echo","version":"1"}})";
    } else if (method == "tools/list") {
      replies_ += R"({"resultType":"complete","tools":[]})";
    } else {
      replies_ += R"({"resultType":"complete","content":[{"type":"text","text":")";
      const bool counts = add_text(line);
      replies_ += "\"}]}";
      return counts;
    }
    return true;
  }

  bool add_text(std::string_view line) {
    const std::string_view arguments = from(line, "\"arguments\":");
    if (line.substr(0, line.size() - arguments.size()).ends_with("\"name\":\"sizes\",")) {
      replies_ += std::to_string(last_in_) + " " + std::to_string(last_out_);
      return false;
    }
    const std::string_view text = after(arguments, "\"text\":\"");
    if (!text.empty()) {
      replies_ += up_to_quote(text);
      return true;
    }
    const std::string_view size = digits(after(arguments, "\"size\":"));
    std::size_t length = 0;
    std::from_chars(size.data(), size.data() + size.size(), length);
    replies_.append(length, 'x');
    return true;
  }

  static constexpr std::size_t much = 1u << 18;
  std::string replies_;
  std::size_t last_in_ = 0;
  std::size_t last_out_ = 0;
};

int serve() {
  EchoServer server;
  std::string buffer;
  std::string chunk(1u << 16, '\0');
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (got <= 0) return 0;
    buffer.append(chunk, 0, static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (auto end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n', begin)) {
      if (!server.answer(std::string_view(buffer).substr(begin, end - begin))) return 0;
      begin = end + 1;
    }
    buffer.erase(0, begin);
    if (!server.send()) return 0;
  }
}

int floor(std::size_t in, std::size_t out) {
  std::string request(in, '\0');
  const std::string reply(out, 'x');
  while (true) {
    for (std::size_t have = 0; have < in;) {
      const ssize_t got = ::read(STDIN_FILENO, request.data() + have, in - have);
      if (got <= 0) return 0;
      have += static_cast<std::size_t>(got);
    }
    if (!write_all(reply)) return 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "floor") {
    return floor(std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10));
  }
  return serve();
}
