// SPDX-License-Identifier: Apache-2.0
// The child: the bench of the service's tests, and trouble.
#include "tests/fuzz/served_daemon.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"
#include "daemon/faces/log_control.hpp"
#include "tests/unit/service/daemon_bench.hpp"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>
#include <sstream>

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

extern "C" __attribute__((weak)) std::size_t __sanitizer_get_current_allocated_bytes();

namespace aliasvm::fuzz
{

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace
{

constexpr auto trouble_period = 30ms;
constexpr std::array machines{"left", "right"};

std::uint64_t allocated_bytes()
{
    if (&__sanitizer_get_current_allocated_bytes != nullptr)
        return __sanitizer_get_current_allocated_bytes();
    return ::mallinfo2().uordblks;
}

class Served final : public service::ADaemon
{
public:
    Served(int control, std::uint64_t seed)
        : control_{control}, random_{seed}, log_control_{server_}
    {
        units_.on_start = [this](const VmName& name)
        {
            waiting_.insert(name.str());
            return true;
        };
        units_.on_stop = [this](const VmName& name)
        {
            waiting_.erase(name.str());
            vanish(name.str());
            return true;
        };
        waiting_ = {machines.begin(), machines.end()};
        bring_up();
    }

    void serve()
    {
        tell(bus_.address() + " " + (folder_ / "run/broker").string());
        while (!ended_)
        {
            turn_loops();
            bring_up();
            if (Clock::now() >= next_trouble_)
                make_trouble();
            listen();
        }
    }

private:
    void TestBody() override {}

    /// Another process is the third VM's VMM, or every now and then nobody's.
    std::optional<VmName> identity_of(int socket) override
    {
        ucred peer{};
        socklen_t size = sizeof peer;
        if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
            peer.pid == ::getpid())
            return ADaemon::identity_of(socket);
        return random_() % 8 == 0 ? std::nullopt : VmName::from("third");
    }

    void vanish(const std::string& name)
    {
        if (const auto vmm = vmms_.find(name); vmm != vmms_.end())
            vmm->second->die();
    }

    /// Starts those that shall run, one after the other, as their connections look alike.
    void bring_up()
    {
        while (!waiting_.empty())
        {
            const std::string name = waiting_.extract(waiting_.begin()).value();
            const VmName vm = *VmName::from(name);
            vanish(name);
            const auto vmm = std::make_shared<service::FakeVmm>(io_, devices_, vm);
            vmms_[name] = vmm;
            vmm->on_end = [this, name] { end_by_itself(name); };
            units_.set(vm, "activating");
            next_identity_ = name;
            try
            {
                run(vmm->connect(folder_ / "run/broker"));
                run(vmm->acquire("ttc0"));
            }
            catch (const std::runtime_error&)
            {
                // Stopped meanwhile, or what it wants is another's: it runs without.
            }
            if (units_.facts[name].active == "activating")
                units_.set(vm, "active");
        }
    }

    void end_by_itself(const std::string& name)
    {
        vanish(name);
        const bool comes_back = random_() % 2 == 0;
        units_.set(*VmName::from(name), comes_back ? "activating" : "inactive");
        if (comes_back)
            waiting_.insert(name);
    }

    void heal()
    {
        faults_.at.clear();
        faults_.reached.clear();
        devices_.bind_error = 0;
        devices_.open_error = 0;
        for (const auto& [name, vmm] : vmms_)
        {
            vmm->refuse_next.clear();
            vmm->calls.clear();
        }
        for (const char* const name : machines)
        {
            const daemon::Machine* const machine = service_->machines().find(name);
            if (machine == nullptr || !machine->live())
                waiting_.insert(name);
        }
    }

    void make_trouble()
    {
        next_trouble_ = Clock::now() + trouble_period;
        heal();
        constexpr std::array members{"Attach", "Detach", "Pause", "Reset", "OpenConsole"};
        constexpr std::array steps{"bind",    "record", "persist", "detach", "open",
                                   "quiesce", "attach", "release", "commit"};
        const std::string name = machines[random_() % machines.size()];
        switch (random_() % 8)
        {
        case 0:
            if (vmms_.contains(name))
                vmms_.at(name)->refuse_next = members[random_() % members.size()];
            break;
        case 1:
            faults_.at = steps[random_() % steps.size()];
            break;
        case 2:
            vanish(name);
            units_.set(*VmName::from(name), random_() % 2 == 0 ? "failed" : "activating");
            waiting_.insert(name);
            break;
        case 3:
            devices_.bind_error = EIO;
            break;
        default:
            break;
        }
    }

    void listen()
    {
        char question = 0;
        const auto got = ::recv(control_, &question, 1, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got == 1 && question == 'u')
            return tell_usage();
        ended_ = true;
    }

    void tell_usage()
    {
        heal();
        bring_up();
        const auto rest = Clock::now() + 500ms;
        until([&] { return Clock::now() > rest; });
        heal();
        bring_up();
        std::uint64_t descriptors = 0;
        for ([[maybe_unused]] const auto& entry :
             std::filesystem::directory_iterator{"/proc/self/fd"})
            ++descriptors;
        tell(std::to_string(allocated_bytes()) + " " + std::to_string(descriptors));
    }

    void tell(const std::string& text) const
    {
        if (::send(control_, text.data(), text.size(), MSG_NOSIGNAL) < 0)
            throw Error{errno, "tell the fuzzer"};
    }

    int control_;
    std::mt19937_64 random_;
    daemon::LogControl log_control_;
    std::set<std::string> waiting_; ///< to be started
    Clock::time_point next_trouble_{};
    bool ended_{};
};

int serve(int control, std::uint64_t seed)
{
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("fuzz", std::make_shared<spdlog::sinks::null_sink_mt>()));
    try
    {
        Served{control, seed}.serve();
        return 0;
    }
    catch (const std::exception& error)
    {
        std::fprintf(stderr, "the daemon's process: %s\n", error.what());
        return 1;
    }
}

} // namespace

ServedDaemon::ServedDaemon(std::uint64_t seed)
{
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw Error{errno, "make a pair of sockets"};
    control_ = UniqueFd{ends[0]};
    UniqueFd theirs{ends[1]};
    child_ = ::fork();
    if (child_ < 0)
        throw Error{errno, "fork"};
    if (child_ == 0)
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        control_ = UniqueFd{};
        std::exit(serve(theirs.get(), seed)); // runs the leak check
    }
    theirs = UniqueFd{};
    std::istringstream{ask("")} >> bus_address_ >> broker_;
}

ServedDaemon::~ServedDaemon()
{
    if (child_ > 0)
    {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
}

std::string ServedDaemon::ask(const std::string& question)
{
    if (!question.empty() &&
        ::send(control_.get(), question.data(), question.size(), MSG_NOSIGNAL) < 0)
        throw Error{errno, "ask the daemon's process"};
    std::array<char, 512> answer{};
    const auto size = ::recv(control_.get(), answer.data(), answer.size(), 0);
    if (size <= 0)
        throw Error{ECONNRESET, "hear from the daemon's process: it is gone"};
    return {answer.data(), static_cast<std::size_t>(size)};
}

Usage ServedDaemon::usage()
{
    Usage now{};
    std::istringstream{ask("u")} >> now.bytes >> now.descriptors;
    return now;
}

int ServedDaemon::end()
{
    control_ = UniqueFd{};
    int status = 0;
    if (::waitpid(std::exchange(child_, 0), &status, 0) < 0)
        throw Error{errno, "wait for the daemon's process"};
    return status;
}

} // namespace aliasvm::fuzz
