// SPDX-License-Identifier: Apache-2.0
// SpaceBench: what is around a vCPU: a little RAM at 0, a bus, a distributor, notices.
#pragma once

#include "tests/fakes/fake_kvm.hpp"
#include "vmm/machine/exit.hpp"

#include <cstdint>
#include <cstring>
#include <memory>

namespace aliasvm::tests
{

struct SpaceBench
{
    static constexpr kvm::VgicLayout gic{{0xf901'0000}, {0xf902'0000}};
    static constexpr std::uint64_t ram_size = 0x4'0000;

    fakes::FakeSystem system;
    std::unique_ptr<kvm::Vm> vm = system.create_vm();
    std::unique_ptr<kvm::Vgic> vgic = vm->create_vgic(gic);
    machine::GuestMemory memory{*vm, {0}, {{{{0}, ram_size}, false, {}}}, UniqueFd{}};
    machine::MmioBus bus;
    machine::GuestSpace space{
        memory, bus, *vgic, {gic.distributor, kvm::VgicLayout::distributor_size}};
    machine::Notices notices;

    void poke(std::uint64_t at, const auto& value) const
    {
        std::memcpy(memory.find({{at}, sizeof value}), &value, sizeof value);
    }
    template <class T>
    [[nodiscard]] T peek(std::uint64_t at) const
    {
        T value{};
        std::memcpy(&value, memory.find({{at}, sizeof value}), sizeof value);
        return value;
    }
};

} // namespace aliasvm::tests
