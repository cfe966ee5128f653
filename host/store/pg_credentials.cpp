#include "store/pg_credentials.hpp"

#include "base/text.hpp"
#include "store/rows.hpp"

#include <pqxx/transaction_base>

#include <algorithm>

namespace opsroom::store {
namespace {

using Tx = pqxx::transaction_base;

std::optional<Identity> identity_from(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  return Identity{text(rows[0]["name"]), text(rows[0]["role"]), text(rows[0]["csrf_sha256"])};
}

}  // namespace

Task<> PgCredentials::add(
    std::string kind, std::string sha256, Identity identity, std::chrono::seconds lifetime
) {
  // "For ever" would run out of the range of timestamps.
  constexpr std::chrono::seconds century(std::chrono::hours(24) * 36'525);
  const auto seconds = std::min(lifetime, century).count();
  auto body = [&](Tx& tx) {
    tx.exec("delete from ops.api_tokens where expires_at < now()");
    tx.exec_params(
        "insert into ops.api_tokens (kind, sha256, name, role, csrf_sha256, expires_at)"
        " values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))"
        " on conflict (kind, sha256) do update set name = excluded.name, role = excluded.role,"
        " csrf_sha256 = excluded.csrf_sha256, expires_at = excluded.expires_at",
        kind,
        sha256,
        printable_utf8(identity.name),
        printable_utf8(identity.role),
        identity.csrf_sha256,
        seconds
    );
  };
  co_await database_.transaction(std::move(body));
}

Task<std::optional<Identity>> PgCredentials::find(std::string kind, std::string sha256) {
  auto body = [&](Tx& tx) {
    return identity_from(tx.exec_params(
        "select name, role, csrf_sha256 from ops.api_tokens"
        " where kind = $1 and sha256 = $2 and expires_at > now()",
        kind,
        sha256
    ));
  };
  auto finding = database_.transaction(std::move(body));
  co_return co_await std::move(finding);
}

Task<std::optional<Identity>> PgCredentials::redeem_login(std::string sha256) {
  auto body = [&](Tx& tx) {
    return identity_from(tx.exec_params(
        "delete from ops.api_tokens where kind = 'login' and sha256 = $1 and expires_at > now()"
        " returning name, role, csrf_sha256",
        sha256
    ));
  };
  auto redeeming = database_.transaction(std::move(body));
  co_return co_await std::move(redeeming);
}

Task<> PgCredentials::revoke(std::string kind, std::string sha256) {
  auto body = [&](Tx& tx) {
    tx.exec_params("delete from ops.api_tokens where kind = $1 and sha256 = $2", kind, sha256);
  };
  co_await database_.transaction(std::move(body));
}

}  // namespace opsroom::store
