#pragma once

#include "model/input.hpp"
#include "model/input_form.hpp"

#include <string>

namespace opsroom::cli {

/// The host that an address leads to, as a browser would read it ("https://good.com@evil.com/" is
/// evil.com); empty when it names none.
std::string host_of_url(std::string_view url);

/// The message in one line, for lists; shortened to `most` characters.
std::string question_line(const InputRequest& input, std::size_t most = 80);

/// "integer, required, 0 to 120, one of ...".
std::string field_text(const FormField& field);

/// Who asks what, for a terminal: message, fields or the full address. Without a line break at the
/// end.
std::string question_text(const InputRequest& input, bool colour);

/// How to answer it: the command lines. `several`: the run asks more than this.
std::string ways_to_answer(const InputRequest& input, bool several);

}  // namespace opsroom::cli
