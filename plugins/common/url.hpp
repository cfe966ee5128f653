#pragma once
#include <curl/curl.h>
#include <map>
#include <memory>
#include <string>

namespace opsroom::plugins {

/// One URL taken apart by libcurl, which is also who will use it: two readers of a URL that
/// disagree are how checks are passed by.
class Url {
 public:
  /// Throws WebError (refused) unless it is an absolute http or https URL without user and
  /// password.
  explicit Url(const std::string& text);

  std::string part(CURLUPart part, unsigned flags = 0) const;
  std::string whole() const { return part(CURLUPART_URL); }
  std::string host() const;
  /// scheme, host and port.
  std::string origin() const;
  void append_query(const std::string& name, const std::string& value);

 private:
  struct Free {
    void operator()(CURLU* handle) const noexcept { curl_url_cleanup(handle); }
  };
  std::unique_ptr<CURLU, Free> handle_;
};

/// `url` with more parameters in its query, percent-encoded.
std::string with_query(const std::string& url, const std::map<std::string, std::string>& query);

}  // namespace opsroom::plugins
