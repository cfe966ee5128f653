#pragma once
#include "arguments.hpp"
#include "common/secrets.hpp"

namespace opsroom::plugins::http {

/// The request that the arguments describe, secrets filled in. Throws tool::BadArguments, and
/// std::runtime_error when a secret is missing or not for that host.
WebRequest compose(const GetArgs& args, const Settings& settings, Secrets& secrets);
WebRequest compose(const RequestArgs& args, const Settings& settings, Secrets& secrets);

}  // namespace opsroom::plugins::http
