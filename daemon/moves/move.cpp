// SPDX-License-Identifier: Apache-2.0
// The way back.
#include "daemon/moves/move.hpp"

#include <exception>

#include <fmt/format.h>

namespace aliasvm::daemon
{

boost::asio::awaitable<std::string> Undo::run()
{
    std::string failed;
    while (!acts_.empty())
    {
        const auto [what, act] = std::move(acts_.back());
        acts_.pop_back();
        try
        {
            co_await act();
        }
        catch (const std::exception& error)
        {
            failed += fmt::format("{}{}: {}", failed.empty() ? "" : "; ", what, error.what());
        }
    }
    co_return failed;
}

std::string Move::text() const
{
    if (to)
        return fmt::format("assign {} to {} as {}", instance.name, to->name.str(), alias);
    return fmt::format("release {}", instance.name);
}

} // namespace aliasvm::daemon
