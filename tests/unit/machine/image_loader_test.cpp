// SPDX-License-Identifier: Apache-2.0
// Packed kernels in guest memory.
#include "vmm/machine/image_loader.hpp"

#include "tests/fakes/fake_kvm.hpp"
#include "tests/unit/machine/machine_bench.hpp"
#include "tests/unit/machine/temporary_file.hpp"
#include "tests/unit/plan/gzip.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace
{

using namespace aliasvm;
using machine::BadImage;
using tests::mebibyte;
using tests::TemporaryFile;

std::vector<std::byte> noise(std::size_t size)
{
    std::mt19937 random{1};
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(random() % 5 + 1);
    return bytes;
}

std::string text_of(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class APackedKernel : public testing::Test
{
protected:
    void load(const std::vector<std::byte>& file, std::uint64_t unpacked_size,
              std::vector<plan::Segment> segments)
    {
        const TemporaryFile packed{text_of(file)};
        plan::VmPlan plan{.name = *VmName::from("vm")};
        plan.kernel = {packed.path(), plan::ImageKind::elf, std::move(segments), {}, unpacked_size};
        plan.dtb.memory = {{3 * mebibyte}, 0x1000};
        machine::load_images(memory, plan, {});
    }
    std::string failure(const std::vector<std::byte>& file, std::uint64_t unpacked_size)
    {
        try
        {
            load(file, unpacked_size, {{{{0}, unpacked_size}, 0, unpacked_size}});
        }
        catch (const BadImage& error)
        {
            const std::string what = error.what();
            return what.substr(0, 7) + what.substr(what.find(' ', 7));
        }
        return "";
    }
    std::string at(std::uint64_t address, std::uint64_t size)
    {
        return text_of(memory.at({{address}, size}));
    }

    fakes::FakeSystem system;
    std::unique_ptr<kvm::Vm> vm = system.create_vm();
    UniqueFd none;
    machine::GuestMemory memory{*vm, {3}, {{{{0}, 4 * mebibyte}, true, {}}}, none};
};

TEST_F(APackedKernel, ComesToItsSegmentsWhereverTheyLieInTheFile)
{
    const auto bytes = noise(600'000);
    const std::string text = text_of(bytes);
    // Across pieces, not in the file's order, one part twice, and with what is zero behind it.
    load(tests::gzip(bytes), bytes.size(),
         {{{{mebibyte}, 300'100}, 200'000, 300'000},
          {{{0x1003}, 70'000}, 60'001, 70'000},
          {{{2 * mebibyte}, 10}, 200'005, 10},
          {{{0x100}, 1}, 599'999, 1},
          {{{0x200}, 0x100}, 0, 0}});
    EXPECT_EQ(at(mebibyte, 300'000), text.substr(200'000, 300'000));
    EXPECT_EQ(at(mebibyte + 300'000, 100), std::string(100, '\0'));
    EXPECT_EQ(at(0x1003, 70'000), text.substr(60'001, 70'000));
    EXPECT_EQ(at(2 * mebibyte, 11), text.substr(200'005, 10) + std::string(1, '\0'));
    EXPECT_EQ(at(0x100, 2), text.substr(599'999) + std::string(1, '\0'));
    EXPECT_EQ(at(0x200, 0x100), std::string(0x100, '\0'));
}

TEST_F(APackedKernel, ThatIsNotWhatItSaysIsRefused)
{
    const auto bytes = noise(200'000);
    auto packed = tests::gzip(bytes);
    EXPECT_EQ(failure(packed, bytes.size()), "");
    EXPECT_EQ(failure(packed, bytes.size() - 1),
              "unpack  to more than the 199999 bytes that it says: File too large");
    EXPECT_EQ(failure(packed, bytes.size() + 1),
              "unpack  to the 200001 bytes that it says: it has 200000: No data available");
    packed[packed.size() - 6] ^= std::byte{1};
    EXPECT_EQ(failure(packed, bytes.size()),
              "unpack  which is damaged (incorrect data check): Bad message");
    packed.resize(1000);
    EXPECT_EQ(failure(packed, bytes.size()), "unpack  which is truncated: No data available");
}

TEST_F(APackedKernel, ThatUnpacksToMuchMoreTouchesNothingElse)
{
    const auto bomb = tests::gzip(std::vector<std::byte>(64 * mebibyte, std::byte{0xff}));
    EXPECT_EQ(failure(bomb, 100'000),
              "unpack  to more than the 100000 bytes that it says: File too large");
    EXPECT_EQ(at(100'000, 100'000), std::string(100'000, '\0'));
}

} // namespace
