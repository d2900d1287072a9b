// SPDX-License-Identifier: Apache-2.0
// Json: writes one JSON value, for --json.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::cli
{

/// Appends in the order of calls; commas and quotes are its business, matching of begin and end
/// the caller's. Text that is no UTF-8 gets U+FFFD for each byte that cannot be read.
///
///     Json json;
///     json.object().key("name").text("left").key("vcpus").number(1).end();
class Json
{
public:
    Json& object();
    Json& array();
    /// Of the object or array begun last.
    Json& end();

    Json& key(std::string_view name);

    Json& text(std::string_view value);
    Json& number(std::uint64_t value);
    Json& real(double value);
    Json& boolean(bool value);
    Json& null();

    /// What was written, and a newline.
    [[nodiscard]] std::string line() const { return text_ + '\n'; }

private:
    Json& begin(char open, char close);
    Json& raw(std::string_view value);
    void quote(std::string_view value);
    void separate();

    std::string text_;
    std::vector<char> closing_;
    bool first_{true}; ///< the next thing follows no other on its level, or follows its key
};

} // namespace aliasvm::cli
