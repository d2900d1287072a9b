// SPDX-License-Identifier: Apache-2.0
// The real catalogue against a folder that looks like debugfs.
#include "daemon/host/host_clocks.hpp"

#include "common/base/file.hpp"
#include "temporary_folder.hpp"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::daemon
{
namespace
{

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

class TheHostsClocks : public testing::Test
{
protected:
    static plan::Catalogue zynqmp()
    {
        const char* const path = std::getenv("ALIASVM_TEST_CATALOGUE");
        if (path == nullptr)
            throw std::runtime_error{"ALIASVM_TEST_CATALOGUE is not set; run this by meson test"};
        return {read_file(path), path};
    }

    void clock(const std::string& name, const std::string& rate) const
    {
        put_text(sysfs.path() / "kernel/debug/clk" / name / "clk_rate", rate);
    }

    TemporaryFolder sysfs;
    plan::Catalogue catalogue{zynqmp()};
    HostClocks clocks{catalogue, sysfs.path()};
};

TEST_F(TheHostsClocks, GoByTheFirmwaresIds)
{
    clock("uart0_ref", "99990000\n");
    clock("uart1_ref", "49995000\n");
    clock("lpd_lsbus", "99989998\n");
    clock("gem3_tx", "124987498\n");
    clock("gpu_ref", "1000000\n"); // no device of the catalogue has it
    EXPECT_THAT(clocks.rates(), UnorderedElementsAre(Pair(56, 99'990'000), Pair(57, 49'995'000),
                                                     Pair(31, 99'989'998), Pair(48, 124'987'498)));
}

TEST_F(TheHostsClocks, AreReadAfresh)
{
    clock("uart0_ref", "99990000\n");
    EXPECT_THAT(clocks.rates(), UnorderedElementsAre(Pair(56, 99'990'000)));
    clock("uart0_ref", "50000000\n");
    EXPECT_THAT(clocks.rates(), UnorderedElementsAre(Pair(56, 50'000'000)));
}

TEST_F(TheHostsClocks, AreLeftOutWithoutARateThatADeviceTreeCanHold)
{
    clock("gem3_rx", "0\n"); // a wire from outside, which Linux knows nothing of
    clock("uart0_ref", "4294967296\n");
    clock("uart1_ref", "-5\n");
    clock("i2c0_ref", "fast\n");
    clock("i2c1_ref", "100 MHz\n");
    clock("can0_ref", "");
    EXPECT_THAT(clocks.rates(), IsEmpty());
    clock("can1_ref", "4294967295\n");
    EXPECT_THAT(clocks.rates(), UnorderedElementsAre(Pair(64, 4'294'967'295U)));
}

TEST_F(TheHostsClocks, AreUnknownWithoutDebugfs)
{
    EXPECT_THAT(clocks.rates(), IsEmpty());
}

} // namespace
} // namespace aliasvm::daemon
