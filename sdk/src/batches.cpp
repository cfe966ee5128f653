#include "batches.hpp"

#include <utility>

namespace opsroom::sdk {

void Batches::open(const std::vector<std::string>& ids, std::string answers) {
  if (ids.empty()) return send(std::move(answers));
  const std::lock_guard lock(mutex_);
  batches_.push_front({ids.size(), std::move(answers)});
  for (const std::string& id : ids)
    batch_of_.emplace(id, batches_.begin());
  any_.store(true);
}

bool Batches::take(const std::string& id, std::string& line) {
  if (!any_.load()) return false;
  std::string whole;
  {
    const std::lock_guard lock(mutex_);
    const auto found = batch_of_.find(id);
    if (found == batch_of_.end()) return false;
    const auto batch = found->second;
    batch_of_.erase(found);
    if (!line.empty()) batch->answers += (batch->answers.empty() ? "" : ",") + std::move(line);
    if (--batch->missing > 0) return true;
    whole = std::move(batch->answers);
    batches_.erase(batch);
    any_.store(!batches_.empty());
  }
  send(std::move(whole));
  return true;
}

/// Nothing when nobody is to be answered.
void Batches::send(std::string answers) {
  if (!answers.empty()) outbox_.send("[" + std::move(answers) + "]");
}

}  // namespace opsroom::sdk
