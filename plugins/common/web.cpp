#include "common/web.hpp"

#include "common/url.hpp"

#include <algorithm>
#include <cctype>
#include <exception>
#include <poll.h>
#include <unistd.h>

namespace opsroom::plugins {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t most_header_bytes = std::size_t{256} << 10;
constexpr std::size_t most_passed_over = std::size_t{1} << 20;
constexpr milliseconds connect_patience{10000};

template <class Handle, auto release>
struct Release {
  void operator()(Handle* handle) const noexcept { release(handle); }
};
using Easy = std::unique_ptr<CURL, Release<CURL, curl_easy_cleanup>>;
using Multi = std::unique_ptr<CURLM, Release<CURLM, curl_multi_cleanup>>;
using List = std::unique_ptr<curl_slist, Release<curl_slist, curl_slist_free_all>>;

void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw std::runtime_error("libcurl can't start");
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

/// One hop: a request and what came back for it.
class Hop {
 public:
  Hop(const WebRequest& request, const WebPolicy& policy, const std::string& url)
      : request_(request), policy_(policy), easy_(curl_easy_init()) {
    if (!easy_) throw std::bad_alloc();
    answer.url = url;
  }
  Hop(const Hop&) = delete;
  Hop& operator=(const Hop&) = delete;

  void prepare(
      const std::string& method, const Headers& headers, bool with_body, milliseconds timeout
  ) {
    set(CURLOPT_URL, answer.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    // A proxy of the environment would connect for us, past the check of the address.
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    // The system's resolver can't be stopped; without this the end would wait for it.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_ACCEPT_ENCODING, "");
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(timeout, connect_patience).count()));
    if (!policy_.ca_file.empty()) set(CURLOPT_CAINFO, policy_.ca_file.c_str());
    if (request_.connect_only) set(CURLOPT_CONNECT_ONLY, 1L);
    if (method == "HEAD") set(CURLOPT_NOBODY, 1L);
    if (with_body) {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
      set(CURLOPT_POSTFIELDS, request_.body->data());
    }
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
    set_headers(headers);
    set(CURLOPT_OPENSOCKETFUNCTION, &Hop::open_socket);
    set(CURLOPT_OPENSOCKETDATA, this);
    set(CURLOPT_HEADERFUNCTION, &Hop::take_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Hop::take_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_ERRORBUFFER, reason_.data());
  }

  CURL* handle() const noexcept { return easy_.get(); }

  /// What the end of the transfer means. Throws unless there is an answer.
  void conclude(CURLcode code) {
    if (thrown_) std::rethrow_exception(thrown_);
    // Where one address of several was refused, another one may still answer a later try.
    if (!allowed_one_ && refusal_.empty()) refusal_ = refused_address_;
    if (code != CURLE_OK && !enough_) throw WebError(failure(code), !refusal_.empty());
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
  }

  std::string redirect() const {
    char* target = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &target);
    return target == nullptr ? "" : target;
  }

  WebAnswer answer;

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(easy_.get(), option, value) != CURLE_OK)
      throw std::runtime_error("libcurl refuses the option " + std::to_string(option));
  }

  void set_headers(const Headers& headers) {
    for (const auto& [name, value] : headers) {
      // "Name;" is how libcurl is told of a header without a value.
      const std::string line = value.empty() ? name + ";" : name + ": " + value;
      append(line);
    }
    append("Expect:");
    const auto has = [&](std::string_view name) {
      return std::any_of(headers.begin(), headers.end(), [&](const auto& header) {
        return same_name(header.first, name);
      });
    };
    if (!has("User-Agent")) append("User-Agent: opsroom");
    if (request_.body && !has("Content-Type")) append("Content-Type:");
    set(CURLOPT_HTTPHEADER, headers_.get());
  }

  void append(const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    [[maybe_unused]] auto* same = headers_.release();
    headers_.reset(longer);
  }

  std::string failure(CURLcode code) const {
    const std::string where = request_.method + " " + shown_url(answer.url) + ": ";
    if (!refusal_.empty()) return where + refusal_;
    // libcurl's word for a line that is longer than its buffers may get.
    if (code == CURLE_OUT_OF_MEMORY)
      return where + "a line of the answer's headers is too long (or there is no memory left)";
    if (code == CURLE_OPERATION_TIMEDOUT)
      return where + "no answer in time (" + std::string(reason_.data()) + ")";
    const std::string_view detail = reason_.data();
    return where + (detail.empty() ? curl_easy_strerror(code) : std::string(detail));
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto& hop = *static_cast<Hop*>(self);
    if (!hop.policy_.addresses.allows(address->addr)) {
      hop.refused_address_ = "the address " + address_text(address->addr) +
                             " is not public; the operator can allow it with \"allow_addresses\" "
                             "in this plugin's config in tools.json";
      return CURL_SOCKET_BAD;
    }
    hop.allowed_one_ = true;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& hop = *static_cast<Hop*>(self);
    const std::string_view line(data, size * count);
    hop.header_bytes_ += line.size();
    if (hop.header_bytes_ > most_header_bytes) {
      hop.refusal_ = "the answer's headers are larger than 256 KiB";
      return 0;
    }
    // An interim answer (100, 103) came before this one.
    if (line.starts_with("HTTP/")) hop.answer.headers.clear();
    hop.keep_header(line);
    return line.size();
  }

  void keep_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string name(line.substr(0, colon));
    for (char& letter : name)
      letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    std::string_view value = line.substr(colon + 1);
    const std::size_t begin = value.find_first_not_of(" \t");
    const std::size_t end = value.find_last_not_of(" \t\r\n");
    value = begin == std::string_view::npos || end == std::string_view::npos
                ? std::string_view()
                : value.substr(begin, end - begin + 1);
    answer.headers.emplace_back(std::move(name), value);
  }

  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& hop = *static_cast<Hop*>(self);
    return hop.keep_body({data, size * count}) ? size * count : 0;
  }

  /// libcurl's own word on it comes only after the body.
  bool leads_on() const {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status / 100 == 3 && answer.redirects < request_.max_redirects &&
           !answer.header("location").empty();
  }

  bool pass_over(std::string_view bytes) {
    passed_over_ += bytes.size();
    if (passed_over_ <= most_passed_over) return true;
    refusal_ = "the text of the redirect is larger than 1 MiB";
    return false;
  }

  bool keep_body(std::string_view bytes) {
    if (leads_on()) return pass_over(bytes);
    answer.bytes += bytes.size();
    if (answer.bytes > request_.max_bytes) {
      refusal_ = "the answer is larger than " + std::to_string(request_.max_bytes) +
                 " bytes; raise max_bytes";
      return false;
    }
    try {
      if (!request_.sink)
        answer.body += bytes;
      else if (!request_.sink(bytes))
        enough_ = true;
      return !enough_;
    } catch (...) {
      thrown_ = std::current_exception();
      return false;
    }
  }

  const WebRequest& request_;
  const WebPolicy& policy_;
  Easy easy_;
  List headers_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  std::string refusal_;
  std::string refused_address_;
  bool allowed_one_ = false;
  std::exception_ptr thrown_;
  std::size_t header_bytes_ = 0;
  std::size_t passed_over_ = 0;
  bool enough_ = false;
};

/// Runs one hop to its end on this thread; a cancel ends it at once.
CURLcode run(CURLM* multi, Hop& hop, const tool::Call& call, bool despite_cancel) {
  curl_multi_add_handle(multi, hop.handle());
  const std::unique_ptr<CURL, std::function<void(CURL*)>> added(hop.handle(), [multi](CURL* easy) {
    curl_multi_remove_handle(multi, easy);
  });
  int running = 1;
  while (true) {
    if (!despite_cancel) call.checkpoint();
    if (const CURLMcode code = curl_multi_perform(multi, &running); code != CURLM_OK)
      throw std::runtime_error(std::string("libcurl: ") + curl_multi_strerror(code));
    if (running == 0) break;
    curl_waitfd cancel{call.cancel_fd(), CURL_WAIT_POLLIN, 0};
    const unsigned extra = call.cancel_fd() >= 0 && !despite_cancel ? 1 : 0;
    curl_multi_poll(multi, &cancel, extra, 1000, nullptr);
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi, &left);
  return message == nullptr ? CURLE_GOT_NOTHING : message->data.result;
}

bool is_private(const WebRequest& request, const std::string& name) {
  for (const char* always : {"authorization", "cookie", "proxy-authorization"})
    if (same_name(name, always)) return true;
  return std::any_of(
      request.private_headers.begin(),
      request.private_headers.end(),
      [&](const std::string& each) { return same_name(name, each); }
  );
}

void check_host(const WebPolicy& policy, const Url& url) {
  if (policy.hosts.empty() || host_matches(policy.hosts, url.host())) return;
  throw WebError(
      "the host " + url.host() +
          " is none of those that the operator allows (\"allow_hosts\" in this plugin's config in "
          "tools.json)",
      true
  );
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(letter) != std::string_view::npos;
  });
}

void check_request(const WebRequest& request) {
  if (!is_token(request.method)) throw WebError("'" + request.method + "' is no method", true);
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) throw WebError("'" + name + "' is no name for a header", true);
    for (const char* own : {"host", "content-length", "transfer-encoding", "connection"})
      if (same_name(name, own))
        throw WebError("the header " + name + " is set by the request itself", true);
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      throw WebError("the value of the header " + name + " has a line break or NUL", true);
  }
}

/// What browsers do: 303 always, and 301 and 302 after a POST, lead on with a plain GET.
bool turns_into_get(int status, const std::string& method) {
  return (status == 303 && method != "HEAD") ||
         ((status == 301 || status == 302) && method == "POST");
}

}  // namespace

std::string WebAnswer::header(std::string_view name) const {
  std::string all;
  for (const auto& [each, value] : headers)
    if (each == name) all += (all.empty() ? "" : ", ") + value;
  return all;
}

WebAnswer fetch(const WebRequest& request, const WebPolicy& policy, const tool::Call& call) {
  start_curl();
  check_request(request);
  const auto began = Clock::now();
  const auto deadline = began + request.timeout;
  const Multi multi(curl_multi_init());
  if (!multi) throw std::bad_alloc();
  std::string method = request.method;
  std::string url = request.url;
  Headers headers = request.headers;
  bool with_body = request.body.has_value();
  for (int redirects = 0;; ++redirects) {
    const Url at(url);
    check_host(policy, at);
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    // 0 would mean "without limit" to libcurl.
    Hop hop(request, policy, at.whole());
    hop.answer.redirects = redirects;
    hop.prepare(method, headers, with_body, std::max(left, milliseconds(1)));
    hop.conclude(run(multi.get(), hop, call, request.despite_cancel));
    hop.answer.took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
    const std::string next = hop.redirect();
    if (next.empty() || request.max_redirects == 0) return std::move(hop.answer);
    if (redirects >= request.max_redirects)
      throw WebError(
          request.method + " " + shown_url(request.url) + ": more than " +
              std::to_string(request.max_redirects) + " redirects; the last one leads to " +
              shown_url(next),
          true
      );
    if (Url(next).origin() != at.origin())
      std::erase_if(headers, [&](const auto& header) { return is_private(request, header.first); });
    if (turns_into_get(hop.answer.status, method)) {
      method = "GET";
      with_body = false;
      std::erase_if(headers, [](const auto& header) {
        return same_name(header.first, "content-type");
      });
    }
    url = next;
  }
}

}  // namespace opsroom::plugins
