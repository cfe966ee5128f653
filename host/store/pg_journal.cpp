#include "store/pg_journal.hpp"

#include "base/text.hpp"
#include "store/rows.hpp"

#include <pqxx/binarystring>
#include <pqxx/transaction_base>

namespace opsroom::store {

Task<> PgJournal::append(Claim claim, std::vector<Event> events) {
  const std::string told = events_text(events);
  auto body = [&](pqxx::transaction_base& tx) {
    tx.exec_params(
        "select ops.append_events($1, $2::uuid, $3::jsonb)", claim.run.value, claim.token, told
    );
  };
  co_await database_.transaction(std::move(body));
}

Task<Artifact> PgJournal::put_artifact(Claim claim, ArtifactDraft draft) {
  const std::string step = printable_utf8(draft.step);
  const std::string name = printable_utf8(draft.name);
  const std::string media_type = printable_utf8(draft.media_type);
  const std::string meta = json_text(draft.meta);
  const std::string sql = "select " + artifact_columns("a") +
                          " from ops.put_artifact($1, $2::uuid, $3, $4, $5, $6, $7, $8::jsonb) a";
  auto body = [&](pqxx::transaction_base& tx) {
    const pqxx::binarystring content(draft.content.data(), draft.content.size());
    const pqxx::row row = tx.exec_params1(
        sql, claim.run.value, claim.token, step, draft.kind, name, media_type, content, meta
    );
    return artifact_from(row);
  };
  auto putting = database_.transaction(std::move(body));
  co_return co_await std::move(putting);
}

}  // namespace opsroom::store
