#include "database.hpp"

#include "aside.hpp"

#include <algorithm>
#include <array>
#include <poll.h>
#include <sstream>

namespace opsroom::plugins::sql {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds connect_patience{15000};
/// The server ends a statement by itself; only a server that is gone is later than that.
constexpr milliseconds network_patience{10000};
/// A host waits 2 s for a call that it has cancelled.
constexpr milliseconds cancel_patience{1500};

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

/// " at line 3, column 7": PostgreSQL counts characters from 1, over the whole text.
std::string place(const std::string& position, const std::string& statement) {
  if (position.empty()) return "";
  std::size_t left = std::stoul(position);
  std::size_t line = 1;
  std::size_t column = 0;
  for (const char letter : statement) {
    if ((static_cast<unsigned char>(letter) & 0xC0U) == 0x80U) continue;
    if (left-- == 0) break;
    ++column;
    if (letter != '\n' || left == 0) continue;
    ++line;
    column = 0;
  }
  return " at line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace

Database::Database(const std::string& conninfo, const tool::Call& call) : call_(call) {
  open(conninfo);
  PQsetNoticeProcessor(
      connection_.get(),
      [](void* self, const char* message) {
        static_cast<Database*>(self)->call_.log(tool::Level::info, trimmed(message));
      },
      this
  );
}

Database::~Database() = default;

Database::Connection Database::start_connecting(
    const std::string& conninfo, Clock::time_point deadline
) const {
  // libpq looks up the host's name before it returns, however long that takes.
  auto started = aside(
      [conninfo] {
        const std::array<const char*, 4> names{
            "dbname", "fallback_application_name", "client_encoding", nullptr
        };
        const std::array<const char*, 4> values{conninfo.c_str(), "opsroom", "UTF8", nullptr};
        return Connection(PQconnectStartParams(names.data(), values.data(), 1));
      },
      deadline,
      [this] { return call_.cancelled(); }
  );
  if (started && *started) return *std::move(started);
  if (started) throw std::bad_alloc();
  if (call_.cancelled()) throw tool::Cancelled{};
  throw std::runtime_error(
      "no connection to the database: its host was not found in time; check the connection string "
      "and the name server, or give hostaddr"
  );
}

void Database::open(const std::string& conninfo) {
  const auto deadline = Clock::now() + connect_patience;
  connection_ = start_connecting(conninfo, deadline);
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus(connection_.get()) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
         state != PGRES_POLLING_FAILED) {
    wait(state == PGRES_POLLING_WRITING ? POLLOUT : POLLIN, deadline);
    state = PQconnectPoll(connection_.get());
  }
  // So that nothing is sent without a deadline either.
  if (PQstatus(connection_.get()) == CONNECTION_OK && PQsetnonblocking(connection_.get(), 1) == 0)
    return;
  throw std::runtime_error(
      "no connection to the database: " + trimmed(PQerrorMessage(connection_.get())) +
      "; check the connection string, and that the server runs and lets this machine in"
  );
}

short Database::wait(short events, Clock::time_point deadline) {
  while (true) {
    if (call_.cancelled()) {
      cancel_statement();
      throw tool::Cancelled{};
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      cancel_statement();
      throw SqlError(
          "the database does not answer in time; look whether the server and the network are up", ""
      );
    }
    std::array<pollfd, 2> fds{
        pollfd{PQsocket(connection_.get()), events, 0}, pollfd{call_.cancel_fd(), POLLIN, 0}
    };
    // Without a fd the cancel has to be asked for.
    const auto step = std::min<std::int64_t>(left, call_.cancel_fd() < 0 ? 100 : 60000);
    if (::poll(fds.data(), fds.size(), static_cast<int>(step)) > 0 && fds[0].revents != 0)
      return fds[0].revents;
  }
}

void Database::cancel_statement() noexcept {
  if (PQstatus(connection_.get()) != CONNECTION_OK) return;
  const std::shared_ptr<PGcancel> handle(PQgetCancel(connection_.get()), &PQfreeCancel);
  if (!handle) return;
  try {
    // Nothing can be done when even that fails; the connection is closed right after. It connects
    // anew, so that a network which is gone would hold it up for minutes.
    aside(
        [handle] {
          std::array<char, 256> reason{};
          return PQcancel(handle.get(), reason.data(), static_cast<int>(reason.size()));
        },
        Clock::now() + cancel_patience,
        [] { return false; }
    );
  } catch (const std::exception& error) {
    call_.log(
        tool::Level::warning, std::string("the statement was not cancelled: ") + error.what()
    );
  }
}

Database::Clock::time_point Database::statement_deadline() const {
  return Clock::now() + most_ + network_patience;
}

void Database::limit_statements(milliseconds most) {
  most_ = std::max(most, milliseconds(1));
  run("select set_config('statement_timeout', $1, false)", {std::to_string(most_.count())});
}

void Database::send(const std::string& statement, const Parameters& parameters) {
  std::vector<const char*> values;
  for (const auto& each : parameters)
    values.push_back(each ? each->c_str() : nullptr);
  const int sent = PQsendQueryParams(
      connection_.get(),
      statement.c_str(),
      static_cast<int>(values.size()),
      nullptr,
      values.data(),
      nullptr,
      nullptr,
      0
  );
  if (sent != 1) refuse(nullptr, statement);
  flush(statement);
}

void Database::flush(const std::string& statement) {
  const auto deadline = statement_deadline();
  while (true) {
    const int left = PQflush(connection_.get());
    if (left == 0) return;
    if (left < 0) refuse(nullptr, statement);
    // Who does not listen meanwhile may keep a server that talks from listening.
    if ((wait(POLLIN | POLLOUT, deadline) & POLLIN) != 0 && PQconsumeInput(connection_.get()) != 1)
      refuse(nullptr, statement);
  }
}

Result Database::next(Clock::time_point deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    wait(POLLIN, deadline);
    if (PQconsumeInput(connection_.get()) != 1) refuse(nullptr, "");
  }
  return Result(PQgetResult(connection_.get()));
}

Result Database::last(const std::string& statement, Clock::time_point deadline) {
  Result kept;
  while (Result result = next(deadline)) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      cancel_statement();
      throw SqlError("COPY from or to the client is not possible here; use INSERT or SELECT", "");
    }
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)
      refuse(result.get(), statement);
    kept = std::move(result);
  }
  return kept;
}

Result Database::run(const std::string& statement, const Parameters& parameters) {
  send(statement, parameters);
  return last(statement, statement_deadline());
}

void Database::run_script(const std::string& script) {
  if (PQsendQuery(connection_.get(), script.c_str()) != 1) refuse(nullptr, script);
  flush(script);
  last(script, statement_deadline());
}

Result Database::stream(
    const std::string& statement,
    const Parameters& parameters,
    const std::function<bool(const PGresult&)>& row
) {
  send(statement, parameters);
  if (PQsetSingleRowMode(connection_.get()) != 1) refuse(nullptr, statement);
  const auto deadline = statement_deadline();
  Result kept;
  while (Result result = next(deadline)) {
    if (PQresultStatus(result.get()) == PGRES_SINGLE_TUPLE) {
      if (row(*result)) continue;
      cancel_statement();
      while (next(deadline)) {
      }
      return result;
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      cancel_statement();
      throw SqlError("COPY from or to the client is not possible here; use INSERT or SELECT", "");
    }
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
      refuse(result.get(), statement);
    kept = std::move(result);
  }
  return kept;
}

bool Database::in_transaction() const {
  return PQtransactionStatus(connection_.get()) == PQTRANS_INTRANS;
}

std::string Database::quoted(const std::string& name) const {
  std::string all;
  std::istringstream parts(name);
  for (std::string part; std::getline(parts, part, '.');) {
    const std::unique_ptr<char, void (*)(void*)> text(
        PQescapeIdentifier(connection_.get(), part.data(), part.size()), &PQfreemem
    );
    if (part.empty() || !text) throw std::runtime_error("'" + name + "' is no name for a table");
    all += (all.empty() ? "" : ".") + std::string(text.get());
  }
  return all;
}

void Database::refuse(const PGresult* result, const std::string& statement) const {
  const std::string state = field(result, PG_DIAG_SQLSTATE);
  if (state.empty()) {
    const std::string told =
        result == nullptr ? PQerrorMessage(connection_.get()) : PQresultErrorMessage(result);
    throw SqlError("the connection to the database broke: " + trimmed(told), "");
  }
  std::string text = field(result, PG_DIAG_MESSAGE_PRIMARY) + " (" + state + ")" +
                     place(field(result, PG_DIAG_STATEMENT_POSITION), statement);
  if (const auto detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty())
    text += "; " + detail;
  if (const auto hint = field(result, PG_DIAG_MESSAGE_HINT); !hint.empty()) text += "; " + hint;
  throw SqlError(text, state);
}

}  // namespace opsroom::plugins::sql
