// SPDX-License-Identifier: Apache-2.0
// dma_holes: the real catalogue against groups in a directory that looks like sysfs.
#include "common/facts/dma_holes.hpp"

#include "common/base/file.hpp"
#include "tests/unit/vfio/host_tree.hpp"

#include <cstdlib>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace
{

using namespace aliasvm;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* msi_window = "0x0000000008000000 0x00000000080fffff msi\n";
constexpr GuestRange hole{GuestAddr{0x800'0000}, 0x10'0000};

class DmaHoles : public testing::Test
{
protected:
    [[nodiscard]] std::vector<GuestRange> found() const
    {
        const char* const path = std::getenv("ALIASVM_TEST_CATALOGUE");
        if (path == nullptr)
            throw std::runtime_error{"ALIASVM_TEST_CATALOGUE is not set; run this by meson test"};
        static const plan::Catalogue zynqmp{read_file(path), path};
        return facts::dma_holes(zynqmp, tree.sys());
    }
    void add(const char* device, int group, const std::string& regions) const
    {
        tree.add_device(device, "vfio-platform", group);
        tree.set_reserved_regions(group, regions);
    }

    vfio::HostTree tree;
};

TEST_F(DmaHoles, AreNoneWithoutAnIommu)
{
    EXPECT_THAT(found(), IsEmpty());
    tree.add_device("ff0e0000.ethernet", "macb");
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(DmaHoles, AreWhatTheGroupOfABusMasterReserves)
{
    add("ff0e0000.ethernet", 4, msi_window);
    EXPECT_THAT(found(), ElementsAre(hole));
}

TEST_F(DmaHoles, AreTheUnionOverAllBusMasters)
{
    add("ff0b0000.ethernet", 0, msi_window);
    add("ff0c0000.ethernet", 1,
        "0x0000000008080000 0x00000000081fffff reserved\n"
        "0x0000000000100000 0x0000000000100fff direct\n");
    add("ff0d0000.ethernet", 2, msi_window);
    EXPECT_THAT(found(), ElementsAre(GuestRange{GuestAddr{0x10'0000}, 0x1000},
                                     GuestRange{GuestAddr{0x800'0000}, 0x20'0000}));
}

TEST_F(DmaHoles, LeaveOutWhatVfioMapsAllTheSame)
{
    add("ff0e0000.ethernet", 0, "0x00000000000a0000 0x00000000000fffff direct-relaxable\n");
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(DmaHoles, AreNotThoseOfDevicesThatGuestsNeverHave)
{
    add("ff0e0000.ethernet", 0, msi_window);
    add("0000:00:03.0", 1, "0x0000000010000000 0x0000000010ffffff reserved\n");
    add("ff010000.serial", 2, "0x0000000020000000 0x0000000020ffffff reserved\n");
    EXPECT_THAT(found(), ElementsAre(hole));
}

TEST_F(DmaHoles, AreThoseOfOthersUntilABusMasterHasAGroup)
{
    add("0000:00:03.0", 1, msi_window);
    EXPECT_THAT(found(), ElementsAre(hole));
    add("ff0e0000.ethernet", 0, "");
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(DmaHoles, CoverWholePagesAndEndBeforeTheLastOfAll)
{
    add("ff0e0000.ethernet", 0,
        "0x0000000000001800 0x00000000000027ff reserved\n"
        "0x0000ffffffff0000 0xffffffffffffffff reserved\n");
    EXPECT_THAT(found(),
                ElementsAre(GuestRange{GuestAddr{0x1000}, 0x2000},
                            GuestRange{GuestAddr{0xffff'ffff'0000}, 0xffff'0000'0000'f000}));
}

TEST_F(DmaHoles, OutliveLinesThatSayNothing)
{
    add("ff0e0000.ethernet", 0,
        "\n0x1000\nrubbish\n0x3000 0x2000 msi\n0x0 0x1fffffffffffffffff msi\n1000 2000 msi\n"
        "0x5000 0x5fff some-later-type\n");
    EXPECT_THAT(found(), ElementsAre(GuestRange{GuestAddr{0x5000}, 0x1000}));
}

} // namespace
