// SPDX-License-Identifier: Apache-2.0
// Counting over a folder that looks like /sys/kernel/irq.
#include "daemon/host/irq_counter.hpp"

#include "temporary_folder.hpp"

#include <gtest/gtest.h>

namespace aliasvm::daemon
{
namespace
{

const Spi uart1 = *Spi::from_dt_cell(22); // INTID 54

class Irqs : public testing::Test
{
protected:
    Irqs() { std::filesystem::create_directories(sysfs.path() / "kernel/irq"); }

    void line(int number, const std::string& hwirq, const std::string& chip,
              const std::string& counts) const
    {
        const auto folder = sysfs.path() / "kernel/irq" / std::to_string(number);
        put_text(folder / "hwirq", hwirq + "\n");
        put_text(folder / "chip_name", chip + "\n");
        put_text(folder / "per_cpu_count", counts + "\n");
    }

    TemporaryFolder sysfs;
    IrqCounter counter{sysfs.path()};
};

TEST_F(Irqs, AreCountedOverAllCpus)
{
    line(13, "54", "GICv2", "100,20,3,0");
    EXPECT_EQ(counter.count(uart1), 123U);
    line(13, "54", "GICv2", "100,20,3,4294967295");
    EXPECT_EQ(counter.count(uart1), 4294967418U) << "read afresh, and wider than a CPU's count";
}

TEST_F(Irqs, AreTheGicsAndNotThoseOfAnotherChipWithTheSameNumber)
{
    line(10, "54", "zynqmp-gpio", "7,7");
    line(11, "22", "GICv2", "8,8"); // the number in the device tree
    line(12, "54", "", "9,9");
    EXPECT_EQ(counter.count(uart1), 0U);
    line(14, "54", "GIC-0", "1,2");
    EXPECT_EQ(counter.count(uart1), 3U);
}

TEST_F(Irqs, AreNoneForALineThatTheKernelDoesNotKnow)
{
    line(13, "53", "GICv2", "1");
    line(14, "", "GICv2", "1"); // in no domain
    EXPECT_EQ(counter.count(uart1), 0U);
}

TEST_F(Irqs, AreFoundAgainWhenTheKernelMovesALine)
{
    line(13, "54", "GICv2", "5");
    EXPECT_EQ(counter.count(uart1), 5U);
    line(13, "60", "GICv2", "1000");
    line(40, "54", "GICv2", "6");
    EXPECT_EQ(counter.count(uart1), 6U);
    std::filesystem::remove_all(sysfs.path() / "kernel/irq/40");
    EXPECT_EQ(counter.count(uart1), 0U);
    line(41, "54", "GICv2", "2");
    EXPECT_EQ(counter.count(uart1), 2U);
}

TEST_F(Irqs, AreNoneWhereTheKernelCountsNone)
{
    const IrqCounter nowhere{sysfs.path() / "nothing"};
    EXPECT_EQ(nowhere.count(uart1), 0U);
}

} // namespace
} // namespace aliasvm::daemon
