// SPDX-License-Identifier: Apache-2.0
// A VMM's own counts, and files that are none.
#include "common/stats/own_counts.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::stats
{
namespace
{

using testing::ElementsAre;
using testing::Pair;

TEST(OwnCounts, AreSeenByWhoHasTheDescriptor)
{
    OwnCounts counts;
    const UniqueFd theirs{::fcntl(counts.descriptor().get(), F_DUPFD_CLOEXEC, 0)};
    ASSERT_TRUE(looks_like_own_counts(theirs.get()));
    EXPECT_THAT(read_own_counts(theirs.get()), ElementsAre(Pair("refused_accesses", 0)));
    counts.refused_access();
    counts.refused_access();
    EXPECT_THAT(read_own_counts(theirs.get()), ElementsAre(Pair("refused_accesses", 2)));
    EXPECT_EQ(counts.refused_accesses(), 2U);
    EXPECT_LT(::ftruncate(theirs.get(), 0), 0) << "whoever has it mapped would get a SIGBUS";
}

TEST(OwnCounts, AreNoFileThatCanStillChange)
{
    const UniqueFd file{::memfd_create("counts", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    ASSERT_EQ(::ftruncate(file.get(), 4096), 0);
    EXPECT_FALSE(looks_like_own_counts(file.get())) << "not sealed";
    const UniqueFd small{::memfd_create("counts", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    ASSERT_EQ(::fcntl(small.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    EXPECT_FALSE(looks_like_own_counts(small.get())) << "nothing in it";
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader{ends[0]};
    const UniqueFd writer{ends[1]};
    EXPECT_FALSE(looks_like_own_counts(reader.get())) << "it would block";
    EXPECT_FALSE(looks_like_own_counts(-1));
}

} // namespace
} // namespace aliasvm::stats
