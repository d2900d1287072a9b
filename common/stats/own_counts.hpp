// SPDX-License-Identifier: Apache-2.0
// OwnCounts: what a VMM counts beside KVM, for others to read as they read KVM's statistics.
#pragma once

#include "common/base/mapping.hpp"
#include "common/base/unique_fd.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

namespace aliasvm::stats
{

/// A file in memory that cannot change its size. Who reads it sees a count as soon as it is made;
/// nobody is woken or asked. Threads: refused_access() and its count from any; the rest from one.
class OwnCounts
{
public:
    OwnCounts(); ///< Throws Error

    /// An access was answered by an external abort.
    void refused_access() noexcept { refused_->fetch_add(1, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t refused_accesses() const noexcept
    {
        return refused_->load(std::memory_order_relaxed);
    }

    [[nodiscard]] const UniqueFd& descriptor() const noexcept { return file_; }

private:
    UniqueFd file_;
    Mapping memory_;
    std::atomic<std::uint64_t>* refused_{};
};

/// Whether `fd` is such a file, or one that nobody could tell from it: regular, in memory, of that
/// size for good. Never blocks, and neither does reading it then.
[[nodiscard]] bool looks_like_own_counts(int fd) noexcept;

/// By name: "refused_accesses". The numbers are what whoever made the file has written. Throws
/// Error.
[[nodiscard]] std::map<std::string, std::uint64_t> read_own_counts(int fd);

} // namespace aliasvm::stats
