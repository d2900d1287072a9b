// SPDX-License-Identifier: Apache-2.0
// DriverOverride over a folder that looks like sysfs, and whose files act as the kernel's do when
// written. That the real kernel follows is tested on the board.
#include "daemon/host/driver_override.hpp"

#include "tests/unit/vfio/host_tree.hpp"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace
{

namespace fs = std::filesystem;
using aliasvm::Error;
using aliasvm::daemon::DriverOverride;
using aliasvm::daemon::Force;
using aliasvm::daemon::HeldByDriver;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string uart = "ff010000.serial";

/// What a user sees of one device in sysfs.
struct State
{
    std::string driver;
    std::string override_set;
    std::string power;

    friend bool operator==(const State&, const State&) = default;
    friend void PrintTo(const State& state, std::ostream* out)
    {
        *out << "driver " << state.driver << ", override " << state.override_set << ", power "
             << state.power;
    }
};

/// A host with one UART that its driver `native` likes.
class Host
{
public:
    Host()
    {
        tree.add_device(uart, "");
        fs::create_directories(node() / "power");
        set(node() / "driver_override", "(null)");
        set(node() / "power/control", "auto");
        set(bus() / "drivers_probe", "");
        add_driver("vfio-platform");
        parameter("vfio/parameters/enable_unsafe_noiommu_mode", "Y");
        parameter("vfio_platform/parameters/reset_required", "N");
    }

    void add_driver(const std::string& name, bool can_unbind = true) const
    {
        fs::create_directories(bus() / "drivers" / name);
        if (can_unbind)
            set(bus() / "drivers" / name / "unbind", "");
    }
    void have_driver(const std::string& name) const
    {
        fs::create_directory_symlink(bus() / "drivers" / name, node() / "driver");
    }
    void have_override(const std::string& name) const { set(node() / "driver_override", name); }
    void parameter(const std::string& path, const std::string& value) const
    {
        const fs::path file = tree.sys() / "module" / path;
        fs::create_directories(file.parent_path());
        set(file, value);
    }

    [[nodiscard]] State state() const
    {
        std::error_code none;
        return {fs::read_symlink(node() / "driver", none).filename().string(),
                line(node() / "driver_override"), line(node() / "power/control")};
    }

    [[nodiscard]] DriverOverride binding()
    {
        return DriverOverride{uart, tree.sys(),
                              [this](const fs::path& file, const std::string& text)
                              { write(file, text); }};
    }

    [[nodiscard]] fs::path bus() const { return tree.sys() / "bus/platform"; }
    [[nodiscard]] fs::path node() const { return bus() / "devices" / uart; }

    aliasvm::vfio::HostTree tree;
    std::string native;             ///< the driver whose match table has the device
    std::set<std::string> refusing; ///< drivers whose probe fails
    std::set<std::size_t> failing;  ///< positions of writes that fail
    bool acts_all_the_same{};       ///< a failing write has its effect before it fails
    std::vector<std::string> written;

private:
    static std::string line(const fs::path& file)
    {
        std::ifstream in{file};
        std::string text;
        std::getline(in, text);
        return text;
    }
    static void set(const fs::path& file, const std::string& text)
    {
        std::ofstream{file} << text << '\n';
    }

    void write(const fs::path& file, const std::string& text)
    {
        ASSERT_TRUE(fs::exists(file)) << file;
        const std::size_t position = written.size();
        written.push_back(fs::relative(file, tree.sys()).filename().string());
        const bool fails = failing.contains(position);
        if (!fails || acts_all_the_same)
            act(file, text);
        if (fails)
            throw Error{EIO, "write number {}", position};
    }

    void act(const fs::path& file, const std::string& text)
    {
        const State now = state();
        if (file.filename() == "driver_override")
            set(file, text == "\n" ? "(null)" : text.substr(0, text.find('\n')));
        else if (file.filename() == "control")
            set(file, text);
        else if (file.filename() == "unbind")
        {
            if (file.parent_path().filename() != now.driver || text != uart)
                throw Error{ENODEV, "write to {}", file.string()};
            fs::remove(node() / "driver");
        }
        else if (file.filename() == "drivers_probe")
        {
            EXPECT_EQ(text, uart);
            const std::string taker = now.override_set == "(null)" ? native : now.override_set;
            // What its probe says reaches the log only.
            if (now.driver.empty() && !taker.empty() && !refusing.contains(taker) &&
                fs::exists(bus() / "drivers" / taker))
                have_driver(taker);
        }
        else
            ADD_FAILURE() << "nobody should write to " << file;
    }
};

/// Its own driver has the device.
void hold(Host& host)
{
    host.add_driver("xuartps");
    host.native = "xuartps";
    host.have_driver("xuartps");
}

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

const State bound_state{"vfio-platform", "vfio-platform", "auto"};

TEST(DriverOverride, BindsAFreeDevice)
{
    Host host;
    host.binding().bind();
    EXPECT_EQ(host.state(), bound_state);
    EXPECT_EQ(host.binding().driver(), "vfio-platform");
}

TEST(DriverOverride, HasNothingToDoWhenTheDeviceIsBoundAlready)
{
    Host host;
    host.have_driver("vfio-platform");
    host.binding().bind();
    EXPECT_TRUE(host.written.empty());
}

TEST(DriverOverride, LeavesADeviceToTheDriverThatHasItUnlessItIsForced)
{
    Host host;
    hold(host);
    const State before = host.state();
    try
    {
        host.binding().bind(Force::no);
        FAIL();
    }
    catch (const HeldByDriver& error)
    {
        EXPECT_EQ(error.driver(), "xuartps");
        EXPECT_EQ(error.code().value(), EBUSY);
        EXPECT_THAT(error.what(), AllOf(HasSubstr(uart), HasSubstr("xuartps")));
    }
    EXPECT_TRUE(host.written.empty());
    EXPECT_EQ(host.state(), before);
}

TEST(DriverOverride, TakesADeviceFromItsDriverByForceAwakeAndMarkedFirst)
{
    Host host;
    hold(host);
    host.binding().bind(Force::yes);
    EXPECT_EQ(host.state(), (State{"vfio-platform", "vfio-platform", "on"}));
    EXPECT_THAT(host.written,
                testing::ElementsAre("control", "driver_override", "unbind", "drivers_probe"));
}

TEST(DriverOverride, DoesWithoutPowerManagement)
{
    Host host;
    hold(host);
    fs::remove(host.node() / "power/control");
    host.binding().bind(Force::yes);
    EXPECT_EQ(host.state().driver, "vfio-platform");
}

TEST(DriverOverride, SaysWhatToDoAboutADriverThatCannotLetGo)
{
    Host host;
    hold(host);
    fs::remove(host.bus() / "drivers/xuartps/unbind");
    const State before = host.state();
    EXPECT_THAT(
        message([&] { host.binding().bind(Force::yes); }),
        AllOf(HasSubstr("xuartps"), HasSubstr("suppress_bind_attrs"), HasSubstr("compatible")));
    EXPECT_EQ(host.state(), before);
}

TEST(DriverOverride, DoesNotTouchAnOverrideOfSomebodyElse)
{
    for (const Force force : {Force::no, Force::yes})
    {
        Host host;
        host.have_override("uio_pdrv_genirq");
        EXPECT_THAT(message([&] { host.binding().bind(force); }), HasSubstr("uio_pdrv_genirq"));
        host.binding().release();
        EXPECT_TRUE(host.written.empty());
    }
}

// Each write fails in turn, once without and once with its effect, for a device that a driver had
// and for one that none had: all is as it was.
TEST(DriverOverride, LeavesEverythingAsItWasWhicheverWriteFails)
{
    for (const bool held : {false, true})
    {
        for (const bool acts : {false, true})
        {
            const std::size_t writes = held ? 4 : 2;
            for (std::size_t failing = 0; failing < writes; ++failing)
            {
                Host host;
                if (held)
                    hold(host);
                const State before = host.state();
                host.failing = {failing};
                host.acts_all_the_same = acts;
                EXPECT_THAT(message([&] { host.binding().bind(Force::yes); }),
                            AllOf(HasSubstr("write number " + std::to_string(failing)),
                                  Not(HasSubstr("undo"))));
                EXPECT_EQ(host.state(), before)
                    << "held " << held << ", acts " << acts << ", write " << failing;
            }
        }
    }
}

// Whatever fails a second time, while it is undone, is told; the rest is undone.
TEST(DriverOverride, SaysWhatItCouldNotUndo)
{
    for (std::size_t second = 5; second < 8; ++second)
    {
        Host host;
        hold(host);
        host.failing = {3, second - 1};
        const std::string told = message([&] { host.binding().bind(Force::yes); });
        EXPECT_THAT(told, AllOf(HasSubstr("write number 3"), HasSubstr("to undo it"),
                                HasSubstr("write number " + std::to_string(second - 1))));
    }
}

TEST(DriverOverride, GivesTheDeviceBackToItsDriverWhenVfioDoesNotTakeIt)
{
    Host host;
    hold(host);
    host.refusing = {"vfio-platform"};
    const State before = host.state();
    EXPECT_THAT(message([&] { host.binding().bind(Force::yes); }), Not(HasSubstr("undo")));
    EXPECT_EQ(host.state(), before);
}

TEST(DriverOverride, SaysThatTheEarlierDriverDidNotTakeItBack)
{
    Host host;
    hold(host);
    host.refusing = {"vfio-platform", "xuartps"};
    EXPECT_THAT(message([&] { host.binding().bind(Force::yes); }),
                HasSubstr("give ff010000.serial back to xuartps"));
    EXPECT_EQ(host.state(), (State{"", "(null)", "auto"}));
}

TEST(DriverOverride, SaysWhatOnThisHostIsInTheWay)
{
    const auto told = [](const auto& prepare)
    {
        Host host;
        host.refusing = {"vfio-platform"};
        prepare(host);
        const State before = host.state();
        std::string text = message([&] { host.binding().bind(); });
        EXPECT_EQ(host.state(), before);
        return text;
    };
    EXPECT_THAT(told([](Host& host) { fs::remove_all(host.bus() / "drivers/vfio-platform"); }),
                HasSubstr("modprobe vfio-platform"));
    EXPECT_THAT(
        told([](Host& host) { host.parameter("vfio_platform/parameters/reset_required", "Y"); }),
        AllOf(HasSubstr("reset_required=0"), Not(HasSubstr("noiommu"))));
    EXPECT_THAT(told([](Host& host)
                     { host.parameter("vfio_platform_base/parameters/reset_required", "Y"); }),
                HasSubstr("reset_required=0"));
    EXPECT_THAT(
        told([](Host& host) { host.parameter("vfio/parameters/enable_unsafe_noiommu_mode", "N"); }),
        AllOf(HasSubstr("noiommu mode is off"), HasSubstr("enable_unsafe_noiommu_mode=1"),
              Not(HasSubstr("reset_required"))));
    EXPECT_THAT(told([](Host& host) { fs::remove_all(host.tree.sys() / "module/vfio"); }),
                HasSubstr("CONFIG_VFIO_NOIOMMU"));
    EXPECT_THAT(told([](Host&) {}), AllOf(HasSubstr("6.3"), Not(HasSubstr("coherent"))));
    EXPECT_THAT(told([](Host& host) { fs::create_directories(host.node() / "iommu_group"); }),
                AllOf(HasSubstr("dma-coherent"), Not(HasSubstr("noiommu"))));
}

TEST(DriverOverride, GivesTheDeviceBackToTheHost)
{
    Host host;
    hold(host);
    host.binding().bind(Force::yes);
    host.binding().release();
    EXPECT_EQ(host.state(), (State{"xuartps", "(null)", "on"}));
}

TEST(DriverOverride, ReleasesADeviceThatNoDriverWants)
{
    Host host;
    host.binding().bind();
    host.binding().release();
    EXPECT_EQ(host.state(), (State{"", "(null)", "auto"}));
}

TEST(DriverOverride, CanReleaseAgainAfterAReleaseThatFailed)
{
    for (std::size_t failing = 0; failing < 2; ++failing)
    {
        Host host;
        hold(host);
        host.binding().bind(Force::yes);
        host.failing = {host.written.size() + failing};
        EXPECT_NE(message([&] { host.binding().release(); }), "");
        host.binding().release();
        EXPECT_EQ(host.state(), (State{"xuartps", "(null)", "on"}));
    }
}

TEST(DriverOverride, LiftsAnOverrideThatAKilledBindLeftAndGivesTheDeviceBack)
{
    Host host;
    host.add_driver("xuartps");
    host.native = "xuartps";
    host.have_override("vfio-platform");
    host.binding().release();
    EXPECT_EQ(host.state(), (State{"xuartps", "(null)", "auto"}));
}

TEST(DriverOverride, LeavesADeviceOfTheHostAloneWhenItReleases)
{
    Host host;
    hold(host);
    host.binding().release();
    EXPECT_TRUE(host.written.empty());
}

TEST(DriverOverride, RefusesNamesThatLeaveTheFolder)
{
    const Host host;
    for (const char* name : {"", ".", "..", "../../etc", "a/b"})
        EXPECT_THROW(DriverOverride(name, host.tree.sys()), Error) << name;
}

TEST(DriverOverride, SaysThatTheHostHasNoSuchDevice)
{
    const Host host;
    EXPECT_THAT(message([&] { DriverOverride("ff020000.i2c", host.tree.sys()); }),
                HasSubstr("ff020000.i2c"));
}

TEST(DriverOverride, WritesToSysfsWithTheKernelsAnswer)
{
    const Host host;
    aliasvm::daemon::write_sysfs(host.node() / "power/control", "on\n");
    EXPECT_EQ(host.state().power, "on");
    EXPECT_THAT(message([&] { aliasvm::daemon::write_sysfs(host.node() / "nothing", "x"); }),
                AllOf(HasSubstr("nothing"), HasSubstr("No such file")));
    fs::create_symlink(host.node() / "power/control", host.node() / "link");
    EXPECT_THROW(aliasvm::daemon::write_sysfs(host.node() / "link", "x"), Error);
}

} // namespace
