// SPDX-License-Identifier: Apache-2.0
// dbus-daemon as a child that ends with its parent.
#include "tests/fakes/private_bus.hpp"

#include "common/base/error.hpp"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace aliasvm::fakes
{

namespace
{

std::string configuration(const std::string& folder)
{
    return R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=)" +
           folder + R"(/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call" send_destination="*"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="*"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
)";
}

std::string make_folder()
{
    std::string name = std::filesystem::temp_directory_path() / "aliasvm-bus-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr || ::chmod(name.c_str(), 0755) != 0)
        throw Error{errno, "make a folder for a bus"};
    return name;
}

} // namespace

PrivateBus::PrivateBus() : folder_{make_folder()}, address_{"unix:path=" + folder_ + "/bus"}
{
    const std::string file = folder_ + "/bus.conf";
    std::ofstream{file} << configuration(folder_);
    int ready[2];
    if (::pipe(ready) != 0)
        throw Error{errno, "make a pipe"};
    const std::string print = "--print-address=" + std::to_string(ready[1]);
    daemon_ = ::fork();
    if (daemon_ == 0)
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog",
                 ("--config-file=" + file).c_str(), print.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(ready[1]);
    char any = 0;
    const bool up = ::read(ready[0], &any, 1) == 1;
    ::close(ready[0]);
    if (!up)
        throw Error{ENOENT, "start dbus-daemon (package dbus-daemon)"};
}

PrivateBus::~PrivateBus()
{
    ::kill(daemon_, SIGKILL);
    ::waitpid(daemon_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

} // namespace aliasvm::fakes
