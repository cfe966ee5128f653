#include "support/web/client.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>

namespace opsroom::testing {
namespace {

std::string lower(std::string text) {
  for (char& c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

}  // namespace

std::string Answer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Json Answer::json() const {
  return Json::parse(body);
}

Client::Client(std::uint16_t port, int receive_buffer)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) {
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(fd_.get(), generic, sizeof address) != 0) {
    throw std::runtime_error(fmt::format("cannot connect to port {}", port));
  }
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Client::fill() {
  pollfd entry{fd_.get(), POLLIN, 0};
  if (::poll(&entry, 1, static_cast<int>(patience_.count())) <= 0) {
    throw std::runtime_error("nothing came from the server in time");
  }
  char bytes[16384];
  const auto got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::string Client::take_line() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!fill()) throw std::runtime_error("the connection ended in mid-line");
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

std::string Client::take_bytes(std::size_t count) {
  while (buffer_.size() < count) {
    if (!fill()) throw std::runtime_error("the connection ended in mid-body");
  }
  std::string bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return bytes;
}

Answer Client::read_head() {
  Answer answer;
  const std::string status = take_line();
  answer.status = std::stoi(status.substr(9, 3));
  for (std::string line = take_line(); !line.empty(); line = take_line()) {
    const auto colon = line.find(": ");
    answer.headers.emplace_back(lower(line.substr(0, colon)), line.substr(colon + 2));
  }
  return answer;
}

Answer Client::read_answer(bool head_only) {
  Answer answer = read_head();
  if (answer.status == 100) answer = read_head();
  if (head_only || answer.status == 304 || answer.status == 204) return answer;
  if (answer.header("transfer-encoding") == "chunked") {
    while (const auto size = std::stoul(take_line(), nullptr, 16)) {
      answer.body += take_bytes(size);
      take_line();
    }
    take_line();
    return answer;
  }
  const std::string length = answer.header("content-length");
  if (!length.empty()) answer.body = take_bytes(std::stoul(length));
  while (length.empty() && fill())
    continue;
  if (length.empty()) answer.body = std::exchange(buffer_, {});
  return answer;
}

bool Client::closed_within(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now()
    );
    pollfd entry{fd_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) <= 0) return false;
    char bytes[16384];
    if (::recv(fd_.get(), bytes, sizeof bytes, 0) <= 0) return true;
  }
}

void Client::close_writing() {
  ::shutdown(fd_.get(), SHUT_WR);
}

Answer Client::read_stream_head() {
  return read_head();
}

bool Client::fill_text() {
  try {
    const auto size = std::stoul(take_line(), nullptr, 16);
    if (size == 0) {
      ended_properly_ = true;
      return false;
    }
    text_ += take_bytes(size);
    take_line();
    return true;
  } catch (const std::runtime_error& error) {
    if (std::string_view(error.what()).starts_with("nothing came")) throw;
    return false;
  }
}

std::optional<Message> Client::next_message() {
  while (true) {
    std::size_t end = 0;
    while ((end = text_.find("\n\n")) == std::string::npos) {
      if (ended_properly_ || !fill_text()) return std::nullopt;
    }
    std::string block = text_.substr(0, end + 1);
    text_.erase(0, end + 2);
    if (block.starts_with(':')) {
      comments_.push_back(block.substr(2, block.size() - 3));
      continue;
    }
    Message message;
    while (!block.empty()) {
      const auto stop = block.find('\n');
      const std::string line = block.substr(0, stop);
      block.erase(0, stop + 1);
      const auto colon = line.find(": ");
      const std::string name = line.substr(0, colon);
      const std::string value = line.substr(colon + 2);
      if (name == "id") message.id = value;
      if (name == "event") message.event = value;
      if (name == "data") message.data = value;
    }
    return message;
  }
}

std::string request_text(
    std::string_view method,
    std::string_view target,
    std::uint16_t port,
    const std::vector<std::string>& headers,
    std::string_view body
) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\n", method, target);
  bool host = false;
  for (const std::string& line : headers) {
    text += line + "\r\n";
    host = host || line.starts_with("Host:");
  }
  if (!host) text += fmt::format("Host: 127.0.0.1:{}\r\n", port);
  if (!body.empty()) text += fmt::format("Content-Length: {}\r\n", body.size());
  text += "\r\n";
  text += body;
  return text;
}

}  // namespace opsroom::testing
