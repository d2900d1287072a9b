// SPDX-License-Identifier: Apache-2.0
// The contract over a Cadence UART that is bound to vfio-platform.
#include "tests/contract/vfio_contract.hpp"

#include "common/vfio/open.hpp"
#include "common/vfio/sysfs.hpp"

namespace aliasvm::contract
{

namespace
{

constexpr const char* uart = "ff010000.serial";

// UG1087, UART: the transmitter's FIFO is empty whenever nobody sends, so that interrupt is the one
// that can be wanted at will.
constexpr std::size_t ier = 0x08;
constexpr std::size_t idr = 0x0c;
constexpr std::uint32_t every_interrupt = 0x3fff;
constexpr std::uint32_t transmitter_empty = 1U << 3;

std::optional<Subject> open_real()
{
    const auto found = vfio::Sysfs{}.device(uart);
    if (!found || found->driver != vfio::vfio_driver)
        return std::nullopt;
    std::shared_ptr<vfio::Host> host = vfio::open_host();
    auto device = host->open(uart, Dma::none);
    const auto registers = std::make_shared<Mapping>(device->map(vfio::RegionIndex{0}));
    const auto write = [registers](std::size_t at, std::uint32_t value)
    { *reinterpret_cast<volatile std::uint32_t*>(registers->data() + at) = value; };
    write(idr, every_interrupt);
    return Subject{"vfio_platform", std::move(host), std::move(device),
                   [write](bool wanted) { write(wanted ? ier : idr, transmitter_empty); }};
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Real, VfioContract,
                         testing::Values(VfioImplementation{"vfio_platform", open_real}),
                         [](const auto& suite) { return suite.param.name; });

} // namespace aliasvm::contract
