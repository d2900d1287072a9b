// SPDX-License-Identifier: Apache-2.0
// Words to accesses: every form by what an assembler calls it, and what must be none.
#include "common/a64/decode.hpp"

#include "tests/a64/describe.hpp"
#include "tests/a64/parse.hpp"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::a64
{
namespace
{

constexpr Register x(unsigned number)
{
    return Register{static_cast<std::uint8_t>(number)};
}

// ---- every form ------------------------------------------------------------------------------

struct Line
{
    std::uint32_t word;
    std::string text;
};

std::vector<Line> every_form()
{
    std::ifstream file{ALIASVM_A64_FORMS};
    std::vector<Line> lines;
    for (std::string line; std::getline(file, line);)
    {
        if (line.empty() || line[0] == '#')
            continue;
        Line form{};
        std::istringstream{line} >> std::hex >> form.word;
        form.text = line.substr(9);
        lines.push_back(form);
    }
    return lines;
}

TEST(Decode, KnowsEveryFormAsItsLineSays)
{
    const std::vector<Line> forms = every_form();
    ASSERT_GT(forms.size(), 700U) << ALIASVM_A64_FORMS;
    for (const Line& form : forms)
    {
        SCOPED_TRACE(form.text);
        const std::optional<Access> expected = parse(form.text);
        ASSERT_TRUE(expected);
        EXPECT_EQ(decode(form.word), expected);
    }
}

// ---- field by field --------------------------------------------------------------------------

struct Known
{
    const char* line;
    std::uint32_t word;
    Access access;
};

const Known known[] = {
    {"str w2, [x0], #4",
     0xb8004402,
     {Direction::store,
      1,
      4,
      General{x(2), {}, Extension::zero},
      {x(0), std::int64_t{4}, Writeback::post},
      {}}},
    {"ldr wzr, [sp], #-16",
     0xb85f07ff,
     {Direction::load,
      1,
      4,
      General{Register::zr, {}, Extension::zero},
      {Register::sp, std::int64_t{-16}, Writeback::post},
      {}}},
    {"ldrsb x2, [x30]",
     0x398003c2,
     {Direction::load,
      1,
      1,
      General{x(2), {}, Extension::sign_64},
      {x(30), std::int64_t{0}, Writeback::none},
      {}}},
    {"ldrsh w2, [x0, #8190]",
     0x79fffc02,
     {Direction::load,
      1,
      2,
      General{x(2), {}, Extension::sign_32},
      {x(0), std::int64_t{8190}, Writeback::none},
      {}}},
    {"ldrsw x0, [x1, x2, sxtx #2]",
     0xb8a2f820,
     {Direction::load,
      1,
      4,
      General{x(0), {}, Extension::sign_64},
      {x(1), Index{x(2), Extend::none, 2}, Writeback::none},
      {}}},
    {"str b0, [x0, wzr, uxtw]",
     0x3c3f4800,
     {Direction::store,
      1,
      1,
      Scalar{{0}, {}},
      {x(0), Index{Register::zr, Extend::uxtw, 0}, Writeback::none},
      {}}},
    {"ldr x2, #-1048576",
     0x58800002,
     {Direction::load,
      1,
      8,
      General{x(2), {}, Extension::zero},
      {Register::pc, std::int64_t{-1048576}, Writeback::none},
      {}}},
    {"ldpsw x1, x2, [sp], #-16",
     0x68fe0be1,
     {Direction::load,
      2,
      4,
      General{x(1), x(2), Extension::sign_64},
      {Register::sp, std::int64_t{-16}, Writeback::post},
      {}}},
    {"ldnp q1, q2, [sp, #-16]",
     0xac7f8be1,
     {Direction::load,
      2,
      16,
      Scalar{{1}, {2}},
      {Register::sp, std::int64_t{-16}, Writeback::none},
      {}}},
    {"stlxr w1, x2, [x3]",
     0xc801fc62,
     {Direction::store,
      1,
      8,
      General{x(2), {}, Extension::zero},
      {x(3), std::int64_t{0}, Writeback::none},
      {true, false, true, x(1)}}},
    {"ldaxp x1, x2, [sp]",
     0xc87f8be1,
     {Direction::load,
      2,
      8,
      General{x(1), x(2), Extension::zero},
      {Register::sp, std::int64_t{0}, Writeback::none},
      {true, true, false, {}}}},
    {"ldarh w0, [x0]",
     0x48dffc00,
     {Direction::load,
      1,
      2,
      General{x(0), {}, Extension::zero},
      {x(0), std::int64_t{0}, Writeback::none},
      {false, true, false, {}}}},
    {"ld1 { v31.8b, v0.8b }, [x0], #16",
     0x0cdfa01f,
     {Direction::load,
      16,
      1,
      Structure{{31}, 2, 8, Lanes::consecutive, 0},
      {x(0), std::int64_t{16}, Writeback::post},
      {}}},
    {"st4 { v0.2d - v3.2d }, [x1], x2",
     0x4c820c20,
     {Direction::store,
      8,
      8,
      Structure{{0}, 4, 16, Lanes::interleaved, 0},
      {x(1), Index{x(2), Extend::none, 0}, Writeback::post},
      {}}},
    {"ld4 { v29.d - v0.d }[1], [sp], #32",
     0x4dffa7fd,
     {Direction::load,
      4,
      8,
      Structure{{29}, 4, 16, Lanes::one, 1},
      {Register::sp, std::int64_t{32}, Writeback::post},
      {}}},
    {"ld3r { v4.4h - v6.4h }, [x0]",
     0x0d40e404,
     {Direction::load,
      3,
      2,
      Structure{{4}, 3, 8, Lanes::all, 0},
      {x(0), std::int64_t{0}, Writeback::none},
      {}}},
    {"prfm pldl1keep, [x0, x2, lsl #3]",
     0xf8a27800,
     {Direction::none,
      0,
      0,
      NoRegister{},
      {x(0), Index{x(2), Extend::none, 3}, Writeback::none},
      {}}},
    {"dc zva, x3",
     0xd50b7423,
     {Direction::store, 8, 8, NoRegister{}, {x(3), std::int64_t{0}, Writeback::none, 64}, {}}},
};

TEST(Decode, TellsEveryFieldOfAnAccess)
{
    for (const Known& one : known)
    {
        SCOPED_TRACE(one.line);
        EXPECT_EQ(decode(one.word), one.access);
    }
}

// ---- none ------------------------------------------------------------------------------------

struct Refused
{
    const char* line;
    std::uint32_t word;
};

const Refused later[] = {
    {"ldadd w0, w1, [x2] (LSE)", 0xb8200041},        {"swpal x0, x1, [x2] (LSE)", 0xf8e08041},
    {"stsetb w0, [x1] (LSE)", 0x3820303f},           {"cas w0, w1, [x2] (LSE)", 0x88a07c41},
    {"casp x0, x1, x2, x3, [x4] (LSE)", 0x48207c82}, {"ldlar w0, [x1] (LOR)", 0x88df7c20},
    {"stllrb w0, [x1] (LOR)", 0x089f7c20},           {"ldapr x0, [x1] (RCPC)", 0xf8bfc020},
    {"ldapur w0, [x1, #8] (RCPC2)", 0x99408020},     {"stlur x0, [x1, #-8] (RCPC2)", 0xd91f8020},
    {"ldraa x0, [x1] (PAuth)", 0xf8200420},          {"ldg x0, [x1] (MTE)", 0xd9600020},
    {"stg x0, [x1], #16 (MTE)", 0xd9201420},         {"stgp x0, x1, [x2] (MTE)", 0x69000440},
    {"ld64b x0, [x1] (LS64)", 0xf83fd020},           {"ldr z0, [x1] (SVE)", 0x85804020},
};

const Refused unallocated[] = {
    {"a pair with opc 11", 0xe9400440},
    {"a SIMD&FP pair with opc 11", 0xed400440},
    {"LDNP of signed words", 0x68400440},
    {"a literal with opc 11 of SIMD&FP", 0xdc000000},
    {"LDR of size 10, opc 11", 0xb9c00020},
    {"LDR of size 11, opc 11", 0xf9c00020},
    {"a SIMD&FP register of size 01, opc 10", 0x7d800020},
    {"an unprivileged SIMD&FP register", 0x3c400820},
    {"an unprivileged prefetch", 0xf8800820},
    {"a prefetch with post-index", 0xf8800420},
    {"a prefetch with pre-index", 0xf8800c20},
    {"a register offset with option 000", 0xb8620820},
    {"a register offset with option 001", 0xb8622820},
    {"a register offset with option 100", 0xb8628820},
    {"a register offset with option 101", 0xb862a820},
    {"ld2 of 1d", 0x0c408c20},
    {"structures with opcode 0001", 0x0c401020},
    {"structures with bits 20:16 not zero and no post-index", 0x0c417020},
    {"one lane of halfwords with size 01", 0x0d404420},
    {"one lane of words with size 10", 0x0d408820},
    {"one lane of doublewords with S", 0x0d409420},
    {"st1r", 0x0d00c020},
    {"ld1r with S", 0x0d40d020},
    {"exclusive pair of bytes", 0x08600440},
};

const Refused no_access[] = {
    {"udf #0", 0x00000000},      {"all ones", 0xffffffff},        {"nop", 0xd503201f},
    {"ret", 0xd65f03c0},         {"add x0, x1, x2", 0x8b020020},  {"dc civac, x0", 0xd50b7e20},
    {"dc cvac, x0", 0xd50b7a20}, {"ic ivau, x0", 0xd50b7520},     {"dsb sy", 0xd5033f9f},
    {"clrex", 0xd5033f5f},       {"fadd s0, s1, s2", 0x1e222820}, {"adr x0, #0", 0x10000000},
};

const Refused unpredictable[] = {
    {"ldr x0, [x0], #8", 0xf8408400},
    {"ldr x0, [x0, #8]!", 0xf8408c00},
    {"ldrsw x0, [x0], #8", 0xb8808400},
    {"str w5, [x5], #4", 0xb80044a5},
    {"ldp x0, x1, [x0], #16", 0xa8c10400},
    {"ldp x1, x0, [x0, #16]!", 0xa9c10001},
    {"stp x1, x0, [x0, #-16]!", 0xa9bf0001},
    {"ldp x1, x1, [x0]", 0xa9400401},
    {"ldp xzr, xzr, [x0]", 0xa9407c1f},
    {"ldp q1, q1, [x0]", 0xad400401},
    {"ldnp w1, w1, [x0]", 0x28400401},
    {"ldxp x1, x1, [x0]", 0xc87f0401},
    {"stxr w1, x1, [x0]", 0xc8017c01},
    {"stxr w0, x1, [x0]", 0xc8007c01},
    {"stxp w1, x2, x1, [x0]", 0xc8210402},
    {"stlxr wzr, xzr, [x0]", 0xc81ffc1f},
    {"ldxr with bits 20:16 not all ones", 0xc8407c01},
    {"ldxr with bits 14:10 not all ones", 0xc85f0401},
    {"stxr with bits 14:10 not all ones", 0xc8020401},
    {"ldxp with bits 20:16 not all ones", 0xc8600801},
    {"ldar with bits 20:16 not all ones", 0xc8c0fc01},
    {"stlr with bits 14:10 not all ones", 0xc89f8001},
};

template <std::size_t size>
void expect_none(const Refused (&words)[size])
{
    for (const Refused& one : words)
        EXPECT_EQ(decode(one.word), std::nullopt) << one.line;
}

TEST(Decode, RefusesWhatLaterArchitecturesAdded)
{
    expect_none(later);
}
TEST(Decode, RefusesWhatIsNotAllocated)
{
    expect_none(unallocated);
}
TEST(Decode, RefusesWhatAccessesNothing)
{
    expect_none(no_access);
}
TEST(Decode, RefusesWhatTheArchitectureLeavesToTheCpu)
{
    expect_none(unpredictable);
}

TEST(Decode, TakesTheZeroRegisterForNoStackPointer)
{
    // Both are 31, so these look like a base that is written back over, and are not.
    EXPECT_TRUE(decode(0xf84087ff)) << "ldr xzr, [sp], #8";
    EXPECT_TRUE(decode(0xf80087ff)) << "str xzr, [sp], #8";
    EXPECT_TRUE(decode(0xa8817fff)) << "stp xzr, xzr, [sp], #16";
    EXPECT_TRUE(decode(0xc81f7fe1)) << "stxr wzr, x1, [sp]";
    // Nor is a SIMD&FP register its base.
    EXPECT_TRUE(decode(0xfc408400)) << "ldr d0, [x0], #8";
    EXPECT_TRUE(decode(0xacc10400)) << "ldp q0, q1, [x0], #32";
}

} // namespace
} // namespace aliasvm::a64
