// SPDX-License-Identifier: Apache-2.0
// Statistics as KVM writes them, and as somebody does who wants the reader to fall.
#include "common/stats/statistics.hpp"

#include "common/base/error.hpp"
#include "common/base/event_fd.hpp"
#include "tests/fakes/statistics_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::stats
{
namespace
{

using fakes::Statistic;
using fakes::StatisticsFile;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

// Offsets within the header and within a descriptor.
constexpr std::size_t name_size_at = 4;
constexpr std::size_t count_at = 8;
constexpr std::size_t descriptors_offset_at = 16;
constexpr std::size_t data_offset_at = 20;
constexpr std::size_t value_offset_at = 8;
constexpr std::size_t name_at = 16;

constexpr std::uint32_t huge = std::numeric_limits<std::uint32_t>::max();

const std::vector<Statistic> usual{
    {"exits", {123'456'789'012}},
    {"halt_wait_hist", {1, 2, 3}, Statistic::log_histogram},
    {"mmio_exit_user", {7}},
    {"blocking", {1}, Statistic::instant | 4U << 4 /* a boolean */},
    {"most_at_once", {9}, Statistic::peak},
};

/// The errno that reading them comes to, or 0.
int refusal(const UniqueFd& file)
{
    try
    {
        (void)read_statistics(file.get());
    }
    catch (const Error& error)
    {
        return error.code().value();
    }
    return 0;
}

TEST(Statistics, AreTheSingleValuesByName)
{
    const UniqueFd file = StatisticsFile{usual}.open();
    EXPECT_THAT(read_statistics(file.get()),
                UnorderedElementsAre(Pair("exits", 123'456'789'012), Pair("mmio_exit_user", 7),
                                     Pair("blocking", 1)));
}

TEST(Statistics, CanBeReadAgainFromTheSameDescriptor)
{
    const UniqueFd file = StatisticsFile{usual}.open();
    const off_t position = ::lseek(file.get(), 0, SEEK_CUR);
    EXPECT_EQ(read_statistics(file.get()), read_statistics(file.get()));
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), position);
}

TEST(Statistics, MayBeNone)
{
    EXPECT_THAT(read_statistics(StatisticsFile{{}}.open().get()), IsEmpty());
}

TEST(Statistics, MayHaveNamesOfAnyReasonableLength)
{
    // The descriptors are as far apart as the file says, not as today's kernel has them.
    StatisticsFile file{{{"exits", {5}}}};
    file.put<std::uint32_t>(name_size_at, 8);
    EXPECT_THAT(read_statistics(file.open().get()), UnorderedElementsAre(Pair("exits", 5)));
    file.put<std::uint32_t>(name_size_at, 5);
    EXPECT_EQ(refusal(file.open()), EPROTO) << "no room for the end of the name";
}

TEST(Statistics, ThatEndTooEarlyAreRefusedWhereverTheyEnd)
{
    StatisticsFile file{{{"exits", {5}}, {"mmio_exit_user", {7}}}};
    for (std::size_t size = file.size(); size-- > 0;)
    {
        file.resize(size);
        EXPECT_EQ(refusal(file.open()), EPROTO) << size;
    }
}

TEST(Statistics, WithOffsetsAndCountsBeyondTheFileAreRefused)
{
    for (const std::size_t field : {count_at, descriptors_offset_at, data_offset_at, name_size_at})
    {
        for (const std::uint32_t value : {huge, huge - 7, huge / 64, 0x1'0000U})
        {
            StatisticsFile file{usual};
            file.put(field, value);
            EXPECT_EQ(refusal(file.open()), EPROTO) << field << " " << value;
        }
    }
    StatisticsFile file{usual};
    file.put(StatisticsFile::descriptors_at + value_offset_at, huge);
    EXPECT_EQ(refusal(file.open()), EPROTO);
}

TEST(Statistics, BeyondWhatIsReadAtAllAreRefused)
{
    StatisticsFile file{{{"exits", {5}}}};
    const std::size_t far = largest_statistics;
    file.resize(far + sizeof(std::uint64_t));
    file.put<std::uint32_t>(data_offset_at, far - sizeof(std::uint64_t));
    EXPECT_EQ(refusal(file.open()), 0);
    file.put<std::uint32_t>(data_offset_at, far);
    EXPECT_EQ(refusal(file.open()), EPROTO);
}

TEST(Statistics, WithANameThatDoesNotEndOrIsNoNameAreRefused)
{
    const std::size_t at = StatisticsFile::descriptors_at + name_at;
    StatisticsFile unending{{{std::string(StatisticsFile::name_size, 'x'), {5}}}};
    EXPECT_EQ(refusal(unending.open()), EPROTO);
    for (const char bad : {'\0', '\n', ' ', '\x1b', '\x7f', '\xc3'})
    {
        StatisticsFile file{{{"exits", {5}}}};
        file.put(at, bad);
        EXPECT_EQ(refusal(file.open()), EPROTO) << static_cast<int>(bad);
    }
}

TEST(Statistics, ThatHaveANameTwiceAreRefused)
{
    EXPECT_EQ(refusal(StatisticsFile{{{"exits", {5}}, {"exits", {6}}}}.open()), EPROTO);
}

TEST(Statistics, OfRandomBytesAreReadOrRefusedWithinBounds)
{
    // The sanitizers watch.
    std::mt19937 random{11};
    for (int round = 0; round < 5000; ++round)
    {
        StatisticsFile file{usual};
        for (int n = 0; n < 4; ++n)
            file.put(random() % (file.size() - 1), static_cast<std::uint16_t>(random()));
        const int error = refusal(file.open());
        ASSERT_TRUE(error == 0 || error == EPROTO) << error;
    }
}

TEST(Statistics, AreNotReadFromWhatIsNoFile)
{
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reading{ends[0]};
    const UniqueFd writing{ends[1]};
    EXPECT_EQ(refusal(reading), ESPIPE) << "and without waiting for the writer";
    EXPECT_EQ(refusal(UniqueFd{}), EBADF);
}

TEST(Statistics, AreKnownByTheNameThatTheKernelGivesThem)
{
    EXPECT_TRUE(names_statistics("anon_inode:kvm-vm-stats"));
    EXPECT_TRUE(names_statistics("anon_inode:kvm-vcpu-stats:0"));
    EXPECT_TRUE(names_statistics("anon_inode:kvm-vcpu-stats:17"));
    for (const auto* other :
         {"", "anon_inode:kvm-vm", "anon_inode:kvm-vcpu:0",
          "anon_inode:kvm-vcpu-stats:", "anon_inode:kvm-vcpu-stats:0x", "anon_inode:kvm-vm-stats ",
          "anon_inode:kvm-vm-stats2", "/anon_inode:kvm-vm-stats", "anon_inode:[eventfd]"})
        EXPECT_FALSE(names_statistics(other)) << other;
}

TEST(Statistics, AreNotWhatAnybodyCanMake)
{
    const UniqueFd named_alike{::memfd_create("anon_inode:kvm-vm-stats", MFD_CLOEXEC)};
    ASSERT_TRUE(named_alike.ok());
    EXPECT_FALSE(looks_like_statistics(named_alike.get()));
    EXPECT_FALSE(looks_like_statistics(EventFd{}.get()));
    EXPECT_FALSE(looks_like_statistics(StatisticsFile{usual}.open().get()));
    EXPECT_FALSE(looks_like_statistics(-1));
}

} // namespace
} // namespace aliasvm::stats
