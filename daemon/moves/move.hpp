// SPDX-License-Identifier: Apache-2.0
// Move: one change of place under way, with the way back.
#pragma once

#include "common/plan/catalogue.hpp"
#include "common/vfio/port.hpp"
#include "daemon/ownership/machine.hpp"
#include "daemon/ports/device_host.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

/// What was done, to be undone in reverse.
class Undo
{
public:
    using Act = std::function<boost::asio::awaitable<void>()>;

    void add(std::string what, Act act) { acts_.emplace_back(std::move(what), std::move(act)); }
    /// Does all of it, whatever fails; what failed, "" if nothing.
    [[nodiscard]] boost::asio::awaitable<std::string> run();

private:
    std::vector<std::pair<std::string, Act>> acts_;
};

/// The steps, in order; an error says in which one it arose.
namespace step
{
inline constexpr const char* check = "check";
inline constexpr const char* bind = "bind";
inline constexpr const char* record = "record";
inline constexpr const char* persist = "persist";
inline constexpr const char* detach = "detach";
inline constexpr const char* open = "open";
inline constexpr const char* quiesce = "quiesce";
inline constexpr const char* attach = "attach";
inline constexpr const char* release = "release";
inline constexpr const char* commit = "commit";
} // namespace step

struct Move
{
    const plan::Instance& instance;
    std::shared_ptr<Machine> to{}; ///< nobody: back to the host
    std::string alias{};           ///< of `to`
    bool persistent{};
    Force force{Force::no};
    bool remember{true}; ///< a person asked for it; else it only carries out what is written down

    std::shared_ptr<Machine> from{}; ///< running, and has it
    std::string from_alias{};
    std::shared_ptr<vfio::PlatformDevice> device{};
    bool rested{}; ///< not as `from` left it, but at rest
    const char* step{step::check};
    Undo undo{};

    /// "assign uart1 to right as uart0", for messages.
    [[nodiscard]] std::string text() const;
};

} // namespace aliasvm::daemon
