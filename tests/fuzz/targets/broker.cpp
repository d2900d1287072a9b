// SPDX-License-Identifier: Apache-2.0
// A VMM that says anything to the daemon, answers anything, and goes: all is as it was before it
// came.
#include "common/base/error.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "tests/fuzz/targets/arbitrary_message.hpp"
#include "tests/unit/service/daemon_bench.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

namespace aliasvm::fuzz
{
namespace
{

namespace asio = boost::asio;
using bus::Message;
using namespace std::chrono_literals;

constexpr auto reply_time = 20s;

struct Method
{
    const char* member;
    const char* arguments;
    const char* interface = bus::broker_interface;
};
constexpr std::array methods{
    Method{"Register", "sa(ss)bah"},
    Method{"Acquire", "s"},
    Method{"AcquireMemory", "t"},
    Method{"ClockRates", ""},
    Method{"Ping", "", "org.freedesktop.DBus.Peer"},
    Method{"Introspect", "", "org.freedesktop.DBus.Introspectable"},
    Method{"NoSuch", "s"},
};

/// Registers, and acquires ttc2 and gem1.
constexpr std::string_view once{"\0\0\0\1\0\0\0\0\6\3\6\3\0\1\1\2\6\3\0\1\1\7\6\3\6\3", 26};

/// What somebody on the bus wants of the VM meanwhile.
constexpr std::array wishes{"Pause", "Resume", "Reset", "OpenConsole", "DumpDeviceTree"};

/// One daemon for all inputs, with two VMs that behave. `third` is the input's.
class Bench final : public service::ADaemon
{
public:
    Bench()
    {
        write_config("third", "ttc0 = \"ttc2\"\nuart0 = \"console\"\ngem0 = \"gem1\"",
                     "dma = \"identity\"\n");
        std::ofstream{folder_ / "etc/aliasvmd.toml"} << "allow_identity_dma = true\n";
        service_->reload();
        boot("left", {"ttc0"});
        boot("right");
        // Once, so that what it gets has been at rest before.
        play(once);
        before_ = state();
    }

    void play(std::string_view bytes)
    {
        Input input{bytes};
        units_.set(third, "activating");
        connect(input.below(8) == 7 ? "" : "third");
        while (!input.empty())
            act(input);
        finish();
    }

    void check()
    {
        const std::string now = state();
        require(now == before_,
                "when it is gone, all is as it was\nbefore:\n" + before_ + "\nafter:\n" + now);
    }

private:
    void TestBody() override {}

    [[nodiscard]] std::string state()
    {
        std::string text = snapshot() + "kept RAM:";
        for (const auto& [name, bytes] : memory_.files)
            text += " " + name;
        return text;
    }

    void connect(const std::string& identity)
    {
        next_identity_ = identity;
        UniqueFd end{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = folder_ / "run/broker";
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        if (::connect(end.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw Error{errno, "connect to {}", path};
        peer_ = bus::Connection::peer(io_, std::move(end));
        bus::require(sd_bus_add_filter(peer_->raw(), nullptr, take, this), "listen to the daemon");
        peer_->start([](int) {});
        until([this] { return peer_->lost() || sd_bus_is_ready(peer_->raw()) > 0; });
    }

    static int take(sd_bus_message* message, void* self, sd_bus_error*)
    {
        if (sd_bus_message_is_method_call(message, nullptr, nullptr) <= 0)
            return 0;
        static_cast<Bench*>(self)->asked_.push_back(Message::share(message));
        return 1;
    }

    void act(Input& input)
    {
        devices_.clear_transmit_status("gem1"); // or the fake would not come to rest once more
        switch (input.below(8))
        {
        case 0:
        case 1:
        case 2:
            return say(input);
        case 3:
            return answer_daemon(input);
        case 4:
            return wish(input);
        case 5:
            return units_.set(third, "active");
        default:
            for (unsigned turns = input.below(4) + 1; turns > 0; --turns)
                turn_loops();
        }
    }

    void say(Input& input)
    {
        if (peer_->lost())
            return;
        const Method& method = methods.at(input.below(methods.size()));
        Message call = peer_->new_call(nullptr, bus::root_path, method.interface, method.member);
        if (input.below(4) == 0)
            append_any(call, input);
        else
            append_values(call, method.arguments, input);
        follow(peer_, std::move(call));
    }

    void wish(Input& input)
    {
        const unsigned choice = input.below(wishes.size() + 2);
        if (choice < wishes.size())
            return follow(client_, new_call(bus::machine_path(third), bus::machine_interface,
                                            wishes.at(choice)));
        Message call = new_call(bus::device_path("ttc2"), bus::device_interface,
                                choice == wishes.size() ? "Assign" : "Release");
        if (choice == wishes.size())
            call.append("ss", "third", "ttc0");
        call.append("a{sv}", 0);
        follow(client_, std::move(call));
    }

    void follow(const std::shared_ptr<bus::Connection>& connection, Message call)
    {
        ++unanswered_;
        asio::co_spawn(io_, answered(connection, std::move(call)),
                       [this](const std::exception_ptr&) { --unanswered_; });
    }

    static asio::awaitable<void> answered(std::shared_ptr<bus::Connection> connection, Message call)
    {
        const std::string member = sd_bus_message_get_member(call.get());
        try
        {
            static_cast<void>(co_await connection->call(std::move(call), reply_time));
        }
        catch (const bus::NamedError& error)
        {
            require(connection->lost() || error.name() != bus::error_name::no_reply,
                    member + " is answered");
        }
    }

    void answer_daemon(Input& input)
    {
        if (asked_.empty() || peer_->lost())
            return;
        const Message call = asked_.front();
        asked_.pop_front();
        if (input.below(4) == 0)
        {
            sd_bus_reply_method_errorf(call.get(), "org.aliasvm1.Error.No", "%s", "no");
            return peer_->rearm();
        }
        Message reply = call.new_reply();
        const std::string member = sd_bus_message_get_member(call.get());
        if (input.below(4) == 0)
            append_any(reply, input);
        else if (member == "Attach" || member == "Detach")
            reply.append("t", input.number<std::uint64_t>());
        else if (member == "OpenConsole")
            reply.append("h", any_descriptor());
        else if (member == "DumpDeviceTree")
            append_values(reply, "ay", input);
        reply.send();
        peer_->rearm();
        ends_ = ends_ || member == "Reset";
    }

    /// It has no more to say: everybody gets an answer, then it goes.
    void finish()
    {
        // Who assigns to it waits until it has come up or has not.
        const auto& machine = *service_->machines().find("third");
        units_.set(third, machine.vmm ? "active" : "failed");
        until(
            [this]
            {
                Input none{""};
                while (!asked_.empty() && !peer_->lost())
                    answer_daemon(none);
                return unanswered_ == 0 || ends_;
            });
        devices_.clear_transmit_status("gem1");
        peer_->close();
        peer_.reset();
        asked_.clear();
        ends_ = false;
        until([&] { return machine.vmm == nullptr; });
        units_.set(third, "inactive");
        until([this] { return unanswered_ == 0; });
        // What somebody may have changed of its bindings.
        static_cast<void>(assign("ttc2", "third", "ttc0"));
        // What is on its way back.
        until(
            [this]
            {
                for (const plan::Instance& instance : catalogue_.instances())
                    if (std::holds_alternative<daemon::Returning>(
                            service_->ownership().place(instance)))
                        return false;
                return true;
            });
    }

    const VmName third = *VmName::from("third");
    std::shared_ptr<bus::Connection> peer_;
    std::deque<Message> asked_; ///< calls of the daemon that wait for an answer
    unsigned unanswered_{};
    bool ends_{}; ///< has said that it will, and somebody waits for it
    std::string before_;
};

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    static const std::unique_ptr<fuzz::Bench> bench = []
    {
        spdlog::set_default_logger(std::make_shared<spdlog::logger>(
            "fuzz", std::make_shared<spdlog::sinks::null_sink_mt>()));
        return std::make_unique<fuzz::Bench>();
    }();
    bench->play(fuzz::as_text(data, size));
    bench->check();
    return 0;
}
