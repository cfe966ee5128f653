#pragma once

#include "web/http.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace opsroom::web {

/// The page as Vite built it, held in memory: a request can name nothing but what was found when
/// the directory was read, so there is no path to escape from. Read again when index.html changes.
/// Symbolic links and dot files are left out. Io thread only.
class StaticFiles {
 public:
  explicit StaticFiles(std::filesystem::path directory);

  /// Answers a GET: a file, index.html for the page's own addresses (no dot in the last segment),
  /// or nullopt. Without a built page: a page that says how to get one.
  std::optional<Response> serve(const Request& request);

 private:
  struct File {
    std::string content;
    std::string etag;
    std::string media_type;
  };
  using Stamp = std::pair<std::filesystem::file_time_type, std::uintmax_t>;

  void reload_if_changed();
  void load();
  const File* find(const std::string& path) const;
  Response respond(const std::string& path, const File& plain, const Request& request) const;

  std::filesystem::path directory_;
  std::map<std::string, File> files_;  ///< by path below the directory: "assets/index-1a2b.js"
  std::optional<Stamp> stamp_;         ///< of index.html
};

}  // namespace opsroom::web
