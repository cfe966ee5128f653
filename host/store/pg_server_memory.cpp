#include "store/pg_server_memory.hpp"

#include "base/text.hpp"
#include "store/rows.hpp"

#include <pqxx/transaction_base>

namespace opsroom::store {

Task<std::optional<std::string>> PgServerMemory::era(std::string fingerprint) {
  const std::string word = printable_utf8(fingerprint);
  auto body = [&](pqxx::transaction_base& tx) -> std::optional<std::string> {
    const pqxx::result rows = tx.exec_params(
        "select s.era from ops.tool_servers s where s.fingerprint = $1"
        " and s.seen_at > now() - interval '90 days'",
        word
    );
    if (rows.empty()) return std::nullopt;
    return text(rows[0][0]);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<> PgServerMemory::remember_era(std::string fingerprint, std::string title, std::string era) {
  const std::string word = printable_utf8(fingerprint);
  const std::string shown = printable_utf8(title);
  auto body = [&](pqxx::transaction_base& tx) {
    tx.exec_params("select ops.remember_server($1, $2, $3)", word, shown, era);
  };
  co_await database_.transaction(std::move(body));
}

Task<> PgServerMemory::forget(std::string fingerprint) {
  const std::string word = printable_utf8(fingerprint);
  auto body = [&](pqxx::transaction_base& tx) {
    tx.exec_params("select ops.forget_server($1)", word);
  };
  co_await database_.transaction(std::move(body));
}

Task<std::string> PgServerMemory::state_key() {
  auto body = [](pqxx::transaction_base& tx) {
    return text(
        tx.exec("select s.value from ops.settings s where s.name = 'tool_state_key'").at(0)[0]
    );
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

}  // namespace opsroom::store
