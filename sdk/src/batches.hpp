#pragma once
#include "wire.hpp"

#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace opsroom::sdk {

/// Requests that came in one JSON array, as only 2025-03-26 has it: their answers leave in one
/// array once the last of them is there. Any thread.
class Batches {
 public:
  explicit Batches(Outbox& outbox) : outbox_(outbox) {}

  /// A batch has come: the ids that will be answered, as key_of() has them and each only once, and
  /// the answers that are there already.
  void open(const std::vector<std::string>& ids, std::string answers);

  /// The answer to `id`, empty when none will come. False, with the line untouched, when that
  /// request did not come in a batch.
  bool take(const std::string& id, std::string& line);

 private:
  struct Batch {
    std::size_t missing = 0;
    std::string answers;  ///< with commas between
  };

  void send(std::string answers);

  Outbox& outbox_;
  std::atomic<bool> any_{false};
  std::mutex mutex_;
  std::list<Batch> batches_;
  std::map<std::string, std::list<Batch>::iterator> batch_of_;
};

}  // namespace opsroom::sdk
