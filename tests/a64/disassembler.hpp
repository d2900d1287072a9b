// SPDX-License-Identifier: Apache-2.0
// LLVM's disassembler, set to a Cortex-A53.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace aliasvm::a64
{

class Disassembler
{
public:
    /// Throws std::runtime_error if this LLVM was built without AArch64.
    Disassembler();

    /// "\tldr\tx0, [x1], #8"; none if the word is no instruction. Valid until the next call.
    [[nodiscard]] std::optional<std::string_view> text(std::uint32_t word);

private:
    struct Dispose
    {
        void operator()(void* context) const noexcept;
    };
    std::unique_ptr<void, Dispose> context_;
    std::array<char, 128> text_{};
};

} // namespace aliasvm::a64
