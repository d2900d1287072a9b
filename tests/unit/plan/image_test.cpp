// SPDX-License-Identifier: Apache-2.0
// Image files, good, bad and hostile.
#include "common/fdt/writer.hpp"
#include "common/plan/image.hpp"
#include "image_builder.hpp"

#include <algorithm>
#include <functional>
#include <random>

#include <gtest/gtest.h>

namespace aliasvm::plan
{

namespace
{

template <class Facts>
std::string fault_of(const Facts& facts)
{
    const auto* fault = std::get_if<ImageFault>(&facts);
    return fault == nullptr ? "" : fault->what;
}

std::string elf_fault(const std::function<void(Elf64_Ehdr&)>& change)
{
    Bytes file = make_elf();
    Elf64_Ehdr header;
    std::memcpy(&header, file.data(), sizeof header);
    change(header);
    put(file, 0, header);
    return fault_of(analyse_kernel(file));
}

TEST(AnElfFile, GivesItsSegmentsAndItsPhysicalEntry)
{
    const auto facts = analyse_kernel(make_elf(
        {{0x8'0000, 0x2000, 0x1000, 0xffff'8000'0008'0000}, {0x10'0000, 0x100, 0, 0x10'0000}}));
    const auto* elf = std::get_if<ElfImage>(&facts);
    ASSERT_NE(elf, nullptr) << fault_of(facts);
    ASSERT_EQ(elf->segments.size(), 2U);
    EXPECT_EQ(elf->segments[0].memory, (GuestRange{GuestAddr{0x8'0000}, 0x2000}));
    EXPECT_EQ(elf->segments[0].file_size, 0x1000U);
    EXPECT_EQ(elf->segments[1].file_size, 0U);
    EXPECT_EQ(elf->entry, GuestAddr{0x8'0000});
}

TEST(AnElfFile, IsRefusedInWordsOfItsOwnForEachReason)
{
    EXPECT_EQ(
        elf_fault([](Elf64_Ehdr& h) { h.e_machine = EM_ARM; }),
        "is an ELF file for machine 40 (32-bit ARM, such as the Cortex-R5), not 183 (AArch64)");
    EXPECT_EQ(elf_fault([](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; }),
              "is no 64-bit ELF file");
    EXPECT_EQ(elf_fault([](Elf64_Ehdr& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; }),
              "is a big-endian ELF file");
    EXPECT_EQ(elf_fault([](Elf64_Ehdr& h) { h.e_type = ET_DYN; }),
              "is a position-independent ELF file, which needs a dynamic loader");
    EXPECT_EQ(elf_fault([](Elf64_Ehdr& h) { h.e_type = ET_REL; }),
              "is an ELF object file, not an executable");
    EXPECT_EQ(elf_fault([](Elf64_Ehdr& h) { h.e_phoff = ~std::uint64_t{0} - 8; }),
              "is truncated: its program headers are not in the file");
    EXPECT_EQ(elf_fault([](Elf64_Ehdr& h) { h.e_phentsize = 8; }),
              "is damaged: its program headers have 8 bytes each");
    EXPECT_EQ(elf_fault([](Elf64_Ehdr& h) { h.e_phnum = 0; }), "has no segment to load");
    EXPECT_EQ(elf_fault([](Elf64_Ehdr& h) { h.e_entry = 0x1000; }),
              "has its entry point 0x1000 at no instruction of a segment");
    EXPECT_EQ(elf_fault([](Elf64_Ehdr& h) { h.e_entry = 2; }),
              "has its entry point 0x2 at no instruction of a segment");
}

TEST(AnElfFile, MayNotHaveSegmentsThatWrapAroundOrOverlap)
{
    EXPECT_EQ(fault_of(analyse_kernel(make_elf({{~std::uint64_t{0} - 0xff, 0x1000, 0x40, 0}}))),
              "is damaged: segment 0 runs past the end of the address space");
    EXPECT_EQ(fault_of(analyse_kernel(make_elf({{0, 0x20, 0x40}}))),
              "is damaged: segment 0 has more bytes in the file than in memory");
    EXPECT_EQ(fault_of(analyse_kernel(make_elf({{0, 0x1000}, {0xfff, 0x1000}}))),
              "has two segments at 0x00000fff");
}

TEST(AnElfFile, TruncatedAnywhereIsNotTakenForWhole)
{
    const Bytes whole = make_elf({{0, 0x100, 0x40}, {0x1000, 0x100, 0x40}});
    for (std::size_t size = 0; size < whole.size(); ++size)
    {
        // A copy of its own, so that the sanitizer sees the first byte beyond.
        const Bytes part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        const auto facts = analyse_kernel(part);
        if (size < 4)
            continue; // not even the magic number
        EXPECT_TRUE(std::holds_alternative<ImageFault>(facts)) << size;
    }
}

TEST(AnElfFile, WithAnyBytesChangedIsReadWithinItsBounds)
{
    std::mt19937 random{1};
    const Bytes whole = make_elf({{0, 0x100, 0x40}, {0x1000, 0x100, 0x40}});
    const auto headers = static_cast<std::size_t>(sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr));
    for (int round = 0; round < 20'000; ++round)
    {
        Bytes file = whole;
        for (auto changes = random() % 4 + 1; changes > 0; --changes)
            file[4 + random() % (headers - 4)] =
                static_cast<std::byte>(random() % 3 == 0 ? 0xff : random());
        const auto facts = analyse_kernel(file);
        if (const auto* elf = std::get_if<ElfImage>(&facts))
        {
            for (const Segment& segment : elf->segments)
            {
                ASSERT_LE(segment.file_offset + segment.file_size, file.size());
                ASSERT_LE(segment.file_size, segment.memory.size);
                ASSERT_TRUE(segment.memory.valid());
            }
            ASSERT_TRUE(std::ranges::any_of(elf->segments, [elf](const Segment& s)
                                            { return s.memory.contains(elf->entry); }));
        }
    }
}

TEST(ALinuxImage, TellsWhereItGoesAndWhatItNeeds)
{
    const auto facts = analyse_kernel(make_linux_image({0x8'0000, 0x12'3000, 0xa, 0x1000}));
    const auto* image = std::get_if<LinuxImage>(&facts);
    ASSERT_NE(image, nullptr) << fault_of(facts);
    EXPECT_EQ(image->text_offset, 0x8'0000U);
    EXPECT_EQ(image->memory_size, 0x12'3000U);
    EXPECT_EQ(image->file_size, 0x1000U);
}

TEST(ALinuxImage, WithoutASizeIsAnOldOneAndGoesToTheOldOffset)
{
    const auto facts = analyse_kernel(make_linux_image({0x1234, 0, 0, 0x5000}));
    const auto* image = std::get_if<LinuxImage>(&facts);
    ASSERT_NE(image, nullptr);
    EXPECT_EQ(image->text_offset, 0x8'0000U);
    EXPECT_EQ(image->memory_size, 0x5000U);
}

TEST(ALinuxImage, IsRefusedIfTheCpuCannotRunIt)
{
    EXPECT_EQ(fault_of(analyse_kernel(make_linux_image({0, 0x1000, 1}))), "is a big-endian kernel");
    EXPECT_EQ(fault_of(analyse_kernel(make_linux_image({0, 0x1000, 4}))),
              "is a kernel for 16 KiB pages, which a Cortex-A53 has not");
    EXPECT_EQ(fault_of(analyse_kernel(make_linux_image({0x40'0000, 0x1000, 0}))),
              "is damaged: text_offset is 0x400000");
}

TEST(ALinuxImage, IsRefusedIfItSaysThatItNeedsMoreThanThereIs)
{
    constexpr std::uint64_t most = std::uint64_t{1} << 52;
    EXPECT_EQ(fault_of(analyse_kernel(make_linux_image({0x8'0000, ~std::uint64_t{0}}))),
              "is damaged: image_size is 0xffffffffffffffff");
    EXPECT_EQ(fault_of(analyse_kernel(make_linux_image({0x8'0000, most + 1}))),
              "is damaged: image_size is 0x10000000000001");
    const auto facts = analyse_kernel(make_linux_image({0x8'0000, most}));
    ASSERT_TRUE(std::holds_alternative<LinuxImage>(facts)) << fault_of(facts);
}

TEST(ALinuxImage, CutWithinItsHeaderIsNotReadBeyond)
{
    const Bytes whole = make_linux_image({.file_size = 64});
    for (std::size_t size = 1; size < whole.size(); ++size)
    {
        const Bytes part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        EXPECT_TRUE(std::holds_alternative<RawImage>(analyse_kernel(part))) << size;
    }
}

TEST(AKernel, ThatIsWrappedIsRefusedWithTheWayToUnwrapIt)
{
    EXPECT_EQ(fault_of(analyse_kernel(bytes_of("\x1f\x8b\x08 and so on"))),
              "is compressed by gzip");
    EXPECT_EQ(fault_of(analyse_kernel(bytes_of(std::string_view{"MZ\0\0zimg", 8}))),
              "is an EFI zboot kernel (vmlinuz.efi), which unpacks itself by EFI only");
    EXPECT_EQ(fault_of(analyse_kernel(bytes_of("\x27\x05\x19\x56"))), "is a U-Boot uImage");
    EXPECT_EQ(fault_of(analyse_kernel({})), "is empty");
}

TEST(AKernel, OfNoKnownFormIsARawBinary)
{
    const auto facts = analyse_kernel(bytes_of("\x01\x02\x03"));
    ASSERT_TRUE(std::holds_alternative<RawImage>(facts));
    EXPECT_EQ(std::get<RawImage>(facts).file_size, 3U);
}

TEST(ADeviceTreeFile, CountsAsLongAsItsHeaderSays)
{
    Bytes blob = fdt::Writer{}.finish();
    const std::size_t size = blob.size();
    blob.resize(size + 100);
    const auto facts = analyse_dtb(blob);
    ASSERT_TRUE(std::holds_alternative<PlainFile>(facts));
    EXPECT_EQ(std::get<PlainFile>(facts).size, size);
}

TEST(ADeviceTreeFile, TruncatedAnywhereIsRefused)
{
    const Bytes whole = fdt::Writer{}.finish();
    for (std::size_t size = 0; size < whole.size(); ++size)
    {
        const Bytes part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        EXPECT_TRUE(std::holds_alternative<ImageFault>(analyse_dtb(part))) << size;
    }
    EXPECT_EQ(fault_of(analyse_dtb(bytes_of("/dts-v1/; / { };"))), "is a device tree source");
}

} // namespace

} // namespace aliasvm::plan
