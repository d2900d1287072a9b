// SPDX-License-Identifier: Apache-2.0
// GuestMemory: RAM, its slot, and files in it.
#include "vmm/machine/guest_memory.hpp"

#include "common/base/error.hpp"
#include "tests/fakes/fake_kvm.hpp"
#include "tests/unit/machine/machine_bench.hpp"
#include "tests/unit/machine/temporary_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace
{

using namespace aliasvm;
using machine::GuestMemory;
using tests::mebibyte;
using tests::TemporaryFile;

class SomeGuestMemory : public testing::Test
{
protected:
    std::string text(std::uint64_t at, std::uint64_t size)
    {
        const auto bytes = memory.at({{at}, size});
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    fakes::FakeSystem system;
    std::unique_ptr<kvm::Vm> vm = system.create_vm();
    UniqueFd none;
    GuestMemory memory{*vm, {3}, {{{{0}, 4 * mebibyte}, true, {}}}, none};
};

TEST_F(SomeGuestMemory, IsASlotOfTheVmAlignedForBlockMappings)
{
    const auto slots = system.vm().slots();
    ASSERT_EQ(slots.size(), 1U);
    EXPECT_EQ(slots.at(3).guest, (GuestRange{{0}, 4 * mebibyte}));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(slots.at(3).host) % (2 * mebibyte), 0U);
}

TEST_F(SomeGuestMemory, TakesItsSlotAwayBeforeTheMemoryGoes)
{
    {
        const GuestMemory second{
            *vm,
            {4},
            {{{{0x1000'0000}, mebibyte}, true, {}}, {{{0x2000'0000}, mebibyte}, true, {}}},
            none};
        EXPECT_EQ(system.vm().slots().size(), 3U);
    }
    EXPECT_EQ(system.vm().slots().size(), 1U);
    EXPECT_EQ(system.vm().dangling_slots(), 0U);
}

TEST_F(SomeGuestMemory, IsNotTouchedUntilSomebodyDoes)
{
    std::vector<unsigned char> resident(4 * mebibyte / page_size);
    ASSERT_EQ(::mincore(memory.banks().front().data(), 4 * mebibyte, resident.data()), 0);
    EXPECT_EQ(std::ranges::count_if(resident, [](unsigned char page) { return (page & 1U) != 0; }),
              0);
}

TEST_F(SomeGuestMemory, HasASmallFileWhereItWasLoaded)
{
    const TemporaryFile file{"0123456789"};
    memory.load({0x100}, file.fd(), 2, 5, file.path());
    EXPECT_EQ(text(0x100, 6), std::string("23456\0", 6));
}

TEST_F(SomeGuestMemory, HasALargeFileWithoutWhatFollowsInItsLastPage)
{
    std::string contents(mebibyte + 100, 'a');
    contents += std::string(5000, 'b'); // beyond the segment, but in its last page
    const TemporaryFile file{contents};
    memory.load({mebibyte}, file.fd(), 0, mebibyte + 100, file.path());
    EXPECT_EQ(text(mebibyte, mebibyte + 100), std::string(mebibyte + 100, 'a'));
    EXPECT_EQ(text(2 * mebibyte + 100, 200), std::string(200, '\0'));
}

TEST_F(SomeGuestMemory, KeepsAGuestsWritesFromTheFile)
{
    const TemporaryFile file{std::string(mebibyte, 'a')};
    memory.load({mebibyte}, file.fd(), 0, mebibyte, file.path());
    memory.banks().front().data()[mebibyte] = std::byte{'X'};
    char first = 0;
    ASSERT_EQ(::pread(file.fd(), &first, 1, 0), 1);
    EXPECT_EQ(first, 'a');
}

TEST_F(SomeGuestMemory, RefusesWhatIsOutsideIt)
{
    const TemporaryFile file{std::string(100, 'a')};
    EXPECT_THROW(memory.load({4 * mebibyte - 50}, file.fd(), 0, 100, "x"), Error);
    EXPECT_THROW(memory.load({~std::uint64_t{0}}, file.fd(), 0, 100, "x"), Error);
    EXPECT_THROW(static_cast<void>(memory.at({{4 * mebibyte}, 1})), Error);
}

// ---- several banks ------------------------------------------------------------------------------

TEST(GuestMemoryInBanks, IsFoundByItsAddressAndNeverAcrossAGap)
{
    fakes::FakeSystem system;
    const auto vm = system.create_vm();
    const UniqueFd none;
    GuestMemory memory{*vm,
                       {7},
                       {{{{0}, mebibyte}, true, {}},
                        {{{mebibyte}, mebibyte}, true, {}},
                        {{{0x8'0000'0000}, mebibyte}, true, {}}},
                       none};
    EXPECT_EQ(system.vm().slots().at(9).guest, (GuestRange{{0x8'0000'0000}, mebibyte}));
    const TemporaryFile file{std::string(100, 'a')};
    memory.load({0x8'0000'0100}, file.fd(), 0, 100, file.path());
    EXPECT_EQ(system.vm().slots().at(9).host[0x100], std::byte{'a'});
    EXPECT_EQ(memory.at({{0x8'0000'0100}, 100}).data(), system.vm().slots().at(9).host + 0x100);
    EXPECT_THROW(memory.load({mebibyte - 50}, file.fd(), 0, 100, file.path()), Error)
        << "they are neighbours to the guest only";
    EXPECT_THROW(static_cast<void>(memory.at({{0x8'0000'0000 + mebibyte - 1}, 2})), Error);
    EXPECT_THROW(static_cast<void>(memory.at({{2 * mebibyte}, 1})), Error);
}

TEST(GuestMemoryInBanks, CopiesALargeFileIntoHugepages)
{
    fakes::FakeSystem system;
    const auto vm = system.create_vm();
    const UniqueFd hugepages{::memfd_create("hugepages", MFD_CLOEXEC)};
    ASSERT_EQ(::ftruncate(hugepages.get(), 4 * mebibyte), 0);
    GuestMemory memory{*vm, {0}, {{{{0x1000'0000}, 2 * mebibyte}, true, 2 * mebibyte}}, hugepages};
    const TemporaryFile file{std::string(mebibyte, 'a')};
    memory.load({0x1000'0000}, file.fd(), 0, mebibyte, file.path());
    char last = 0;
    ASSERT_EQ(::pread(hugepages.get(), &last, 1, 3 * mebibyte - 1), 1);
    EXPECT_EQ(last, 'a') << "a device that reads the file's pages finds it";
}

TEST_F(SomeGuestMemory, RefusesAFileThatIsShorterThanTheSegment)
{
    const TemporaryFile file{std::string(mebibyte, 'a')};
    EXPECT_THROW(memory.load({0}, file.fd(), 0, mebibyte + 1, file.path()), Error);
    EXPECT_THROW(memory.load({0}, file.fd(), ~std::uint64_t{0}, 2, file.path()), Error);
    EXPECT_EQ(text(0, 4), std::string(4, '\0')) << "nothing of it is there";
}

} // namespace
