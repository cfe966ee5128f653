#include "store/pg_group.hpp"

#include "store/rows.hpp"

#include <pqxx/transaction_base>

namespace opsroom::store {
namespace {

/// One of the two lists, and which writes its places stand for.
struct List {
  std::string json = "[";
  std::vector<std::size_t> places;

  void add(const RunWrite& write, std::size_t place) {
    if (!places.empty()) json += ',';
    json += write.json;
    places.push_back(place);
  }
};

}  // namespace

Task<std::vector<WriteOutcome>> write_together(
    Database& database, std::vector<const RunWrite*> writes
) {
  List changes;
  List ends;
  for (std::size_t i = 0; i < writes.size(); ++i)
    (writes[i]->ends ? ends : changes).add(*writes[i], i);
  changes.json += ']';
  ends.json += ']';
  auto body = [&](pqxx::transaction_base& tx) {
    const pqxx::result rows = tx.exec_params(
        "select * from ops.write_together($1::jsonb, $2::jsonb)", changes.json, ends.json
    );
    std::vector<WriteOutcome> outcomes(writes.size(), WriteOutcome::lost);
    for (const pqxx::row row : rows) {
      const List& list = text(row["list"]) == "ends" ? ends : changes;
      const auto item = row["item"].as<std::size_t>();
      if (text(row["outcome"]) != "lost") outcomes[list.places.at(item - 1)] = WriteOutcome::done;
    }
    return outcomes;
  };
  auto writing = database.transaction(std::move(body));
  co_return co_await std::move(writing);
}

}  // namespace opsroom::store
