// SPDX-License-Identifier: Apache-2.0
// A VMM that stops where aliasvm-vmm confines itself: it makes "held" in its runtime folder, and
// does what it is told to by a file there called "confine" or "fail".
#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/base/log.hpp"
#include "common/bus/names.hpp"
#include "common/kvm/open.hpp"
#include "common/vfio/handed_host.hpp"
#include "vmm/control/seccomp.hpp"
#include "vmm/control/session.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

namespace
{

using namespace aliasvm;
namespace fs = std::filesystem;

void confine_as_told(const fs::path& folder)
{
    std::ofstream{folder / "held"};
    while (!fs::exists(folder / "confine"))
    {
        if (fs::exists(folder / "fail"))
            throw Error{EIO, "confine the process: fault injected"};
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    control::confine();
}

control::ExitStatus run(const fs::path& file, const fs::path& folder)
{
    const auto bytes = read_file(file);
    auto config = plan::parse_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                                     file, VmName::from(file.stem().string()).value());
    const plan::Catalogue catalogue{read_file(ALIASVM_CATALOGUE), ALIASVM_CATALOGUE};
    const auto system = kvm::open_system();
    vfio::HandedHost host;
    control::Outside outside{*system,
                             {host, [&host](std::string name, std::vector<UniqueFd> descriptors)
                              { host.hand_in(std::move(name), std::move(descriptors)); }},
                             [] { return control::connect_to_broker(bus::broker_socket); },
                             folder,
                             [&folder] { confine_as_told(folder); }};
    boost::asio::io_context loop{1};
    return control::run_session(loop, std::move(config), catalogue, outside);
}

} // namespace

int main(int argc, char** argv)
{
    set_up_log("vmm-on-hold");
    const char* const folder = std::getenv("RUNTIME_DIRECTORY");
    if (argc != 2 || folder == nullptr)
        return 2;
    try
    {
        return static_cast<int>(run(argv[1], folder));
    }
    catch (const std::exception& error)
    {
        spdlog::error("{}", error.what());
        return static_cast<int>(control::ExitStatus::failure);
    }
}
