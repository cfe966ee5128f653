#include "bench/report.hpp"

#include "base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace opsroom::bench {

double ratio(const Row& row) {
  return row.unit.ends_with("/s") ? row.peer / row.ours : row.ours / row.peer;
}

bool is_good(const Row& row) {
  return !row.goal || ratio(row) <= *row.goal;
}

Report::Report(std::string bench, std::string peer, int argc, char** argv)
    : bench_(std::move(bench)) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--json") {
      fmt::print(stderr, "bench_{} [--json]\n", bench_);
      std::exit(2);
    }
    json_ = true;
  }
  if (json_) return;
  fmt::print("bench {}; the peer is {}\n", bench_, peer);
  fmt::print(
      "{:<46} {:>5} {:>10} {:>10} {:>7} {:>6}\n", "row", "unit", "ours", "peer", "ratio", "goal"
  );
}

void Report::add(const Row& row) {
  const bool good = is_good(row);
  all_good_ = all_good_ && good;
  if (json_) {
    const Json line{
        {"bench", bench_},
        {"row", row.what},
        {"unit", row.unit},
        {"ours", row.ours},
        {"peer", row.peer},
        {"ratio", ratio(row)},
        {"goal", row.goal ? Json(*row.goal) : Json()},
        {"ok", good}
    };
    fmt::print("{}\n", dump(line));
  } else {
    fmt::print(
        "{:<46} {:>5} {:>10.1f} {:>10.1f} {:>7.3f} {:>6} {}\n",
        row.what,
        row.unit,
        row.ours,
        row.peer,
        ratio(row),
        row.goal ? fmt::format("{:.2f}", *row.goal) : "-",
        good ? "" : "missed"
    );
  }
  std::fflush(stdout);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

double overall(const std::vector<double>& rates) {
  double time = 0;
  for (const double rate : rates)
    time += 1 / rate;
  return static_cast<double>(rates.size()) / time;
}

double seconds_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

}  // namespace opsroom::bench
