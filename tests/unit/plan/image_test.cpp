// SPDX-License-Identifier: Apache-2.0
// Image files, good, bad and hostile.
#include "common/fdt/writer.hpp"
#include "common/plan/image.hpp"
#include "image_builder.hpp"

#include <algorithm>
#include <functional>
#include <random>

#include <fmt/format.h>
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

/// What a file is taken for that is no kernel.
std::string foreign_of(const Bytes& file)
{
    const auto facts = analyse_kernel(file);
    const auto* foreign = std::get_if<ForeignImage>(&facts);
    if (foreign == nullptr)
        return "";
    EXPECT_EQ(foreign->file_size, file.size());
    EXPECT_NE(foreign->fault.mend, "");
    return foreign->fault.what;
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

TEST(AnElfFile, ThatIsPositionIndependentCanBeMovedByItsLargestAlignment)
{
    const auto facts = analyse_kernel(make_pie(
        {{0x77'0000, 0x100, 0x40, 0x1000, 0x1000}, {0x88'0000, 0x100, 0x40, 0x2'0000, 0x1'0000}}));
    const auto* elf = std::get_if<ElfImage>(&facts);
    ASSERT_NE(elf, nullptr) << fault_of(facts);
    EXPECT_EQ(elf->alignment, 0x1'0000U);
    EXPECT_EQ(elf->segments[0].memory.base, GuestAddr{0x1000}) << "its virtual addresses count";
    EXPECT_EQ(elf->segments[1].memory.base, GuestAddr{0x2'0000});
    EXPECT_EQ(elf->entry, GuestAddr{0x1000});
    EXPECT_EQ(std::get<ElfImage>(analyse_kernel(make_elf())).alignment, 0U);
}

TEST(AnElfFile, ThatNeedsADynamicLoaderIsRefused)
{
    EXPECT_EQ(fault_of(analyse_kernel(make_pie({{0}, {0x1000, 8, 8, 0x1000, 1, PT_INTERP}}))),
              "is a position-independent ELF file, which needs a dynamic loader");
    // A shared library: its entry is 0, where its own header is.
    Bytes library = make_pie({{0, 0x1000, 0x80}});
    put(library, sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset), std::uint64_t{0});
    EXPECT_EQ(fault_of(analyse_kernel(library)),
              "has its entry point 0x0 at no instruction of a segment");
}

TEST(AnElfFile, MayNotAskForAnAlignmentThatIsNone)
{
    for (const std::uint64_t alignment :
         {std::uint64_t{3}, std::uint64_t{1} << 31, std::uint64_t{1} << 63, ~std::uint64_t{0}})
        EXPECT_EQ(fault_of(analyse_kernel(make_pie({{0, 0x100, 0x40, 0, alignment}}))),
                  fmt::format("is damaged: a segment is to be aligned to 0x{:x}", alignment));
    EXPECT_EQ(fault_of(analyse_kernel(make_elf({{0, 0x100, 0x40, 0, 3}}))), "")
        << "of one that stays where it is it means nothing";
}

TEST(AnElfFile, MayNotHaveSegmentsThatWrapAroundOrOverlap)
{
    EXPECT_EQ(fault_of(analyse_kernel(make_elf({{~std::uint64_t{0} - 0xff, 0x1000, 0x40, 0}}))),
              "is damaged: segment 0 runs past the end of the address space");
    EXPECT_EQ(fault_of(analyse_kernel(make_elf({{0, 0x20, 0x40}}))),
              "is damaged: segment 0 has more bytes in the file than in memory");
    EXPECT_EQ(fault_of(analyse_kernel(make_elf({{0, 0x1000}, {0xfff, 0x1000}}))),
              "has two segments at 0x00000fff");
    EXPECT_EQ(fault_of(analyse_kernel(make_elf({{0x2000, 0x1000}, {0x1000, 0x4000}}))),
              "has two segments at 0x00002000");
    EXPECT_EQ(fault_of(analyse_kernel(
                  make_pie({{0, 0x1000, 0x40, 0}, {0x10'0000, 0x1000, 0x40, 0x800}}))),
              "has two segments at 0x00000800")
        << "by the addresses that count";
    EXPECT_EQ(fault_of(analyse_kernel(make_pie({{0, 0x1000, 0x40, ~std::uint64_t{0} - 0xff}}))),
              "is damaged: segment 0 runs past the end of the address space");
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
    for (const Bytes& whole : {make_elf({{0, 0x100, 0x40}, {0x1000, 0x100, 0x40}}),
                               make_pie({{0, 0x100, 0x40, 0, 0x1000}, {0x1000, 0x100, 0x40}})})
    {
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
                ASSERT_EQ(elf->alignment & (elf->alignment - 1), 0U);
            }
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

TEST(ALinuxImage, WhoseSizeIsMoreThanItCanAddressIsDamaged)
{
    for (const std::uint64_t size : {~std::uint64_t{0}, ~std::uint64_t{0} - 0x7'ffff,
                                     std::uint64_t{1} << 63, (std::uint64_t{1} << 52) + 1})
        EXPECT_EQ(fault_of(analyse_kernel(make_linux_image({0x8'0000, size}))),
                  fmt::format("is damaged: image_size is 0x{:x}", size));
    const auto largest = analyse_kernel(make_linux_image({0, std::uint64_t{1} << 52}));
    EXPECT_TRUE(std::holds_alternative<LinuxImage>(largest));
}

TEST(ALinuxImage, SaysWhetherItMayBeAnywhere)
{
    const auto anywhere = [](const LinuxHead& head)
    { return std::get<LinuxImage>(analyse_kernel(make_linux_image(head))).anywhere; };
    EXPECT_TRUE(anywhere({.flags = 0xa}));
    EXPECT_FALSE(anywhere({.flags = 2}));
    EXPECT_FALSE(anywhere({.image_size = 0, .flags = 0xa})) << "it had no flags then";
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

Bytes padded(std::string_view head, std::size_t size = 4096)
{
    Bytes file = bytes_of(head);
    file.resize(std::max(size, head.size()));
    return file;
}

Bytes with(std::size_t offset, std::string_view magic)
{
    Bytes file(4096);
    std::ranges::copy(bytes_of(magic), file.begin() + static_cast<std::ptrdiff_t>(offset));
    return file;
}

Bytes make_pe()
{
    Bytes file = padded("MZ");
    put(file, 0x3c, std::uint32_t{0x40});
    std::memcpy(file.data() + 0x40, "PE\0\0\x64\xaa", 6);
    return file;
}

std::string lzma_head(std::uint32_t dictionary, std::uint64_t size)
{
    std::string head(13, '\x5d');
    std::memcpy(head.data() + 1, &dictionary, sizeof dictionary);
    std::memcpy(head.data() + 5, &size, sizeof size);
    return head;
}

TEST(AKernel, ThatIsSomethingElseIsToldByItsForm)
{
    using namespace std::string_view_literals;
    EXPECT_EQ(foreign_of(padded("BZh91AY&SY")), "is compressed by bzip2");
    EXPECT_EQ(foreign_of(padded("\xfd\x37zXZ\0"sv)), "is compressed by xz");
    EXPECT_EQ(foreign_of(padded("\x89LZO\0\r\n\x1a\n"sv)), "is compressed by lzop");
    EXPECT_EQ(foreign_of(padded("\x28\xb5\x2f\xfd"sv)), "is compressed by zstd");
    EXPECT_EQ(foreign_of(padded("\x02\x21\x4c\x18"sv)), "is compressed by lz4");
    EXPECT_EQ(foreign_of(padded("\x04\x22\x4d\x18"sv)), "is compressed by lz4");
    EXPECT_EQ(foreign_of(padded("MZ\0\0zimg"sv)),
              "is an EFI zboot kernel (vmlinuz.efi), which unpacks itself by EFI only");
    EXPECT_EQ(foreign_of(padded("\x27\x05\x19\x56"sv)), "is a U-Boot uImage");
    EXPECT_EQ(foreign_of(padded("\xd0\x0d\xfe\xed"sv)),
              "is a device tree blob or a U-Boot FIT image");
    EXPECT_EQ(foreign_of(with(0x20, "\x66\x55\x99\xaaXNLX")),
              "is a boot image of bootgen (BOOT.BIN)");
    EXPECT_EQ(foreign_of(make_pe()), "is an EFI program (a UKI, GRUB), which needs EFI");
    EXPECT_EQ(foreign_of(padded(lzma_head(1 << 23, ~0ULL))), "is compressed by lzma");
    EXPECT_EQ(foreign_of(padded(lzma_head(3 << 22, 40'000'000))), "is compressed by lzma");
    EXPECT_EQ(foreign_of(bytes_of(":020000040000FA\r\n:10000000")), "is in Intel HEX form");
    EXPECT_EQ(foreign_of(bytes_of("S00600004844521B\r\nS1130000")), "is in S-record form");
    EXPECT_EQ(foreign_of(bytes_of("not a kernel at all\n")), "is a text");
    EXPECT_EQ(foreign_of(bytes_of("#!/bin/sh\nexec gr\xc3\xbc\xc3\x9f\x65\n")), "is a text");
    EXPECT_EQ(fault_of(analyse_kernel({})), "is empty");
}

TEST(AKernel, ThatOnlyBeginsLikeSomethingElseIsARawBinary)
{
    using namespace std::string_view_literals;
    EXPECT_EQ(foreign_of(padded("MZ")), "") << "no PE header";
    Bytes far = padded("MZ");
    put(far, 0x3c, ~std::uint32_t{0});
    EXPECT_EQ(foreign_of(far), "") << "its PE header is beyond the file";
    EXPECT_EQ(foreign_of(padded(lzma_head(0, ~0ULL))), "");
    EXPECT_EQ(foreign_of(padded(lzma_head((1 << 23) + 12345, ~0ULL))), "");
    EXPECT_EQ(foreign_of(padded(lzma_head(1 << 23, ~0ULL << 38))), "");
    EXPECT_EQ(foreign_of(padded(":0200")), "");
    EXPECT_EQ(foreign_of(padded("S0060")), "");
    EXPECT_EQ(foreign_of(with(100, "text\n")), "");
}

TEST(AKernel, ThatIsAnEfiProgramToo)
{
    Bytes file = make_pe();
    const Bytes image = make_linux_image({.file_size = file.size()});
    std::copy(image.begin() + 8, image.begin() + 0x3c, file.begin() + 8);
    EXPECT_TRUE(std::holds_alternative<LinuxImage>(analyse_kernel(file))) << "CONFIG_EFI";
}

TEST(AKernel, OfAnyLengthIsReadWithinItsBounds)
{
    using namespace std::string_view_literals;
    for (const Bytes& whole :
         {make_pe(), with(0x20, "\x66\x55\x99\xaa"), padded(lzma_head(1 << 23, ~0ULL)),
          bytes_of(":020000040000FA\r\n"), bytes_of("S00600004844521B\r\n"),
          padded("\xfd\x37zXZ\0"sv, 6), padded("MZ\0\0zimg"sv, 8)})
    {
        for (std::size_t size = 1; size < std::min<std::size_t>(whole.size(), 128); ++size)
        {
            // A copy of its own, so that the sanitizer sees the first byte beyond.
            const Bytes part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
            const auto facts = analyse_kernel(part);
            EXPECT_TRUE(std::holds_alternative<RawImage>(facts) ||
                        std::holds_alternative<ForeignImage>(facts));
        }
    }
}

TEST(AKernel, OfRandomWordsIsNeverTakenForAText)
{
    std::mt19937 random{7};
    for (int round = 0; round < 2'000; ++round)
    {
        Bytes code(256);
        for (std::size_t offset = 0; offset < code.size(); offset += 4)
            put(code, offset, static_cast<std::uint32_t>(random()));
        EXPECT_EQ(foreign_of(code), "");
    }
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
    const Bytes tree = blob;
    blob.resize(tree.size() + 100);
    const auto facts = analyse_dtb(blob);
    ASSERT_TRUE(std::holds_alternative<DtbFile>(facts));
    EXPECT_EQ(std::get<DtbFile>(facts).bytes, tree);
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
