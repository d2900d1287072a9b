// SPDX-License-Identifier: Apache-2.0
// VmName: the name of a VM, which is also a file, a unit instance and an object path element.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aliasvm
{

/// 1 to 32 characters of [a-z0-9_-], the first a letter: safe as NAME.toml, vm@NAME.service and in
/// a path below /run without any escaping.
class VmName
{
public:
    static constexpr std::size_t longest = 32;

    [[nodiscard]] static std::optional<VmName> from(std::string_view text)
    {
        const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
        const auto other = [](char c) { return (c >= '0' && c <= '9') || c == '-' || c == '_'; };
        if (text.empty() || text.size() > longest || !letter(text.front()))
            return std::nullopt;
        for (const char c : text)
        {
            if (!letter(c) && !other(c))
                return std::nullopt;
        }
        return VmName{std::string{text}};
    }

    [[nodiscard]] const std::string& str() const noexcept { return text_; }

    friend bool operator==(const VmName&, const VmName&) = default;

private:
    explicit VmName(std::string text) : text_{std::move(text)} {}

    std::string text_;
};

} // namespace aliasvm
