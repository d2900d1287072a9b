// SPDX-License-Identifier: Apache-2.0
// HostFacts: all that a plan depends on beside the configuration and the catalogue.
#pragma once

#include "common/base/address.hpp"
#include "common/base/spi.hpp"
#include "common/plan/image.hpp"
#include "common/plan/mac_address.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aliasvm::plan
{

/// Of the Cortex-A53: what a check assumes that does not ask /dev/kvm.
inline constexpr unsigned a53_ipa_bits = 40;

/// How each interrupt of a device signals, by its index for VFIO; nothing where the host's device
/// tree does not say it in a way that is understood.
using Triggers = std::vector<std::optional<Trigger>>;

/// What a plan depends on whatever the configuration is. It stays as it is while the host runs.
struct HostTraits
{
    std::map<std::string, Triggers, std::less<>> triggers; ///< by sysname, of those that are there
    std::optional<HostId> id;                              ///< of a host that has a machine-id
};

/// For /chosen/rng-seed.
using RandomSeed = std::array<std::byte, 32>;

/// What KVM gives to guests of the host's CPUs.
struct CpuFacts
{
    unsigned ipa_bits{a53_ipa_bits}; ///< kvm::System::ipa_bits()
    bool pmu{true};                  ///< kvm::System::offers_pmu()
};

/// Found out by the caller, who may open files; planning does not.
struct HostFacts
{
    HostTraits traits;                                ///< facts::host_traits()
    CpuFacts cpu;
    std::uint64_t host_page_size{aliasvm::page_size}; ///< sysconf(_SC_PAGESIZE)
    KernelFacts kernel{MissingFile{}};                ///< looked at if Config::kernel is there
    /// Of a kernel that is a gzip file, and what `kernel` then is about.
    std::optional<std::uint64_t> unpacked_size;
    FileFacts initrd{MissingFile{}}; ///< looked at if Config::initrd is there
    DtbFacts dtb{MissingFile{}};     ///< looked at if Config::dtb is there

    /// Guest-physical ranges that the IOMMU refuses to map, as VFIO's IOVA ranges leave them out:
    /// on a ZynqMP with its SMMU, 1 MiB at 0x08000000 for MSIs. Empty without an IOMMU. Filled by
    /// facts::dma_holes().
    std::vector<GuestRange> dma_holes;

    /// Where the host's hugepages for this VM lie, guest-physical = host-physical, in the order of
    /// the file that they are; in any order of addresses. The daemon says it when a VM with
    /// Dma::identity starts. Empty: not known, and a plan takes an example.
    std::vector<GuestRange> identity_banks;

    /// True rates of the host's clocks; the catalogue's are good where there is none.
    ClockRates clock_rates;

    /// Of a start, and of that one alone: whoever plans for a look has none.
    std::optional<RandomSeed> random_seed;
};

} // namespace aliasvm::plan
