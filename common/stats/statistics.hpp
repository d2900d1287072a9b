// SPDX-License-Identifier: Apache-2.0
// Reads the binary statistics that KVM keeps of a VM or a vCPU, and a VMM's own counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace aliasvm::stats
{

/// More than this is read of no descriptor; a vCPU's statistics are some 5 KiB.
inline constexpr std::size_t largest_statistics = 64U << 10;

/// The single values of one statistics descriptor by name ("exits", "mmio_exit_user"), those that
/// only grow and those that are as they are now; histograms and peaks are left out. Layout:
/// Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD. Of OwnCounts, what read_own_counts() says.
///
/// The descriptor may come from somebody who is not trusted: every offset and count is checked, a
/// name is printable ASCII, and what is no sane statistics file is an Error (EPROTO). Its position
/// is left alone. Ask looks_like_statistics() first: reading a file of another kind may block.
[[nodiscard]] std::map<std::string, std::uint64_t> read_statistics(int fd);

/// Whether the kernel says that `fd` is statistics of KVM, which nobody can make a file look like,
/// or it looks like OwnCounts. Never blocks.
[[nodiscard]] bool looks_like_statistics(int fd) noexcept;

/// The same for what the link of a descriptor in /proc/self/fd reads.
[[nodiscard]] bool names_statistics(std::string_view link) noexcept;

} // namespace aliasvm::stats
