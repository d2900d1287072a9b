// SPDX-License-Identifier: Apache-2.0
// Whose counters the kernel lists.
#include "common/facts/assumed_cpu.hpp"

#include "tests/unit/machine/open_folder.hpp"

#include <gtest/gtest.h>

namespace aliasvm::facts
{
namespace
{

TEST(AnArmv8Pmu, IsFoundWhateverTheCpuIsCalled)
{
    for (const char* const name : {"armv8_cortex_a53", "armv8_pmuv3_0", "armv8_pmuv3"})
    {
        const tests::OpenFolder sources;
        sources.write("software/type", "1\n");
        EXPECT_FALSE(has_armv8_pmu(sources.path())) << "before " << name;
        sources.write(std::string{name} + "/type", "8\n");
        EXPECT_TRUE(has_armv8_pmu(sources.path())) << name;
    }
}

TEST(AnArmv8Pmu, IsNotFoundWhereThereIsNoList)
{
    EXPECT_FALSE(has_armv8_pmu("/nowhere/at/all"));
}

TEST(AnAssumedCpu, IsTheBoards)
{
    EXPECT_EQ(assumed_cpu().ipa_bits, plan::a53_ipa_bits);
#ifndef __aarch64__
    EXPECT_TRUE(assumed_cpu().pmu) << "a file is checked here for the board";
#endif
}

} // namespace
} // namespace aliasvm::facts
