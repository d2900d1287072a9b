// SPDX-License-Identifier: Apache-2.0
// Kernels in gzip files: what is in them, and the ones that are not what they say.
#include "common/facts/kernel_file.hpp"

#include "tests/unit/plan/gzip.hpp"
#include "tests/unit/plan/image_builder.hpp"

#include <string>

#include <gtest/gtest.h>

namespace aliasvm::facts
{
namespace
{

using plan::Bytes;

constexpr std::uint64_t mib = 1 << 20;

KernelFile look_at(const Bytes& file, std::uint64_t most = 16 * mib)
{
    return look_at_kernel(file, "k", most);
}

std::string fault_of(const KernelFile& kernel)
{
    if (const auto* foreign = std::get_if<plan::ForeignImage>(&kernel.facts))
        return foreign->fault.what;
    const auto* fault = std::get_if<plan::ImageFault>(&kernel.facts);
    return fault == nullptr ? "" : fault->what;
}

TEST(AKernelFile, ThatIsNotPackedIsWhatItIs)
{
    const KernelFile kernel = look_at(plan::make_elf());
    EXPECT_TRUE(std::holds_alternative<plan::ElfImage>(kernel.facts));
    EXPECT_EQ(kernel.unpacked_size, std::nullopt);
}

TEST(AKernelFile, PackedByGzipIsWhatIsInIt)
{
    const Bytes image = plan::make_linux_image({0x8'0000, 4 * mib, 0xa, 3 * mib});
    const KernelFile kernel = look_at(tests::gzip(image));
    const auto* linux_image = std::get_if<plan::LinuxImage>(&kernel.facts);
    ASSERT_NE(linux_image, nullptr) << fault_of(kernel);
    EXPECT_EQ(linux_image->file_size, 3 * mib);
    EXPECT_EQ(linux_image->memory_size, 4 * mib);
    EXPECT_EQ(linux_image->text_offset, 0x8'0000U);
    EXPECT_EQ(kernel.unpacked_size, 3 * mib);

    const KernelFile elf = look_at(tests::gzip(plan::make_elf()));
    EXPECT_TRUE(std::holds_alternative<plan::ElfImage>(elf.facts));
    EXPECT_EQ(elf.unpacked_size, plan::make_elf().size());
    const KernelFile raw = look_at(tests::gzip(Bytes(100)));
    EXPECT_EQ(std::get<plan::RawImage>(raw.facts).file_size, 100U);
    const KernelFile small = look_at(tests::gzip(plan::make_linux_image({0, 64, 0xa, 64})));
    EXPECT_TRUE(std::holds_alternative<plan::LinuxImage>(small.facts));
}

TEST(AKernelFile, PackedInAnUnusualWayIsUnpackedForItsSize)
{
    const Bytes image = plan::make_linux_image({0, 4 * mib, 0xa, 3 * mib});
    const auto half = image.begin() + mib;
    Bytes packed = tests::gzip(Bytes{image.begin(), half});
    const Bytes second = tests::gzip(Bytes{half, image.end()});
    packed.insert(packed.end(), second.begin(), second.end());
    packed.resize(packed.size() + 4);
    const KernelFile kernel = look_at(packed);
    ASSERT_TRUE(std::holds_alternative<plan::LinuxImage>(kernel.facts)) << fault_of(kernel);
    EXPECT_EQ(std::get<plan::LinuxImage>(kernel.facts).file_size, 3 * mib);
    EXPECT_EQ(kernel.unpacked_size, 3 * mib);

    // An Image of before Linux 3.17 does not say how large it is.
    const KernelFile old = look_at(tests::gzip(plan::make_linux_image({0, 0, 0, mib})));
    EXPECT_EQ(std::get<plan::LinuxImage>(old.facts).memory_size, mib);
    EXPECT_EQ(old.unpacked_size, mib);
}

TEST(AKernelFile, ThatUnpacksToMoreThanMayBeIsRefused)
{
    const Bytes packed = tests::gzip(Bytes(4 * mib));
    EXPECT_EQ(fault_of(look_at(packed, 4 * mib - 1)),
              "is a gzip file that unpacks to more than 4194303");
    EXPECT_EQ(fault_of(look_at(packed, 2 * mib)), "is a gzip file that unpacks to more than 2M");
    EXPECT_EQ(fault_of(look_at(packed, 4 * mib)), "");
    // Also one that says that it is small.
    Bytes lying = packed;
    plan::put(lying, lying.size() - 4, std::uint32_t{16});
    EXPECT_EQ(fault_of(look_at(lying, 2 * mib)), "is a gzip file that unpacks to more than 2M");
}

TEST(AKernelFile, ThatIsADamagedGzipFileIsRefused)
{
    Bytes packed = tests::gzip(plan::make_elf());
    Bytes damaged = packed;
    damaged[damaged.size() - 6] ^= std::byte{1};
    EXPECT_EQ(fault_of(look_at(damaged)), "is a damaged gzip file");
    packed.resize(packed.size() - 9);
    EXPECT_EQ(fault_of(look_at(packed)), "is a truncated gzip file");
    packed.resize(4);
    EXPECT_EQ(fault_of(look_at(packed)), "is a truncated gzip file");
}

TEST(AKernelFile, WithSomethingElseInItIsToldSo)
{
    EXPECT_EQ(fault_of(look_at(tests::gzip(tests::gzip(plan::make_elf())))),
              "is compressed by gzip within gzip");
    EXPECT_EQ(fault_of(look_at(tests::gzip(plan::bytes_of("a text\n")))), "is a text");
    EXPECT_EQ(fault_of(look_at(tests::gzip({}))), "is empty");
    EXPECT_EQ(fault_of(look_at(tests::gzip(plan::make_linux_image({0, mib, 1})))),
              "is a big-endian kernel");
}

} // namespace
} // namespace aliasvm::facts
