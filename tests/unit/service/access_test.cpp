// SPDX-License-Identifier: Apache-2.0
// Who may do what.
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "tests/unit/service/daemon_bench.hpp"

#include <unistd.h>

namespace aliasvm::service
{
namespace
{

constexpr uid_t nobody = 65534;

class AnUnprivilegedCaller : public ADaemon
{
protected:
    AnUnprivilegedCaller()
    {
        client_->close();
        // The bus takes the user from the socket, which keeps the one that connected.
        EXPECT_EQ(::seteuid(nobody), 0) << "run the tests as root";
        client_ = bus::Connection::at(io_, bus_.address());
        client_->start([](int) {});
        static_cast<void>(answer(client_->new_call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                                   "org.freedesktop.DBus", "GetId")));
        EXPECT_EQ(::seteuid(0), 0);
    }
};

TEST_F(AnUnprivilegedCaller, MayLook)
{
    EXPECT_EQ(machine_property("left", "State"), "inactive");
    EXPECT_EQ(answer(new_call(bus::root_path, bus::manager_interface, "ListMachines"))
                  .find("org.freedesktop"),
              std::string::npos);
}

TEST_F(AnUnprivilegedCaller, MayChangeNothing)
{
    const std::string denied = "org.freedesktop.DBus.Error.AccessDenied:";
    for (const char* const member : {"Start", "Shutdown", "PowerOff", "Reset", "Pause", "Resume",
                                     "OpenConsole", "DumpDeviceTree"})
        EXPECT_TRUE(machine("left", member).starts_with(denied)) << member;
    EXPECT_TRUE(assign("ttc1", "right", "ttc0").starts_with(denied));
    EXPECT_TRUE(release("ttc1").starts_with(denied));
    EXPECT_TRUE(answer(new_call(bus::device_path("ttc1"), bus::device_interface, "Quiesce"))
                    .starts_with(denied));
    for (const char* const member : {"StartMachine", "StopMachine"})
    {
        auto call = new_call(bus::root_path, bus::manager_interface, member);
        call.append("s", "left");
        EXPECT_TRUE(answer(std::move(call)).starts_with(denied)) << member;
    }
    EXPECT_TRUE(
        answer(new_call(bus::root_path, bus::manager_interface, "Reload")).starts_with(denied));
}

/// A polkit that allows one action.
class APolkit
{
public:
    APolkit(std::shared_ptr<bus::Connection> connection, std::string allowed)
        : connection_{std::move(connection)}, allowed_{std::move(allowed)}
    {
        sd_bus_slot* slot = nullptr;
        bus::require(sd_bus_add_object_vtable(connection_->raw(), &slot,
                                              "/org/freedesktop/PolicyKit1/Authority",
                                              "org.freedesktop.PolicyKit1.Authority", vtable, this),
                     "be polkit");
        slot_ = bus::Slot{slot};
    }

private:
    static int check(sd_bus_message* call, void* self, sd_bus_error*)
    {
        const char* action = nullptr;
        sd_bus_message_skip(call, "(sa{sv})");
        sd_bus_message_read(call, "s", &action);
        const bool yes = static_cast<APolkit*>(self)->allowed_ == action;
        return sd_bus_reply_method_return(call, "(bba{ss})", yes ? 1 : 0, 0, 0);
    }

    static constexpr sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", check,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
    };

    std::shared_ptr<bus::Connection> connection_;
    std::string allowed_;
    bus::Slot slot_;
};

TEST_F(AnUnprivilegedCaller, MayDoWhatPolkitAllows)
{
    const auto connection = bus::Connection::at(io_, bus_.address());
    const APolkit polkit{connection, "org.aliasvm1.assign-devices"};
    connection->start([](int) {});
    run(
        [](bus::Connection& bus) -> boost::asio::awaitable<void>
        {
            auto call = bus.new_call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "RequestName");
            call.append("su", "org.freedesktop.PolicyKit1", 0);
            co_await bus.call(std::move(call), std::chrono::seconds{25});
        }(*connection));
    EXPECT_EQ(assign("ttc2", "right", "ttc0"), "");
    EXPECT_TRUE(machine("left", "Start").starts_with("org.freedesktop.DBus.Error.AccessDenied:"));
    connection->close();
}

} // namespace
} // namespace aliasvm::service
