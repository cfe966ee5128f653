#include "bench/raw_client.hpp"

#include <array>
#include <signal.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace opsroom::bench {

RawClient::RawClient(std::vector<std::string> server) : child_(start_piped(std::move(server))) {
  send(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
       R"("capabilities":{},"clientInfo":{"name":"bench","version":"1"}}})");
  take_answer();
  send(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
}

RawClient::~RawClient() {
  ::close(child_.to);
  ::close(child_.from);
  ::kill(child_.pid, SIGTERM);
  ::waitpid(child_.pid, nullptr, 0);
}

std::string RawClient::request(const std::string& id) {
  return R"({"jsonrpc":"2.0","id":)" + id +
         R"(,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hello world, this )"
         R"(is a small payload of some 64 characters......"}}})";
}

void RawClient::send(const std::string& line) {
  const std::string bytes = line + "\n";
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t put = ::write(child_.to, bytes.data() + done, bytes.size() - done);
    if (put <= 0) throw std::runtime_error("the server went away");
    done += static_cast<std::size_t>(put);
  }
}

void RawClient::send_call() {
  send(request(std::to_string(++last_id_)));
}

void RawClient::take_answer() {
  while (true) {
    const std::size_t end = unread_.find('\n', start_);
    if (end != std::string::npos) {
      last_reply_ = end - start_ + 1;
      start_ = end + 1;
      return;
    }
    unread_.erase(0, start_);
    start_ = 0;
    std::array<char, 1 << 16> chunk;
    const ssize_t got = ::read(child_.from, chunk.data(), chunk.size());
    if (got <= 0) throw std::runtime_error("the server went away");
    unread_.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

void RawClient::call() {
  send_call();
  take_answer();
}

void RawClient::calls(int count, int flights) {
  int sent = 0;
  while (sent < flights && sent < count) {
    send_call();
    ++sent;
  }
  for (int taken = 0; taken < count; ++taken) {
    take_answer();
    if (sent == count) continue;
    send_call();
    ++sent;
  }
}

}  // namespace opsroom::bench
