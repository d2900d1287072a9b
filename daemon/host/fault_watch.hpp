// SPDX-License-Identifier: Apache-2.0
// FaultWatch: hears of IOMMU faults from the kernel's log.
#pragma once

#include "common/base/unique_fd.hpp"
#include "daemon/host/iommu_fault.hpp"

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace aliasvm::daemon
{

/// Tells every fault that the kernel logs from now on, not those of before. What was overwritten
/// in the log before it could be read is lost, the rest is not. Main thread.
class FaultWatch
{
public:
    using OnFault = std::function<void(const IommuFault&)>;

    /// `kmsg` is /dev/kmsg opened to read, which takes CAP_SYSLOG where kernel.dmesg_restrict is
    /// set; reading takes nothing more. `on_fault` does not destroy the watch. Throws
    /// boost::system::system_error if the descriptor cannot be waited for.
    FaultWatch(boost::asio::io_context& io, UniqueFd kmsg, OnFault on_fault);

private:
    void wait();
    [[nodiscard]] bool read_some();

    boost::asio::posix::stream_descriptor kmsg_;
    IommuFaultReader reader_;
    OnFault on_fault_;
};

} // namespace aliasvm::daemon
