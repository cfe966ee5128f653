#pragma once

#include <string_view>

namespace opsroom::schema {

/// Whether `fits_format` can judge this format.
bool knows_format(std::string_view format);

/// Whether a text is a date-time, email, uri, ...; true for a format that is not known.
bool fits_format(std::string_view format, std::string_view text);

}  // namespace opsroom::schema
