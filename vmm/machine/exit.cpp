// SPDX-License-Identifier: Apache-2.0
// MMIO to the bus, system events to the main loop, everything else to a stated end.
#include "vmm/machine/exit.hpp"

#include <cstring>

namespace aliasvm::machine
{

namespace
{

struct ExitHandler
{
    kvm::Vcpu& vcpu;
    MmioBus& bus;
    Notices& notices;

    std::optional<End> operator()(const kvm::MmioRead& read) const noexcept
    {
        std::uint64_t value = 0;
        if (!bus.read(read.at, read.width, value))
            tell_unmapped({read.at, read.width, false, 0});
        std::memcpy(read.answer, &value, sizeof value);
        return std::nullopt;
    }

    std::optional<End> operator()(const kvm::MmioWrite& write) const noexcept
    {
        if (!bus.write(write.at, write.width, write.value))
            tell_unmapped({write.at, write.width, true, 0});
        return std::nullopt;
    }

    std::optional<End> operator()(const kvm::UndescribedAccess&) const noexcept
    {
        // Hardware behind such an address would answer the bus with an error, so do the same. To
        // decode the instruction instead would be a second CPU in user space.
        if (vcpu.inject_external_abort())
            return std::nullopt;
        return failure("access to an unmapped address that the CPU did not describe, and this "
                       "kernel cannot inject an external abort",
                       0);
    }

    std::optional<End> operator()(const kvm::SystemEvent& event) const noexcept
    {
        switch (event)
        {
        case kvm::SystemEvent::power_off:
            return End{EndCause::power_off, 0, "the guest powered off", 0, 0};
        case kvm::SystemEvent::reset:
            return End{EndCause::reset, 0, "the guest asked for a reset", 0, 0};
        case kvm::SystemEvent::crash:
            break;
        }
        return End{EndCause::crash, 0, "the guest crashed", 0, vcpu.program_counter()};
    }

    std::optional<End> operator()(const kvm::Interrupted&) const noexcept { return std::nullopt; }

    std::optional<End> operator()(const kvm::Failure& failed) const noexcept
    {
        return failure(failed.reason, failed.detail);
    }

private:
    [[nodiscard]] End failure(const char* reason, std::uint64_t detail) const noexcept
    {
        return {EndCause::failure, 0, reason, detail, vcpu.program_counter()};
    }

    void tell_unmapped(UnmappedAccess access) const noexcept
    {
        if (!notices.wants_unmapped())
            return;
        access.pc = vcpu.program_counter();
        notices.unmapped(access);
    }
};

} // namespace

std::optional<End> handle_exit(const kvm::VcpuExit& exit, kvm::Vcpu& vcpu, MmioBus& bus,
                               Notices& notices) noexcept
{
    return std::visit(ExitHandler{vcpu, bus, notices}, exit);
}

} // namespace aliasvm::machine
