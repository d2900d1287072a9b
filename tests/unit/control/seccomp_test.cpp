// SPDX-License-Identifier: Apache-2.0
// What a confined process cannot do, and that it can do what a VMM does.
#include "vmm/control/seccomp.hpp"

#include "common/base/event_fd.hpp"
#include "common/base/unique_fd.hpp"
#include "common/bus/connection.hpp"
#include "common/bus/error.hpp"
#include "common/bus/method.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>
#include <systemd/sd-daemon.h>

namespace
{

using namespace aliasvm;

/// Runs `body` in a process of its own; what it returns is "" when all is well.
std::string in_a_child(const std::function<std::string()>& body)
{
    int ends[2];
    if (::pipe(ends) != 0)
        return "no pipe";
    UniqueFd reading{ends[0]};
    UniqueFd writing{ends[1]};
    const pid_t child = ::fork();
    if (child == 0)
    {
        std::string said;
        try
        {
            said = body();
        }
        catch (const std::exception& error)
        {
            said = std::string{"threw "} + error.what();
        }
        const bool told = ::write(writing.get(), said.data(), said.size()) >= 0;
        ::_exit(told ? 0 : 1);
    }
    writing.reset();
    std::string said;
    std::array<char, 256> buffer{};
    ssize_t size = 0;
    while ((size = ::read(reading.get(), buffer.data(), buffer.size())) > 0)
        said.append(buffer.data(), static_cast<std::size_t>(size));
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        said += " and ended with wait status " + std::to_string(status);
    return said;
}

std::string confined(const std::function<std::string()>& body)
{
    return in_a_child(
        [&]
        {
            control::confine();
            return body();
        });
}

/// "" if the call that has just been made was refused.
std::string refused(long answer)
{
    if (answer != -1)
        return "it worked";
    return errno == EPERM ? "" : "errno is " + std::to_string(errno);
}

std::string worked(bool good)
{
    return good ? "" : "errno is " + std::to_string(errno);
}

TEST(AConfinedProcess, OpensNoFile)
{
    EXPECT_EQ(confined([] { return refused(::open("/dev/null", O_RDONLY)); }), "");
    EXPECT_EQ(confined([] { return refused(::open("/tmp/x", O_CREAT | O_WRONLY, 0600)); }), "");
    EXPECT_EQ(confined([] { return refused(::syscall(SYS_openat2, AT_FDCWD, "/", nullptr, 0)); }),
              "");
    EXPECT_EQ(confined([] { return refused(::memfd_create("x", 0)); }), "");
}

TEST(AConfinedProcess, StartsNothing)
{
    EXPECT_EQ(confined(
                  []
                  {
                      char* const none[] = {nullptr};
                      return refused(::execve("/bin/true", none, none));
                  }),
              "");
    EXPECT_EQ(confined([] { return refused(::fork()); }), "");
    EXPECT_EQ(confined(
                  []
                  {
                      try
                      {
                          std::thread{[] {}}.join();
                      }
                      catch (const std::system_error& error)
                      {
                          return error.code().value() == EPERM ? "" : error.what();
                      }
                      return "it worked";
                  }),
              "");
}

TEST(AConfinedProcess, TouchesNoOtherProcess)
{
    EXPECT_EQ(confined([] { return refused(::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, 0)); }),
              "");
    EXPECT_EQ(confined([] { return refused(::kill(::getppid(), 0)); }), "");
}

TEST(AConfinedProcess, HasUnixSocketsAndNoOthers)
{
    for (const int family : {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK})
        EXPECT_EQ(confined([family] { return refused(::socket(family, SOCK_DGRAM, 0)); }), "")
            << family;
    EXPECT_EQ(confined([] { return worked(::socket(AF_UNIX, SOCK_STREAM, 0) >= 0); }), "");
}

TEST(AConfinedProcess, HasMemoryAndNoneOfItExecutable)
{
    const auto map = [](int protection)
    { return ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); };
    EXPECT_EQ(confined([&] { return worked(map(PROT_READ | PROT_WRITE) != MAP_FAILED); }), "");
    EXPECT_EQ(
        confined([&]
                 { return map(PROT_READ | PROT_EXEC) == MAP_FAILED ? refused(-1) : "it worked"; }),
        "");
    EXPECT_EQ(confined(
                  [&]
                  {
                      void* const page = map(PROT_READ | PROT_WRITE);
                      const auto made = ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
                      return refused(made) + worked(::mprotect(page, 4096, PROT_READ) == 0);
                  }),
              "");
    EXPECT_EQ(confined(
                  []
                  {
                      // Enough for malloc to go to the kernel, both ways.
                      std::string big(64U << 20, 'x');
                      std::string small(100, 'x');
                      big.resize(128U << 20, 'y');
                      return worked(big.back() == 'y' && small.back() == 'x');
                  }),
              "");
}

TEST(AConfinedProcess, IsConfinedToTheKernelsKnowledge)
{
    const UniqueFd status{::open("/proc/self/status", O_RDONLY)};
    const auto lines = [](int fd)
    {
        std::string text(8192, '\0');
        text.resize(static_cast<std::size_t>(::pread(fd, text.data(), text.size(), 0)));
        std::string found;
        for (const char* const key : {"NoNewPrivs:\t", "Seccomp:\t"})
            found += text.substr(text.find(key), std::string{key}.size() + 2);
        return found;
    };
    const std::string before = lines(status.get());
    EXPECT_EQ(in_a_child(
                  [&]
                  {
                      const UniqueFd own{::open("/proc/self/status", O_RDONLY)};
                      control::confine();
                      return lines(own.get());
                  }),
              "NoNewPrivs:\t1\nSeccomp:\t2\n")
        << "before: " << before;
}

TEST(AConfinedProcess, HasAllItsThreadsConfined)
{
    EXPECT_EQ(in_a_child(
                  []
                  {
                      std::atomic<bool> go{};
                      std::string thread_says = "nothing";
                      std::thread thread{[&]
                                         {
                                             while (!go)
                                                 std::this_thread::yield();
                                             thread_says = refused(::open("/dev/null", O_RDONLY));
                                             pthread_setname_np(pthread_self(), "vcpu0");
                                         }};
                      control::confine();
                      go = true;
                      thread.join();
                      return thread_says;
                  }),
              "");
}

TEST(AConfinedProcess, WaitsForEventsAndTimers)
{
    EXPECT_EQ(confined(
                  []
                  {
                      const EventFd event;
                      event.signal();
                      pollfd ready{event.get(), POLLIN, 0};
                      if (::poll(&ready, 1, 20'000) != 1)
                          return worked(false);
                      const UniqueFd timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)};
                      const itimerspec soon{{}, {0, 1'000'000}};
                      if (!timer.ok() || ::timerfd_settime(timer.get(), 0, &soon, nullptr) != 0)
                          return worked(false);
                      ready.fd = timer.get();
                      return worked(::poll(&ready, 1, 20'000) == 1);
                  }),
              "");
}

/// The broker's side: a socket that is listened on, and a method that answers.
struct Answering
{
    Answering()
    {
        EXPECT_NE(::mkdtemp(folder.data()), nullptr);
        path = folder + "/broker";
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        path.copy(at.sun_path, sizeof at.sun_path - 1);
        // NOLINTNEXTLINE: bind(2) is declared so
        EXPECT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
        EXPECT_EQ(::listen(listening.get(), 1), 0);
        thread = std::thread{[this] { serve(); }};
    }
    ~Answering()
    {
        ::shutdown(listening.get(), SHUT_RDWR);
        thread.join();
        ::unlink(path.c_str());
        ::rmdir(folder.c_str());
    }
    Answering(const Answering&) = delete;
    Answering& operator=(const Answering&) = delete;

    void answer(bus::Message call)
    {
        const UniqueFd file = call.read_fd();
        call.new_reply().append("h", file.get()).send();
    }
    void serve()
    {
        UniqueFd accepted{
            ::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (!accepted.ok())
            return;
        boost::asio::io_context loop{1};
        const auto connection = bus::Connection::serve_peer(loop, std::move(accepted));
        static const sd_bus_vtable vtable[] = {
            SD_BUS_VTABLE_START(0),
            SD_BUS_METHOD("Ask", "h", "h", bus::method<&Answering::answer>,
                          SD_BUS_VTABLE_UNPRIVILEGED),
            SD_BUS_VTABLE_END,
        };
        bus::require(sd_bus_add_object_vtable(connection->raw(), nullptr, "/a", "org.example.A",
                                              vtable, this),
                     "offer an object");
        connection->start([&](int) { loop.stop(); });
        loop.run();
    }

    std::string folder = testing::TempDir() + "seccomp-XXXXXX";
    std::string path;
    UniqueFd listening{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::thread thread;
};

// As when the daemon comes back: everything from connect() on happens inside the filter.
TEST(AConfinedProcess, ConnectsToTheBrokerAndHandsDescriptorsOver)
{
    const Answering broker;
    EXPECT_EQ(
        confined(
            [&]() -> std::string
            {
                UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
                sockaddr_un to{};
                to.sun_family = AF_UNIX;
                broker.path.copy(to.sun_path, sizeof to.sun_path - 1);
                // NOLINTNEXTLINE: connect(2) is declared so
                if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
                    return worked(false);
                boost::asio::io_context loop{1};
                const auto connection = bus::Connection::peer(loop, std::move(socket));
                connection->start([](int) {});
                std::string outcome = "no answer";
                boost::asio::co_spawn(
                    loop,
                    [&]() -> boost::asio::awaitable<void>
                    {
                        auto call = connection->new_call(nullptr, "/a", "org.example.A", "Ask");
                        const EventFd event;
                        call.append("h", event.get());
                        try
                        {
                            auto reply = co_await connection->call(call, std::chrono::seconds{10});
                            outcome = worked(reply.read_fd().ok());
                        }
                        catch (const std::exception& error)
                        {
                            outcome = error.what();
                        }
                        loop.stop();
                    },
                    boost::asio::detached);
                loop.run();
                return outcome;
            }),
        "");
}

TEST(AConfinedProcess, TalksToItsManagerAndRemovesItsSockets)
{
    const UniqueFd manager{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // NOLINTNEXTLINE: bind(2) is declared so
    ASSERT_EQ(::bind(manager.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
    socklen_t size = sizeof address;
    ::getsockname(manager.get(), reinterpret_cast<sockaddr*>(&address), &size);
    const std::string name(address.sun_path + 1, size - sizeof(sa_family_t) - 1);
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    EXPECT_EQ(confined([] { return sd_notify(0, "STATUS=x") > 0 ? "" : "not told"; }), "");
    ::unsetenv("NOTIFY_SOCKET");
    std::array<char, 16> told{};
    EXPECT_EQ(::recv(manager.get(), told.data(), told.size(), MSG_DONTWAIT), 8);

    const std::string path = testing::TempDir() + "seccomp-removes";
    std::ofstream{path} << "x";
    EXPECT_EQ(confined([&] { return worked(::unlink(path.c_str()) == 0); }), "");
}

} // namespace
