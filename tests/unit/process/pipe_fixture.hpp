#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>

namespace opsroom::process {

/// A pipe with both ends on one io thread.
struct PipeEnds {
  explicit PipeEnds(asio::io_context& io) : read(io), write(io) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("pipe2");
    read.assign(ends[0]);
    write.assign(ends[1]);
  }
  asio::posix::stream_descriptor read;
  asio::posix::stream_descriptor write;
};

/// Runs a coroutine to its end, under a deadline.
inline void run_to_end(asio::io_context& io, Task<> task) {
  std::signal(SIGPIPE, SIG_IGN);
  std::exception_ptr failed;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error) { failed = error; });
  io.run_for(std::chrono::seconds(20));
  ASSERT_TRUE(io.stopped()) << "a coroutine still waits";
  if (failed) std::rethrow_exception(failed);
}

}  // namespace opsroom::process
