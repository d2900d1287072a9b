// SPDX-License-Identifier: Apache-2.0
// Machine code and what it tells: assembled by hand, as binutils' disassembler reads it back.
#include "bsp_code.hpp"
#include "common/plan/code_scan.hpp"
#include "common/plan/image.hpp"
#include "image_builder.hpp"

#include <random>

#include <gtest/gtest.h>

namespace aliasvm::plan
{
namespace
{

CodeFacts scan(const Words& words)
{
    Bytes code;
    for (std::size_t index = 0; index < words.size(); ++index)
        put(code, index * 4, words[index]);
    const std::span<const std::byte> piece{code};
    return scan_code({&piece, 1});
}

std::string uses_of(const CodeFacts& facts)
{
    std::string text;
    for (const RegisterUse& use : facts.registers)
        text +=
            register_text(use.which) + (use.read ? " r" : "") + (use.written ? " w" : "") + "\n";
    return text;
}

TEST(TheScanOfCode, FindsTheSystemRegistersThatAreNamed)
{
    EXPECT_EQ(uses_of(scan({
                  0xd51e'c001, // msr vbar_el3, x1
                  0xd53e'5200, // mrs x0, esr_el3
                  0xd53b'9c00, // mrs x0, pmcr_el0
                  0xd51b'9c1f, // msr pmcr_el0, xzr
                  0xd519'f200, // msr s3_1_c15_c2_0, x0
                  0xd518'c002, // msr vbar_el1, x2
                  0xd538'4240, // mrs x0, CurrentEL
              })),
              "CurrentEL r\nVBAR_EL1 w\nS3_1_C15_C2_0 w\nPMCR_EL0 r w\nESR_EL3 r\nVBAR_EL3 w\n");
}

TEST(TheScanOfCode, TakesNothingElseForSuchAnInstruction)
{
    EXPECT_EQ(uses_of(scan({
                  0xd503'3fdf, // isb
                  0xd503'40df, // msr daifset, #0: no register
                  0xd50e'871f, // tlbi alle3
                  0xd508'751f, // ic iallu
                  0xd503'207f, // wfi
                  0x1400'0000, // b .
                  0,
                  ~0U,
              })),
              "");
}

TEST(TheScanOfCode, KnowsTheStartOfAmdsBspAndWhatItWasBuiltFor)
{
    EXPECT_EQ(scan(bsp(true, false)).bsp, BspStart::not_el1);
    EXPECT_EQ(scan(bsp(false, false)).bsp, BspStart::not_el1);
    EXPECT_EQ(scan(bsp(true, true)).bsp, BspStart::takes_el1);
    EXPECT_EQ(scan(bsp(false, true)).bsp, BspStart::takes_el1);
    Words wfi = bsp(true, false);
    wfi.back() = 0xd503'207f;
    EXPECT_EQ(scan(wfi).bsp, BspStart::none) << "it waits for nothing";
    for (std::size_t size = 32; size < bsp(true, false).size(); ++size)
    {
        Words part = bsp(true, false);
        part.resize(size);
        EXPECT_EQ(scan(part).bsp, BspStart::none) << size;
    }
}

TEST(TheScanOfCode, FollowsNoBranchOutOfTheCode)
{
    std::mt19937 random{5};
    for (int round = 0; round < 20'000; ++round)
    {
        Words code = bsp(random() % 2 == 0, random() % 2 == 0);
        for (auto changes = random() % 4; changes > 0; --changes)
            code[31 + random() % (code.size() - 31)] = static_cast<std::uint32_t>(
                random() % 2 == 0 ? random() : (random() & 0x03ff'ffff) | 0x1400'0000);
        static_cast<void>(scan(code));
    }
}

TEST(AnElfFile, IsScannedInItsExecutableSegmentsOnly)
{
    Bytes file = make_elf({{0, 0x100, 0x100}});
    put_code(file, bsp(true, false));
    const auto of = [](const Bytes& elf) { return std::get<ElfImage>(analyse_kernel(elf)).code; };
    EXPECT_EQ(of(file).bsp, BspStart::not_el1);
    EXPECT_TRUE(of(file).writes({3, 6, 12, 0, 0}));
    EXPECT_FALSE(of(file).reads({3, 6, 12, 0, 0}));

    Bytes data = make_elf({{0, 0x100, 0x100, 0, 0, PT_LOAD, PF_R | PF_W}});
    put_code(data, bsp(true, false));
    EXPECT_EQ(of(data).bsp, BspStart::none);
    EXPECT_TRUE(of(data).registers.empty());
}

TEST(AnElfFile, IsScannedFromItsFirstInstructionOn)
{
    // The segment begins two bytes before one.
    Bytes file = make_elf({{0x1002, 0x100, 0x100}});
    put(file, offsetof(Elf64_Ehdr, e_entry), std::uint64_t{0x1004});
    put(file, sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + 2, std::uint32_t{0xd53b'9c00});
    const auto facts = analyse_kernel(file);
    EXPECT_TRUE(std::get<ElfImage>(facts).code.reads(pmcr_el0));
}

} // namespace
} // namespace aliasvm::plan
