// SPDX-License-Identifier: Apache-2.0
// What every implementation of the KVM port must do; the fake is worth as much as it passes this.
#pragma once

#include "common/base/error.hpp"
#include "common/base/mapping.hpp"
#include "common/kvm/port.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace aliasvm::contract
{

inline constexpr kvm::VgicLayout zynqmp_gic{GuestAddr{0xf901'0000}, GuestAddr{0xf902'0000}};
inline const Spi line = *Spi::from_dt_cell(21);

/// One implementation. `name` is part of the test's name.
struct Implementation
{
    std::string name;
    std::unique_ptr<kvm::System> (*open)();
};

/// A VM with 64 KiB of RAM at guest 0, put together step by step.
class Machine
{
public:
    static constexpr std::uint64_t ram_size = 16 * page_size;

    explicit Machine(kvm::System& system) : vm{system.create_vm()} {}

    kvm::Vcpu& add_vcpu(std::uint32_t index)
    {
        vcpus.push_back(vm->create_vcpu(kvm::VcpuIndex{index}));
        return *vcpus.back();
    }
    kvm::Vgic& add_vgic()
    {
        vgic = vm->create_vgic(zynqmp_gic);
        return *vgic;
    }
    /// The vGIC and what each vCPU has at it, before any of them runs.
    void initialise()
    {
        vgic->init();
        for (const auto& vcpu : vcpus)
            vcpu->connect_pmu();
    }
    /// vGIC, one vCPU and RAM with a program at `at`, where the vCPU starts with `x0`.
    kvm::Vcpu& complete(std::span<const std::uint32_t> program, std::uint64_t at = 0,
                        std::uint64_t x0 = 0)
    {
        add_vgic();
        add_vcpu(0);
        initialise();
        vm->set_slot(kvm::SlotId{0}, {GuestAddr{0}, ram.size()}, ram.data());
        load(program, at);
        vcpus[0]->set_entry(GuestAddr{at}, x0);
        return *vcpus[0];
    }
    void load(std::span<const std::uint32_t> program, std::uint64_t at)
    {
        std::memcpy(ram.data() + at, program.data(), program.size_bytes());
    }

    Mapping ram = Mapping::anonymous(ram_size, page_size, "guest RAM"); ///< outlives the VM
    std::unique_ptr<kvm::Vm> vm;
    std::unique_ptr<kvm::Vgic> vgic;
    std::vector<std::unique_ptr<kvm::Vcpu>> vcpus;
};

/// Kicks a vCPU when time is up, so that a test that fails does not hang.
class Watchdog
{
public:
    Watchdog(kvm::Vcpu& vcpu, std::chrono::milliseconds patience)
        : thread_{[this, &vcpu, patience]
                  {
                      std::unique_lock lock{mutex_};
                      if (!over_.wait_for(lock, patience, [this] { return done_; }))
                          vcpu.kick();
                  }}
    {
    }
    ~Watchdog()
    {
        {
            const std::lock_guard lock{mutex_};
            done_ = true;
        }
        over_.notify_all();
        thread_.join();
    }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

private:
    std::mutex mutex_;
    std::condition_variable over_;
    bool done_{};
    std::thread thread_; ///< last: runs only once the rest is there
};

/// The errno of the Error that `act` throws, or 0.
template <class Act>
int error_of(Act&& act)
{
    try
    {
        act();
    }
    catch (const Error& error)
    {
        return error.code().value();
    }
    return 0;
}

class KvmContract : public testing::TestWithParam<Implementation>
{
protected:
    std::unique_ptr<kvm::System> system = GetParam().open();
};

} // namespace aliasvm::contract
