// SPDX-License-Identifier: Apache-2.0
// aliasvmd whose steps fail when a file says so: the text of /run/aliasvm/fault is the step's name.
#include "common/base/error.hpp"
#include "common/base/log.hpp"
#include "daemon/daemon.hpp"

#include <cerrno>
#include <exception>
#include <fstream>
#include <string>

#include <spdlog/spdlog.h>

namespace
{

class FaultsOfAFile final : public aliasvm::daemon::FaultPoints
{
public:
    void reach(const char* step) override
    {
        std::ifstream file{"/run/aliasvm/fault"};
        std::string named;
        if (std::getline(file, named) && named == step)
            throw aliasvm::Error{EIO, "fault injected"};
    }
};

} // namespace

int main()
{
    aliasvm::set_up_log("aliasvmd");
    try
    {
        FaultsOfAFile faults;
        return aliasvm::daemon::run_daemon({.catalogue = ALIASVM_CATALOGUE}, faults);
    }
    catch (const std::exception& error)
    {
        spdlog::error("{}", error.what());
        return 1;
    }
}
