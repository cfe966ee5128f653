#include "web/static_files.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"
#include "web/reply.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>

namespace opsroom::web {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_limit = 16u << 20;
constexpr std::size_t total_limit = 64u << 20;

std::string media_type_of(const fs::path& path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> types{{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".webp", "image/webp"},
      {".woff2", "font/woff2"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".txt", "text/plain; charset=utf-8"},
      {".wasm", "application/wasm"},
  }};
  const std::string extension = path.extension().string();
  for (const auto& [known, type] : types) {
    if (extension == known) return std::string(type);
  }
  return "application/octet-stream";
}

/// Vite puts the hash of the content into the names below assets/.
bool hashed(const std::string& path) {
  return path.starts_with("assets/");
}

bool hidden(const fs::path& relative) {
  for (const fs::path& part : relative) {
    if (part.string().starts_with('.')) return true;
  }
  return false;
}

/// "gzip;q=0" is a refusal; other weights don't matter to us.
bool accepts(const Request& request, std::string_view coding) {
  std::string_view list = request.headers.find("Accept-Encoding").value_or("");
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    std::string_view entry = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (entry.starts_with(' '))
      entry.remove_prefix(1);
    if (!entry.starts_with(coding)) continue;
    const std::string_view rest = entry.substr(coding.size());
    const bool refused = rest.find("q=0") != std::string_view::npos &&
                         rest.find_first_of("123456789") == std::string_view::npos;
    if (rest.empty() || rest.front() == ';' || rest.front() == ' ') return !refused;
  }
  return false;
}

std::string joined(const std::vector<std::string>& segments) {
  std::string path;
  for (const std::string& segment : segments)
    path += (path.empty() ? "" : "/") + segment;
  return path;
}

Response not_built(const fs::path& directory) {
  std::string page =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<title>Opsroom: the Runboard is not built</title></head><body>\n"
      "<h1>The Runboard is not built</h1>\n"
      "<p>The server runs, and so does its API, but the page's files are not there.</p>\n"
      "<p>Build them with <code>./dev build</code> in the source tree (it needs Node 18 or newer "
      "and "
      "npm), or install a release, which carries them. Meanwhile everything works from the command "
      "line: <code>opsroom --help</code>.</p>\n</body></html>\n";
  spdlog::warn("the Runboard is not built: no index.html in {}", directory.string());
  return text_response(std::move(page), "text/html; charset=utf-8", 404);
}

}  // namespace

StaticFiles::StaticFiles(fs::path directory) : directory_(std::move(directory)) {}

std::optional<Response> StaticFiles::serve(const Request& request) {
  const std::string path = joined(request.segments);
  const bool is_page = request.segments.back().find('.') == std::string::npos;
  if (is_page || files_.empty()) reload_if_changed();
  if (const File* file = find(path)) return respond(path, *file, request);
  if (!is_page) return std::nullopt;
  if (const File* index = find("index.html")) return respond("index.html", *index, request);
  return not_built(directory_);
}

void StaticFiles::reload_if_changed() {
  std::error_code error;
  const fs::path index = directory_ / "index.html";
  const auto time = directory_.empty() ? fs::file_time_type() : fs::last_write_time(index, error);
  const auto size = error || directory_.empty() ? 0 : fs::file_size(index, error);
  if (error || directory_.empty()) {
    files_.clear();
    stamp_.reset();
    return;
  }
  if (stamp_ == Stamp(time, size)) return;
  load();
  stamp_ = Stamp(time, size);
}

void StaticFiles::load() {
  files_.clear();
  std::size_t total = 0;
  std::error_code error;
  fs::recursive_directory_iterator entries(directory_, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    const fs::path relative = entries->path().lexically_relative(directory_);
    if (!entries->is_regular_file() || entries->is_symlink() || hidden(relative)) continue;
    try {
      File file;
      file.content = read_file(entries->path(), file_limit);
      total += file.content.size();
      if (total > total_limit) throw Failure(Code::exhausted, "the page's files are too many");
      file.etag = '"' + sha256_hex(file.content).substr(0, 32) + '"';
      file.media_type = media_type_of(relative);
      files_[relative.generic_string()] = std::move(file);
    } catch (const Failure& failure) {
      spdlog::error("a file of the Runboard is left out: {}", failure.what());
    }
  }
}

const StaticFiles::File* StaticFiles::find(const std::string& path) const {
  const auto found = files_.find(path.empty() ? "index.html" : path);
  return found == files_.end() ? nullptr : &found->second;
}

Response StaticFiles::respond(const std::string& path, const File& plain, const Request& request)
    const {
  Response response;
  const File* sent = &plain;
  for (const auto& [coding, suffix] : {std::pair("br", ".br"), std::pair("gzip", ".gz")}) {
    const File* packed = find((path.empty() ? "index.html" : path) + suffix);
    if (packed == nullptr || !accepts(request, coding)) continue;
    sent = packed;
    response.headers.add("Content-Encoding", coding);
    break;
  }
  response.headers.add("Content-Type", plain.media_type);
  response.headers.add("ETag", sent->etag);
  response.headers.add("Vary", "Accept-Encoding");
  response.headers.add(
      "Cache-Control", hashed(path) ? "public, max-age=31536000, immutable" : "no-cache"
  );
  const auto known = request.headers.find("If-None-Match");
  if (known && known->find(sent->etag) != std::string_view::npos) {
    response.status = 304;
  } else {
    response.body = sent->content;
  }
  return response;
}

}  // namespace opsroom::web
