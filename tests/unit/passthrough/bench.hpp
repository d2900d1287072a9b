// SPDX-License-Identifier: Apache-2.0
// Bench: a fake VM with a ready vGIC and a fake UART, and the kernel between them.
#pragma once

#include "tests/fakes/fake_kvm.hpp"
#include "tests/fakes/fake_vfio.hpp"

#include <memory>
#include <string>
#include <vector>

namespace aliasvm::devices
{

inline const Spi guest_line = *Spi::from_dt_cell(21);

class Bench
{
public:
    explicit Bench(bool level)
        : model{host.add("ff010000.serial", {{page_size, true}}, {{.automasked = level}})}
    {
        vm = system.create_vm();
        vgic = vm->create_vgic({GuestAddr{0xf901'0000}, GuestAddr{0xf902'0000}});
        vcpu = vm->create_vcpu(kvm::VcpuIndex{0});
        vgic->init();
        vgic->preset_trigger(guest_line, level ? Trigger::level : Trigger::edge);
        device = host.open("ff010000.serial", Dma::none);
        system.vm().on_call = [this](std::string call) { calls.push_back(std::move(call)); };
        model.on_call = [this](std::string call) { calls.push_back(std::move(call)); };
    }

    /// What was called since the last time.
    std::vector<std::string> taken() { return std::exchange(calls, {}); }

    /// The guest's handler: serves the device, then says EOI. False if no interrupt was there.
    bool serve()
    {
        if (!system.vm().pending(guest_line))
            return false;
        model.lower(0);
        return eoi();
    }
    bool eoi()
    {
        const bool was_pending = system.vm().acknowledge(guest_line);
        model.settle();
        return was_pending;
    }

    std::vector<std::string> calls; ///< first: a device that closes says so
    fakes::FakeSystem system;
    fakes::FakeHost host;
    fakes::DeviceModel& model;
    std::unique_ptr<kvm::Vm> vm;
    std::unique_ptr<kvm::Vgic> vgic;
    std::unique_ptr<kvm::Vcpu> vcpu;
    std::unique_ptr<vfio::PlatformDevice> device;
};

} // namespace aliasvm::devices
