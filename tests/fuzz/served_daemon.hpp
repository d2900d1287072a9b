// SPDX-License-Identifier: Apache-2.0
// The daemon that is fuzzed, in a process of its own.
#pragma once

#include "common/base/unique_fd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace aliasvm::fuzz
{

/// What the process has.
struct Usage
{
    std::uint64_t bytes; ///< allocated on the heap
    std::uint64_t descriptors;
};

/// A service on a private bus with two running VMs, `left` and `right`, that refuse calls, vanish
/// and come back, and a third that is whoever connects to its broker from outside. Forks: one
/// thread only. All throw Error.
class ServedDaemon
{
public:
    explicit ServedDaemon(std::uint64_t seed);
    ~ServedDaemon();
    ServedDaemon(const ServedDaemon&) = delete;
    ServedDaemon& operator=(const ServedDaemon&) = delete;

    [[nodiscard]] const std::string& bus_address() const noexcept { return bus_address_; }
    [[nodiscard]] const std::string& broker() const noexcept { return broker_; }
    /// With nothing under way.
    [[nodiscard]] Usage usage();
    /// It ends, with its sanitizers' last word: 0 if they have nothing to say, as waitpid(2) has
    /// it.
    [[nodiscard]] int end();

private:
    [[nodiscard]] std::string ask(const std::string& question);

    pid_t child_{};
    UniqueFd control_;
    std::string bus_address_;
    std::string broker_;
};

} // namespace aliasvm::fuzz
