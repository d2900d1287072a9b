// SPDX-License-Identifier: Apache-2.0
// One read(2) is one record.
#include "daemon/host/fault_watch.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

namespace aliasvm::daemon
{

namespace
{

constexpr std::size_t longest_record = 8192; // CONSOLE_EXT_LOG_MAX; 2048 since Linux 6.4
constexpr int records_a_turn = 200;          // whoever floods the log must not stop the loop

} // namespace

FaultWatch::FaultWatch(boost::asio::io_context& io, UniqueFd kmsg, OnFault on_fault)
    : kmsg_{io, kmsg.get()}, on_fault_{std::move(on_fault)}
{
    (void)kmsg.release();
    kmsg_.non_blocking(true);
    // What is no device, but a pipe of a test, has no past to skip.
    (void)::lseek(kmsg_.native_handle(), 0, SEEK_END);
    wait();
}

void FaultWatch::wait()
{
    kmsg_.async_wait(kmsg_.wait_read,
                     [this](const boost::system::error_code& failed)
                     {
                         if (!failed && read_some())
                             wait();
                     });
}

/// False when nothing will come any more.
bool FaultWatch::read_some()
{
    std::array<char, longest_record> record;
    for (int i = 0; i < records_a_turn; ++i)
    {
        const auto size = ::read(kmsg_.native_handle(), record.data(), record.size());
        if (size > 0)
        {
            const std::string_view text{record.data(), static_cast<std::size_t>(size)};
            if (const auto fault = reader_.take(text))
                on_fault_(*fault);
            continue;
        }
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (size < 0 && (errno == EPIPE || errno == EINVAL))
        {
            // Overwritten before it was read, or longer than any: the next read gives what is next.
            reader_.forget();
            continue;
        }
        spdlog::error("read the kernel's log: {}; faults of the IOMMU are not seen from now on",
                      size == 0 ? "it ended" : std::generic_category().message(errno));
        return false;
    }
    return true;
}

} // namespace aliasvm::daemon
