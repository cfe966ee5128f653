#pragma once

namespace opsroom::sdk {

/// SIGTERM and SIGINT, and a client that no longer reads, end the server through one descriptor
/// that its loop polls. Also ignores SIGPIPE. Call once, before threads start.
void watch_signals();

/// Readable once the server should leave.
int leave_fd() noexcept;

/// The exit code that goes with it: 128 + signal, or what leave_with() was given.
int leave_code() noexcept;

/// Asks the server to leave; async-signal-safe.
void leave_with(int code) noexcept;

}  // namespace opsroom::sdk
