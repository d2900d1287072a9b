// SPDX-License-Identifier: Apache-2.0
// Binding over a folder that looks like sysfs; that the kernel follows is tested on the board.
#include "daemon/binding.hpp"

#include "vmm/base/error.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace
{

namespace fs = std::filesystem;
using aliasvm::Error;
using aliasvm::daemon::Binding;

class ABinding : public testing::Test
{
protected:
    ABinding()
    {
        fs::create_directories(device);
        fs::create_directories(bus / "drivers/vfio-platform");
        fs::create_directories(bus / "drivers/xuartps");
        for (const auto& file : {device / "driver_override", bus / "drivers_probe",
                                 bus / "drivers/vfio-platform/unbind"})
            std::ofstream{file};
    }
    ~ABinding() override { fs::remove_all(root); }

    static std::string text(const fs::path& file)
    {
        std::ifstream in{file};
        return {std::istreambuf_iterator<char>{in}, {}};
    }

    void have_driver(const std::string& name) const
    {
        fs::create_symlink(bus / "drivers" / name, device / "driver");
    }

    void have_override(const std::string& name) const
    {
        std::ofstream{device / "driver_override"} << name << '\n';
    }

    fs::path root{fs::temp_directory_path() /
                  ("aliasvm-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
                   std::to_string(reinterpret_cast<std::uintptr_t>(this)))};
    fs::path bus{root / "bus/platform"};
    fs::path device{bus / "devices/ff010000.serial"};
};

std::string message(const auto& act)
{
    try
    {
        act();
    }
    catch (const Error& error)
    {
        return error.what();
    }
    return "";
}

TEST_F(ABinding, LiftsTheOverrideAgainWhenTheDriverDoesNotTakeTheDevice)
{
    const Binding binding{"ff010000.serial", root};
    const std::string told = message([&] { binding.bind(); });
    EXPECT_NE(told.find("ff010000.serial"), std::string::npos);
    EXPECT_NE(told.find("reset_required=0"), std::string::npos) << told;
    EXPECT_EQ(text(bus / "drivers_probe"), "ff010000.serial");
    // The last write was the empty override; the file keeps the longer earlier one behind it.
    EXPECT_EQ(text(device / "driver_override").front(), '\n');
}

TEST_F(ABinding, RefusesADeviceThatAnotherDriverHas)
{
    have_driver("xuartps");
    const Binding binding{"ff010000.serial", root};
    EXPECT_NE(message([&] { binding.bind(); }).find("xuartps"), std::string::npos);
    EXPECT_EQ(text(device / "driver_override"), "");
    EXPECT_EQ(text(bus / "drivers_probe"), "");
}

TEST_F(ABinding, HasNothingToDoWhenTheDeviceIsBoundAlready)
{
    have_driver("vfio-platform");
    Binding{"ff010000.serial", root}.bind();
    EXPECT_EQ(text(bus / "drivers_probe"), "");
}

TEST_F(ABinding, GivesTheDeviceBack)
{
    have_driver("vfio-platform");
    have_override("vfio-platform");
    Binding{"ff010000.serial", root}.release();
    EXPECT_EQ(text(bus / "drivers/vfio-platform/unbind"), "ff010000.serial");
    EXPECT_EQ(text(device / "driver_override").front(), '\n');
}

TEST_F(ABinding, LiftsAnOverrideThatAKilledBindLeft)
{
    have_override("vfio-platform");
    Binding{"ff010000.serial", root}.release();
    EXPECT_EQ(text(bus / "drivers/vfio-platform/unbind"), "");
    EXPECT_EQ(text(device / "driver_override").front(), '\n');
}

TEST_F(ABinding, LeavesAnOverrideThatIsNotItsOwn)
{
    have_override("uio_pdrv_genirq");
    Binding{"ff010000.serial", root}.release();
    EXPECT_EQ(text(device / "driver_override"), "uio_pdrv_genirq\n");
}

TEST_F(ABinding, DoesNotUnbindAnotherDriver)
{
    have_driver("xuartps");
    Binding{"ff010000.serial", root}.release();
    EXPECT_EQ(text(bus / "drivers/vfio-platform/unbind"), "");
}

TEST_F(ABinding, RefusesNamesThatLeaveTheFolder)
{
    for (const char* name : {"", ".", "..", "../../etc", "a/b"})
        EXPECT_THROW(Binding(name, root), Error) << name;
}

TEST_F(ABinding, SaysThatTheHostHasNoSuchDevice)
{
    EXPECT_NE(message(
                  [&] {
                      Binding{"ff020000.i2c", root};
                  })
                  .find("ff020000.i2c"),
              std::string::npos);
}

} // namespace
