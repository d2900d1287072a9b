// SPDX-License-Identifier: Apache-2.0
// What is asked of /dev/kvm before anything is built on it.
#include "common/kvm/linux_system.hpp"

#include "common/base/error.hpp"
#include "tests/fakes/scripted_ioctl.hpp"

#include <fcntl.h>
#include <linux/kvm.h>

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::kvm
{
namespace
{

using testing::HasSubstr;

UniqueFd any_fd()
{
    return UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)};
}

class AHostWithKvm : public testing::Test
{
protected:
    AHostWithKvm()
    {
        kernel.answer(KVM_GET_API_VERSION, KVM_API_VERSION);
        kernel.answer(KVM_GET_VCPU_MMAP_SIZE, 0x3000);
        kernel.on(KVM_CHECK_EXTENSION, [this](int, void* argument)
                  { return extension(reinterpret_cast<unsigned long>(argument)); });
        kernel.on(KVM_CREATE_VM,
                  [this](int, void* argument)
                  {
                      vm_type = reinterpret_cast<unsigned long>(argument);
                      return any_fd().release();
                  });
        kernel.record(KVM_ENABLE_CAP, enabled);
    }

    int extension(unsigned long number) const
    {
        if (number == KVM_CAP_ARM_VM_IPA_SIZE)
            return ipa_bits;
        return missing.contains(number) ? 0 : 1;
    }

    std::string refusal() const
    {
        try
        {
            LinuxSystem system{any_fd()};
        }
        catch (const Error& error)
        {
            return error.what();
        }
        return "";
    }

    fakes::ScriptedIoctl kernel;
    std::set<unsigned long> missing;
    int ipa_bits = 44;
    unsigned long vm_type = 99;
    std::vector<kvm_enable_cap> enabled;
};

TEST_F(AHostWithKvm, IsAcceptedWhenItHasAllThatIsNeeded)
{
    EXPECT_EQ(refusal(), "");
}

TEST_F(AHostWithKvm, IsRefusedByTheNameOfWhatItLacks)
{
    missing = {KVM_CAP_IRQFD_RESAMPLE};
    EXPECT_THAT(refusal(), HasSubstr("lacks KVM_CAP_IRQFD_RESAMPLE (build the kernel with"));
}

TEST_F(AHostWithKvm, IsRefusedWhenItSpeaksAnotherVersion)
{
    kernel.answer(KVM_GET_API_VERSION, 11);
    EXPECT_THAT(refusal(), HasSubstr("version 11"));
}

TEST_F(AHostWithKvm, GivesVmsOf40BitsWhereItCanDoMore)
{
    LinuxSystem system{any_fd()};
    EXPECT_EQ(system.ipa_bits(), 40U);
    const auto vm = system.create_vm();
    EXPECT_EQ(vm_type, 0UL);
}

TEST_F(AHostWithKvm, GivesVmsOfWhatItCanDoWhereThatIsLess)
{
    ipa_bits = 36;
    LinuxSystem system{any_fd()};
    EXPECT_EQ(system.ipa_bits(), 36U);
    const auto vm = system.create_vm();
    EXPECT_EQ(vm_type, 36UL);
}

TEST_F(AHostWithKvm, OffersAPmuWhereItDrivesItsOwn)
{
    LinuxSystem system{any_fd()};
    EXPECT_TRUE(system.offers_pmu());
    missing = {KVM_CAP_ARM_PMU_V3};
    EXPECT_FALSE(system.offers_pmu());
}

TEST_F(AHostWithKvm, IsAskedToHandOverAccessesThatTheCpuDoesNotDescribe)
{
    LinuxSystem system{any_fd()};
    const auto vm = system.create_vm();
    ASSERT_EQ(enabled.size(), 1U);
    EXPECT_EQ(enabled[0].cap, static_cast<unsigned>(KVM_CAP_ARM_NISV_TO_USER));
}

TEST_F(AHostWithKvm, MayBeTooOldToHandThemOver)
{
    missing = {KVM_CAP_ARM_NISV_TO_USER};
    LinuxSystem system{any_fd()};
    const auto vm = system.create_vm();
    EXPECT_TRUE(enabled.empty());
}

} // namespace
} // namespace aliasvm::kvm
