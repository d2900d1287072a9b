// SPDX-License-Identifier: Apache-2.0
// The C interface of LLVM, which changes the least.
#include "tests/a64/disassembler.hpp"

#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include <bit>
#include <cstddef>
#include <stdexcept>

namespace aliasvm::a64
{

Disassembler::Disassembler()
{
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64Disassembler();
    context_.reset(
        LLVMCreateDisasmCPUFeatures("aarch64", "cortex-a53", "", nullptr, 0, nullptr, nullptr));
    if (!context_)
        throw std::runtime_error{"this LLVM has no disassembler for a Cortex-A53"};
}

std::optional<std::string_view> Disassembler::text(std::uint32_t word)
{
    auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof word>>(word);
    static_assert(std::endian::native == std::endian::little);
    if (LLVMDisasmInstruction(context_.get(), bytes.data(), bytes.size(), 0, text_.data(),
                              text_.size()) == 0)
        return std::nullopt;
    return std::string_view{text_.data()};
}

void Disassembler::Dispose::operator()(void* context) const noexcept
{
    LLVMDisasmDispose(context);
}

} // namespace aliasvm::a64
