// SPDX-License-Identifier: Apache-2.0
// What fuzz targets share: how a property is told to be broken, and how an input is read.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Each target's one function, as libFuzzer calls it; replay.cpp does so natively. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace aliasvm::fuzz
{

/// A finding unless it holds: says what, and aborts.
void require(bool holds, std::string_view property);

/// An input as numbers and texts, from its start. At its end all numbers are 0 and all texts empty,
/// so that every input means something.
class Input
{
public:
    explicit Input(std::string_view bytes) : left_{bytes} {}

    [[nodiscard]] bool empty() const { return left_.empty(); }

    /// Little-endian.
    template <std::unsigned_integral T>
    [[nodiscard]] T number()
    {
        std::uint64_t value = 0;
        for (unsigned index = 0; index < sizeof(T) && !left_.empty(); ++index)
        {
            value |= std::uint64_t{static_cast<unsigned char>(left_.front())} << (8 * index);
            left_.remove_prefix(1);
        }
        return static_cast<T>(value);
    }
    /// One byte decides: for small choices.
    [[nodiscard]] unsigned below(unsigned end) { return number<std::uint8_t>() % end; }
    /// A byte for the length, then the text.
    [[nodiscard]] std::string_view text() { return take(number<std::uint8_t>()); }
    /// Up to the separator, which goes too, or the rest.
    [[nodiscard]] std::string_view up_to(std::string_view separator)
    {
        const std::size_t at = left_.find(separator);
        const std::string_view taken = take(at);
        static_cast<void>(take(separator.size()));
        return taken;
    }

private:
    std::string_view take(std::size_t size)
    {
        const std::string_view taken = left_.substr(0, size);
        left_.remove_prefix(taken.size());
        return taken;
    }

    std::string_view left_;
};

[[nodiscard]] inline std::string_view as_text(const std::uint8_t* data, std::size_t size)
{
    return {reinterpret_cast<const char*>(data), size};
}

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text)
{
    return std::as_bytes(std::span{text});
}

/// As sd-bus has it for strings: no NUL, no surrogate, no "noncharacter", nothing overlong.
[[nodiscard]] bool is_utf8_string(std::string_view text);

} // namespace aliasvm::fuzz
