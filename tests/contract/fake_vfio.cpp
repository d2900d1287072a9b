// SPDX-License-Identifier: Apache-2.0
// The contract over the fake.
#include "tests/contract/vfio_contract.hpp"

#include "tests/fakes/fake_vfio.hpp"

namespace aliasvm::contract
{

namespace
{

std::optional<Subject> open_fake()
{
    auto host = std::make_shared<fakes::FakeHost>();
    fakes::DeviceModel& model = host->add("ff010000.serial");
    auto device = host->open("ff010000.serial", Dma::none);
    return Subject{"fake", host, std::move(device),
                   [&model](bool wanted) { wanted ? model.raise(0) : model.lower(0); }};
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Fake, VfioContract, testing::Values(VfioImplementation{"fake", open_fake}),
                         [](const auto& suite) { return suite.param.name; });

} // namespace aliasvm::contract
