// SPDX-License-Identifier: Apache-2.0
// Pagemap: where memory of this process lies in physical memory.
#pragma once

#include "common/base/address.hpp"
#include "common/base/unique_fd.hpp"

#include <cstddef>
#include <string>

namespace aliasvm::daemon
{

/// Documentation/admin-guide/mm/pagemap.rst. Opened while the process has CAP_SYS_ADMIN: the kernel
/// asks for it in the opener's credentials, so the process may give it up afterwards. Any thread.
class Pagemap
{
public:
    /// Throws Error. `file` is for tests.
    explicit Pagemap(const std::string& file = "/proc/self/pagemap");

    /// Of memory that has been touched. Throws Error: EFAULT if nothing is there, EPERM if the
    /// kernel hides it, with the mend.
    [[nodiscard]] HostAddr address_of(const std::byte* memory) const;

private:
    UniqueFd fd_;
};

/// Gives up a capability for the rest of the process's life. Throws Error.
void give_up_capability(unsigned capability);

} // namespace aliasvm::daemon
