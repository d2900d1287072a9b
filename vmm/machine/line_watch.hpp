// SPDX-License-Identifier: Apache-2.0
// GuestLineWatch: level lines that are carried to the guest by hand, served on the main loop.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/kvm/port.hpp"
#include "devices/passthrough/line_watch.hpp"
#include "vmm/machine/vcpu_threads.hpp"

#include <vector>

namespace aliasvm::machine
{

/// One descriptor that the main loop waits for, whatever the lines wait for. vGIC and threads
/// outlive it. Main thread only.
class GuestLineWatch final : public devices::LineWatch
{
public:
    /// Throws Error.
    GuestLineWatch(kvm::Vgic& vgic, VcpuThreads& vcpus);

    /// Readable when serve() has something to do.
    [[nodiscard]] int descriptor() const noexcept { return epoll_.get(); }
    void serve() noexcept;
    /// Lines that the guest has as edge, found since the last call.
    [[nodiscard]] std::vector<Spi> take_found();

    void add(devices::Watched& watched, const EventFd& one, const EventFd& other) override;
    void remove(devices::Watched& watched, const EventFd& one,
                const EventFd& other) noexcept override;
    [[nodiscard]] devices::LineInGic look(Spi line) noexcept override;
    void found_edge(Spi line) noexcept override;

private:
    void set_timer() noexcept;

    kvm::Vgic& vgic_;
    VcpuThreads& vcpus_;
    UniqueFd epoll_;
    UniqueFd timer_;
    std::vector<devices::Watched*> watched_;
    std::vector<Spi> found_;
};

} // namespace aliasvm::machine
