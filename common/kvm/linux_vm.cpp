// SPDX-License-Identifier: Apache-2.0
// The VM ioctls: memory slots and interrupt lines.
#include "common/kvm/linux_vm.hpp"

#include "common/base/error.hpp"
#include "common/base/ioctl.hpp"
#include "common/kvm/architecture.hpp"
#include "common/kvm/statistics.hpp"

#include <linux/kvm.h>

#include <cerrno>
#include <cstdint>

namespace aliasvm::kvm
{

namespace
{

const char* mend_of_slot(int error) noexcept
{
    switch (error)
    {
    case EEXIST:
        return " (it overlaps another slot)";
    case EFAULT:
        return " (it ends beyond the guest's address space, or the memory is not mapped here)";
    default:
        return "";
    }
}

const char* mend_of_irqfd(int error) noexcept
{
    switch (error)
    {
    case EAGAIN:
        return " (the vGIC is not initialised yet)";
    case EBUSY:
        return " (the eventfd already drives a line)";
    default:
        return "";
    }
}

void add_irqfd(int vm, Spi line, const kvm_irqfd& irqfd)
{
    if (retrying_ioctl(vm, KVM_IRQFD, &irqfd) < 0)
        throw Error{errno, "connect an eventfd to guest SPI {} (INTID {}){}", line.dt_cell(),
                    line.intid(), mend_of_irqfd(errno)};
}

kvm_irqfd irqfd_for(Spi line, const EventFd& event)
{
    kvm_irqfd irqfd{};
    irqfd.fd = static_cast<std::uint32_t>(event.get());
    irqfd.gsi = line.irqfd_gsi();
    return irqfd;
}

} // namespace

LinuxVm::LinuxVm(UniqueFd vm, std::size_t run_area_size) noexcept
    : fd_{std::move(vm)}, run_area_size_{run_area_size}
{
}

std::unique_ptr<Vgic> LinuxVm::create_vgic(const VgicLayout& layout)
{
    return make_vgic(fd_.get(), layout);
}

std::unique_ptr<Vcpu> LinuxVm::create_vcpu(VcpuIndex index)
{
    return make_vcpu(fd_.get(), index, run_area_size_);
}

void LinuxVm::set_slot(SlotId slot, const GuestRange& guest, std::byte* host)
{
    // To KVM a size of 0 means removal: an empty range would take away what it was to set.
    if (guest.size == 0 || !guest.valid())
        throw Error{EINVAL, "set memory slot {} at guest {:#x}, {:#x} bytes", slot.value,
                    guest.base.value, guest.size};
    kvm_userspace_memory_region region{};
    region.slot = slot.value;
    // No flags, ever: KVM_MEM_LOG_DIRTY_PAGES is refused over a device's memory.
    region.guest_phys_addr = guest.base.value;
    region.memory_size = guest.size;
    region.userspace_addr = reinterpret_cast<std::uintptr_t>(host);
    if (retrying_ioctl(fd_.get(), KVM_SET_USER_MEMORY_REGION, &region) < 0)
        throw Error{errno,
                    "set memory slot {} at guest {:#x}..{:#x}{}",
                    slot.value,
                    guest.base.value,
                    guest.last().value,
                    mend_of_slot(errno)};
}

void LinuxVm::remove_slot(SlotId slot)
{
    kvm_userspace_memory_region region{};
    region.slot = slot.value;
    require_ioctl(fd_.get(), KVM_SET_USER_MEMORY_REGION, &region, "remove memory slot {}",
                  slot.value);
}

void LinuxVm::add_edge_irqfd(Spi line, const EventFd& event)
{
    // Newer kernels raise the line and never lower it, which only an edge line survives.
    add_irqfd(fd_.get(), line, irqfd_for(line, event));
}

void LinuxVm::add_level_irqfd(Spi line, const EventFd& event, const EventFd& resample)
{
    kvm_irqfd irqfd = irqfd_for(line, event);
    irqfd.flags = KVM_IRQFD_FLAG_RESAMPLE;
    irqfd.resamplefd = static_cast<std::uint32_t>(resample.get());
    add_irqfd(fd_.get(), line, irqfd);
}

void LinuxVm::remove_irqfd(Spi line, const EventFd& event)
{
    // KVM looks for the pair of descriptor and gsi, and is content when it finds none.
    kvm_irqfd irqfd = irqfd_for(line, event);
    irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
    require_ioctl(fd_.get(), KVM_IRQFD, &irqfd,
                  "disconnect an eventfd from guest SPI {} (INTID {})", line.dt_cell(),
                  line.intid());
}

bool LinuxVm::set_line(Spi line, bool level) noexcept
{
    kvm_irq_level irq{};
    irq.irq = line.irq_line();
    irq.level = level ? 1 : 0;
    return retrying_ioctl(fd_.get(), KVM_IRQ_LINE, &irq) >= 0;
}

UniqueFd LinuxVm::statistics()
{
    return statistics_of(fd_.get(), "the VM");
}

} // namespace aliasvm::kvm
