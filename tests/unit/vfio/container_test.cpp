// SPDX-License-Identifier: Apache-2.0
// Which memory is given to DMA, around what the IOMMU reserves.
#include "common/vfio/linux_container.hpp"

#include "common/base/error.hpp"
#include "tests/fakes/scripted_ioctl.hpp"
#include "tests/unit/vfio/dma_reach.hpp"

#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::vfio
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using Piece = std::pair<std::uint64_t, std::uint64_t>;

std::byte* host_at(std::uint64_t offset)
{
    return reinterpret_cast<std::byte*>(0x10'0000'0000 + offset); // never touched
}

class AContainer : public testing::Test
{
protected:
    AContainer()
    {
        kernel.answer(VFIO_GET_API_VERSION, VFIO_API_VERSION);
        kernel.answer(VFIO_CHECK_EXTENSION, 1);
        kernel.on(VFIO_SET_IOMMU,
                  [this](int, void* argument)
                  {
                      chosen = reinterpret_cast<unsigned long>(argument);
                      return 0;
                  });
        kernel.on(VFIO_IOMMU_GET_INFO, [this](int, void* argument) { return get_info(argument); });
        kernel.on(VFIO_IOMMU_MAP_DMA,
                  [this](int, void* argument)
                  {
                      const auto& map = *static_cast<const vfio_iommu_type1_dma_map*>(argument);
                      EXPECT_EQ(map.argsz, sizeof map);
                      EXPECT_EQ(map.flags, static_cast<unsigned>(VFIO_DMA_MAP_FLAG_READ |
                                                                 VFIO_DMA_MAP_FLAG_WRITE));
                      EXPECT_EQ(map.vaddr, reinterpret_cast<std::uintptr_t>(host_at(map.iova)));
                      if (mapped.size() == fail_after)
                          return -ENOMEM;
                      mapped.emplace_back(map.iova, map.size);
                      return 0;
                  });
        kernel.on(VFIO_IOMMU_UNMAP_DMA,
                  [this](int, void* argument)
                  {
                      const auto& unmap = *static_cast<const vfio_iommu_type1_dma_unmap*>(argument);
                      unmapped.emplace_back(unmap.iova, unmap.size);
                      return 0;
                  });
        container.emplace(UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)},
                          LinuxContainer::Kind::type1);
    }

    /// As the kernel does: the fixed part always, the chain only where there is room for all of it.
    int get_info(void* argument)
    {
        auto* const bytes = static_cast<std::byte*>(argument);
        vfio_iommu_type1_info info{};
        std::memcpy(&info, bytes, sizeof info);
        const std::uint32_t room = info.argsz;
        // Another capability first, so that the chain is walked.
        const std::size_t list = sizeof info + sizeof(vfio_info_cap_header);
        const std::size_t all = list + sizeof(vfio_iommu_type1_info_cap_iova_range) +
                                ranges.size() * sizeof(vfio_iova_range);
        info = {};
        info.flags = VFIO_IOMMU_INFO_PGSIZES | (tells_ranges ? VFIO_IOMMU_INFO_CAPS : 0U);
        info.argsz = static_cast<std::uint32_t>(tells_ranges ? all : sizeof info);
        if (tells_ranges && room >= all)
        {
            info.cap_offset = sizeof info;
            const vfio_info_cap_header other{99, 1, static_cast<std::uint32_t>(list)};
            std::memcpy(bytes + sizeof info, &other, sizeof other);
            vfio_iommu_type1_info_cap_iova_range head{};
            head.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
            head.nr_iovas = claimed.value_or(static_cast<std::uint32_t>(ranges.size()));
            std::memcpy(bytes + list, &head, sizeof head);
            std::memcpy(bytes + list + sizeof head, ranges.data(),
                        ranges.size() * sizeof(vfio_iova_range));
        }
        std::memcpy(bytes, &info, sizeof info);
        return 0;
    }

    fakes::ScriptedIoctl kernel;
    std::vector<vfio_iova_range> ranges{{0, 0x07ff'ffff}, {0x0810'0000, 0xffff'ffff'ffff}};
    std::optional<std::uint32_t> claimed; ///< how many ranges the kernel claims to have told
    bool tells_ranges = true;
    unsigned long chosen{};
    std::size_t fail_after = 99;
    std::vector<Piece> mapped;
    std::vector<Piece> unmapped;
    std::optional<LinuxContainer> container;
};

TEST_F(AContainer, MapsMemoryBelowTheHoleInOnePiece)
{
    container->map({GuestAddr{0}, 64 * mib}, host_at(0));
    EXPECT_THAT(mapped, ElementsAre(Piece{0, 64 * mib}));
}

TEST_F(AContainer, LeavesTheHoleOut)
{
    container->map({GuestAddr{0}, 2048 * mib}, host_at(0));
    EXPECT_THAT(mapped,
                ElementsAre(Piece{0, 0x0800'0000}, Piece{0x0810'0000, 2048 * mib - 0x0810'0000}));
}

TEST_F(AContainer, MapsAllOrNothing)
{
    fail_after = 1;
    EXPECT_THROW(container->map({GuestAddr{0}, 2048 * mib}, host_at(0)), Error);
    EXPECT_THAT(unmapped, ElementsAre(Piece{0, 0x0800'0000}));
}

/// The limit of locked memory of this process, for as long as one of these lives.
class LockLimit
{
public:
    explicit LockLimit(rlim_t limit)
    {
        ::getrlimit(RLIMIT_MEMLOCK, &before_);
        const rlimit now{limit, before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_MEMLOCK, &now), 0);
    }
    ~LockLimit() { ::setrlimit(RLIMIT_MEMLOCK, &before_); }
    LockLimit(const LockLimit&) = delete;
    LockLimit& operator=(const LockLimit&) = delete;

private:
    rlimit before_{};
};

TEST_F(AContainer, SaysWhatIsNeededAndWhichLimitStandsInTheWay)
{
    const LockLimit limit{64 << 10};
    fail_after = 1; // the piece behind the hole
    try
    {
        container->map({GuestAddr{0}, 256 * mib}, host_at(0));
        FAIL() << "no Error";
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.code().value(), ENOMEM);
        EXPECT_THAT(error.what(), HasSubstr("give guest 0x8100000..0xfffffff to DMA"));
        EXPECT_THAT(error.what(), HasSubstr("needs 262144 KiB"));
        EXPECT_THAT(error.what(), HasSubstr("the limit for all of it is 64 KiB"));
        EXPECT_THAT(error.what(), HasSubstr("LimitMEMLOCK="));
    }
    EXPECT_EQ(unmapped.size(), 1U);
}

TEST_F(AContainer, RefusesMemoryThatTheIommuDoesNotReach)
{
    ranges = {{0, 0xffff'ffff}};
    EXPECT_THROW(container->map({GuestAddr{0x1'0000'0000}, mib}, host_at(0x1'0000'0000)), Error);
}

TEST_F(AContainer, RefusesToGuessWhenTheKernelDoesNotTell)
{
    tells_ranges = false;
    EXPECT_THROW(container->map({GuestAddr{0}, mib}, host_at(0)), Error);
    EXPECT_TRUE(mapped.empty());
}

TEST_F(AContainer, UsesWholePagesOnly)
{
    ranges = {{0x10, 0x2fff}, {0x5000, 0x5ffe}, {0xffff'ffff'ffff'0000, ~0ULL}};
    EXPECT_THAT(container->usable(),
                ElementsAre(GuestRange{GuestAddr{0x1000}, 0x2000},
                            GuestRange{GuestAddr{0xffff'ffff'ffff'0000}, 0xf000}));
}

TEST_F(AContainer, ReadsNoFurtherThanTheAnswer)
{
    claimed = 1000;
    EXPECT_EQ(container->usable().size(), 2U);
}

TEST_F(AContainer, UnmapsARangeWithItsHolesInOneRequest)
{
    container->unmap({GuestAddr{0}, 2048 * mib});
    EXPECT_THAT(unmapped, ElementsAre(Piece{0, 2048 * mib}));
}

TEST_F(AContainer, ChoosesItsDriverOnce)
{
    container->enable();
    container->enable();
    EXPECT_EQ(chosen, static_cast<unsigned long>(VFIO_TYPE1v2_IOMMU));
    EXPECT_EQ(kernel.count(VFIO_SET_IOMMU), 1U);
}

TEST_F(AContainer, SaysWhatToSetWhereMsisAreNotIsolated)
{
    kernel.answer(VFIO_SET_IOMMU, -EPERM);
    try
    {
        container->enable();
        FAIL() << "no Error";
    }
    catch (const Error& error)
    {
        EXPECT_THAT(error.what(), HasSubstr("allow_unsafe_interrupts=1"));
    }
}

TEST_F(AContainer, IsRefusedWhereTheKernelHasNoDriverForIt)
{
    kernel.answer(VFIO_CHECK_EXTENSION, 0);
    EXPECT_THROW((LinuxContainer{UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)},
                                 LinuxContainer::Kind::noiommu}),
                 Error);
}

} // namespace
} // namespace aliasvm::vfio
