// SPDX-License-Identifier: Apache-2.0
// Files of pages and what is said of their places; ordinary pages stand for huge ones.
#include "common/base/error.hpp"
#include "common/base/mapping.hpp"
#include "daemon/host/hugepage_memory.hpp"
#include "tests/unit/daemon/temporary_folder.hpp"

#include <sys/stat.h>

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::daemon
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class SmallPages : public HugepageMemory
{
public:
    using HugepageMemory::HugepageMemory;

private:
    [[nodiscard]] std::uint64_t page_size_of(int) const override { return page_size; }
};

class HugepageMemoryTest : public testing::Test
{
protected:
    /// Addresses that the pages are said to have, one after the other.
    HugepageMemory::Locate told(std::vector<std::uint64_t> addresses)
    {
        addresses_ = std::move(addresses);
        return [this](const std::byte*) { return HostAddr{addresses_.at(asked_++)}; };
    }

    static std::vector<std::pair<std::uint64_t, std::uint64_t>>
    pairs(const std::vector<HostRange>& pieces)
    {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> result;
        for (const HostRange& piece : pieces)
            result.emplace_back(piece.base.value, piece.size);
        return result;
    }

    TemporaryFolder folder_;
    std::vector<std::uint64_t> addresses_;
    std::size_t asked_{};
    const VmName left_ = *VmName::from("left");
    const VmName right_ = *VmName::from("right");
};

TEST_F(HugepageMemoryTest, NeighboursAreOnePiece)
{
    SmallPages memory{folder_ / "ram", told({0x10000, 0x11000, 0x20000})};
    const auto grant = memory.provide(left_, 3 * page_size);
    EXPECT_THAT(pairs(grant.pieces), ElementsAre(Pair(0x10000, 0x2000), Pair(0x20000, 0x1000)));
    struct stat facts
    {
    };
    ASSERT_EQ(::fstat(grant.file.get(), &facts), 0);
    EXPECT_EQ(facts.st_size, 3 * page_size);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    const Mapping mapping = Mapping::shared(grant.file.get(), 0, page_size, "RAM");
    EXPECT_EQ(mapping.data()[100], std::byte{0});
}

TEST_F(HugepageMemoryTest, TellsWhereTheRamOfAVmLies)
{
    SmallPages memory{folder_ / "ram",
                      told({0x10000, 0x11000, 0x20000, 0x10000, 0x11000, 0x20000})};
    EXPECT_THAT(memory.pieces(left_), IsEmpty());
    const auto grant = memory.provide(left_, 3 * page_size);
    EXPECT_EQ(pairs(memory.pieces(left_)), pairs(grant.pieces));
    EXPECT_THAT(memory.pieces(right_), IsEmpty());
}

TEST_F(HugepageMemoryTest, PagesThatComeInDisorderAreAskedForAgain)
{
    SmallPages memory{folder_ / "ram",
                      told({0x30000, 0x31000, 0x10000, 0x10000, 0x30000, 0x31000})};
    const auto grant = memory.provide(left_, 3 * page_size);
    EXPECT_THAT(pairs(grant.pieces), ElementsAre(Pair(0x10000, 0x1000), Pair(0x30000, 0x2000)));
    EXPECT_EQ(asked_, 6U);
}

TEST_F(HugepageMemoryTest, DisorderThatStaysIsToldAsItIs)
{
    SmallPages memory{folder_ / "ram", told({0x31000, 0x30000, 0x31000, 0x30000})};
    EXPECT_THAT(pairs(memory.provide(left_, 2 * page_size).pieces),
                ElementsAre(Pair(0x31000, 0x1000), Pair(0x30000, 0x1000)));
}

TEST_F(HugepageMemoryTest, KeepsEachVmsUntilItIsFreed)
{
    SmallPages memory{folder_ / "ram", [](const std::byte*) { return HostAddr{0x1000}; }};
    EXPECT_THAT(memory.kept(), IsEmpty());
    static_cast<void>(memory.provide(left_, page_size)); // its descriptor closes at once
    static_cast<void>(memory.provide(right_, page_size));
    EXPECT_THAT(memory.kept(), testing::UnorderedElementsAre("left", "right"));
    EXPECT_THROW(static_cast<void>(memory.provide(left_, page_size)), Error);
    memory.free("left");
    memory.free("left"); // no harm
    EXPECT_THAT(memory.kept(), ElementsAre("right"));
}

TEST_F(HugepageMemoryTest, NothingIsLeftOfWhatFailed)
{
    SmallPages memory{folder_ / "ram", [](const std::byte*) -> HostAddr {
                          throw Error{EPERM, "find the physical address of memory"};
                      }};
    EXPECT_THROW(static_cast<void>(memory.provide(left_, page_size)), Error);
    EXPECT_THROW(static_cast<void>(memory.provide(left_, page_size / 2)), Error);
    EXPECT_THROW(static_cast<void>(memory.provide(left_, 0)), Error);
    EXPECT_THAT(memory.kept(), IsEmpty());
}

TEST_F(HugepageMemoryTest, WithoutHugetlbfsItSaysWhatToMount)
{
    HugepageMemory memory{folder_ / "ram", [](const std::byte*) { return HostAddr{0x1000}; }};
    try
    {
        static_cast<void>(memory.provide(left_, 0x20'0000));
        FAIL();
    }
    catch (const Error& error)
    {
        EXPECT_THAT(error.what(), HasSubstr("dev-hugepages.mount"));
    }
    EXPECT_THAT(memory.kept(), IsEmpty());
}

} // namespace
} // namespace aliasvm::daemon
