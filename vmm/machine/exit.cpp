// SPDX-License-Identifier: Apache-2.0
// MMIO to the bus, instructions performed, system events to the main loop, all else to a stated
// end.
#include "vmm/machine/exit.hpp"

#include "vmm/machine/undescribed.hpp"

#include <cstring>

namespace aliasvm::machine
{

namespace
{

End failure(const char* reason, std::uint64_t detail, const Exited& of) noexcept
{
    return {EndCause::failure, of.index.value, reason, detail, of.vcpu.program_counter()};
}

Next take(const kvm::UndescribedAccess& access, const Exited& of, Others others) noexcept
{
    const auto not_performed = perform_undescribed(access, of, others);
    if (of.vcpu.registers().failed())
        return failure("KVM refused a register of an instruction that is performed here", 0, of);
    if (!not_performed)
        return GoOn{};
    if (not_performed->needs_stillness)
        return WhenStill{access};
    // As hardware behind such an address would answer the bus: with an error.
    of.notices.count_refused();
    if (of.notices.wants_refused())
        of.notices.refused(
            {access.at, access.write, of.vcpu.program_counter(), not_performed->word});
    if (of.vcpu.inject_external_abort())
        return GoOn{};
    return failure("access that cannot be performed here, and this kernel cannot inject an "
                   "external abort",
                   not_performed->word.value_or(0), of);
}

struct ExitHandler
{
    const Exited& of;

    Next operator()(const kvm::MmioRead& read) const noexcept
    {
        std::uint64_t value = 0;
        if (!of.space.bus().read(read.at, read.width, value))
            tell_unmapped({read.at, read.width, false, 0}, of);
        std::memcpy(read.answer, &value, sizeof value);
        return GoOn{};
    }

    Next operator()(const kvm::MmioWrite& write) const noexcept
    {
        if (!of.space.bus().write(write.at, write.width, write.value))
            tell_unmapped({write.at, write.width, true, 0}, of);
        return GoOn{};
    }

    Next operator()(const kvm::UndescribedAccess& access) const noexcept
    {
        return take(access, of, Others::may_run);
    }

    Next operator()(const kvm::SystemEvent& event) const noexcept
    {
        switch (event)
        {
        case kvm::SystemEvent::power_off:
            return End{EndCause::power_off, of.index.value, "the guest powered off", 0, 0};
        case kvm::SystemEvent::reset:
            return End{EndCause::reset, of.index.value, "the guest asked for a reset", 0, 0};
        case kvm::SystemEvent::crash:
            break;
        }
        return End{EndCause::crash, of.index.value, "the guest crashed", 0,
                   of.vcpu.program_counter()};
    }

    Next operator()(const kvm::Interrupted&) const noexcept { return GoOn{}; }

    Next operator()(const kvm::Failure& failed) const noexcept
    {
        return failure(failed.reason, failed.detail, of);
    }
};

} // namespace

Next handle_exit(const kvm::VcpuExit& exit, const Exited& of) noexcept
{
    return std::visit(ExitHandler{of}, exit);
}

Next finish_exit(const WhenStill& left, const Exited& of) noexcept
{
    return take(left.access, of, Others::still);
}

void tell_unmapped(UnmappedAccess access, const Exited& of) noexcept
{
    if (!of.notices.wants_unmapped())
        return;
    access.pc = of.vcpu.program_counter();
    of.notices.unmapped(access);
}

} // namespace aliasvm::machine
