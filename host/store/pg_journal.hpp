#pragma once

#include "ports/journal.hpp"
#include "store/database.hpp"

namespace opsroom::store {

/// Events and artifacts in PostgreSQL. Bytes that text columns cannot hold become U+FFFD.
class PgJournal final : public Journal {
 public:
  explicit PgJournal(Database& database) : database_(database) {}

  Task<> append(Claim claim, std::vector<Event> events) override;
  Task<Artifact> put_artifact(Claim claim, ArtifactDraft draft) override;

 private:
  Database& database_;
};

}  // namespace opsroom::store
