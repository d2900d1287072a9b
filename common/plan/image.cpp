// SPDX-License-Identifier: Apache-2.0
// Which kind of file it is, and all kinds but ELF.
#include "common/plan/image.hpp"

#include "common/fdt/reader.hpp"
#include "common/plan/elf.hpp"
#include "common/plan/image_bytes.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

using Bytes = std::span<const std::byte>;
using namespace std::string_view_literals;

bool has_at(Bytes file, std::size_t offset, std::string_view magic)
{
    return fits(offset, magic.size(), file.size()) &&
           std::equal(magic.begin(), magic.end(),
                      file.begin() + static_cast<std::ptrdiff_t>(offset),
                      [](char c, std::byte b)
                      { return static_cast<unsigned char>(c) == std::to_integer<unsigned>(b); });
}

/// Files that people take for a kernel, and that no CPU can run as they are.
struct Wrapped
{
    std::size_t offset;
    std::string_view magic;
    const char* what;
    const char* mend;
};

constexpr std::array wrapped{
    Wrapped{0, "\x1f\x8b"sv, "is compressed by gzip",
            "give it unpacked: gunzip < Image.gz > Image"},
    Wrapped{0,
            "\xfd"
            "7zXZ\0"sv,
            "is compressed by xz", "give it unpacked: xz -dc"},
    Wrapped{0, "\x28\xb5\x2f\xfd"sv, "is compressed by zstd", "give it unpacked: zstd -dc"},
    Wrapped{0, "\x02\x21\x4c\x18"sv, "is compressed by lz4", "give it unpacked: lz4 -dc"},
    Wrapped{0, "\x04\x22\x4d\x18"sv, "is compressed by lz4", "give it unpacked: lz4 -dc"},
    Wrapped{4, "zimg"sv, "is an EFI zboot kernel (vmlinuz.efi), which unpacks itself by EFI only",
            "give arch/arm64/boot/Image of the same build"},
    Wrapped{0, "\x27\x05\x19\x56"sv, "is a U-Boot uImage", "give the Image it was made from"},
    Wrapped{0, "\xd0\x0d\xfe\xed"sv, "is a device tree blob or a U-Boot FIT image",
            "give the kernel Image itself; a device tree goes to the key dtb"},
};

// The header of an arm64 Image, from Documentation/arch/arm64/booting.rst of Linux.
constexpr std::size_t image_header_size = 64;
constexpr std::size_t image_magic_at = 56;
constexpr std::string_view image_magic = "ARM\x64";
constexpr std::uint64_t flag_big_endian = 1;
constexpr std::uint64_t page_size_16k = 2;
constexpr std::uint64_t two_mib = 0x20'0000;
constexpr std::uint64_t old_text_offset = 0x8'0000; // before image_size was there (Linux 3.17)
constexpr std::uint64_t largest_image = std::uint64_t{1} << 52; // no Arm CPU addresses more

KernelFacts analyse_linux(Bytes file)
{
    LinuxImage image{.file_size = file.size(),
                     .memory_size = little_endian<std::uint64_t>(file, 16),
                     .text_offset = little_endian<std::uint64_t>(file, 8)};
    const auto flags = little_endian<std::uint64_t>(file, 24);
    if (image.memory_size == 0)
        image.text_offset = old_text_offset;
    if ((flags & flag_big_endian) != 0)
        return ImageFault{"is a big-endian kernel", "build it with CONFIG_CPU_LITTLE_ENDIAN"};
    if ((flags >> 1 & 3) == page_size_16k)
        return ImageFault{"is a kernel for 16 KiB pages, which a Cortex-A53 has not",
                          "build it with CONFIG_ARM64_4K_PAGES"};
    if (image.text_offset >= two_mib || !page_aligned(image.text_offset))
        return ImageFault{fmt::format("is damaged: text_offset is 0x{:x}", image.text_offset),
                          "copy or build the file again"};
    if (image.memory_size > largest_image)
        return ImageFault{fmt::format("is damaged: image_size is 0x{:x}", image.memory_size),
                          "copy or build the file again"};
    image.memory_size = std::max(image.memory_size, image.file_size);
    return image;
}

} // namespace

KernelFacts analyse_kernel(Bytes file)
{
    if (file.empty())
        return ImageFault{"is empty", "copy or build the file again"};
    if (looks_like_elf(file))
        return std::visit([](auto result) { return KernelFacts{std::move(result)}; },
                          analyse_elf(file));
    for (const Wrapped& one : wrapped)
    {
        if (has_at(file, one.offset, one.magic))
            return ImageFault{one.what, one.mend};
    }
    if (file.size() >= image_header_size && has_at(file, image_magic_at, image_magic))
        return analyse_linux(file);
    return RawImage{file.size()};
}

FileFacts analyse_initrd(Bytes file)
{
    if (file.empty())
        return ImageFault{"is empty", "build it again, or take the key out"};
    return PlainFile{file.size()};
}

FileFacts analyse_dtb(Bytes file)
{
    try
    {
        return PlainFile{fdt::Tree{file, "blob"}.size()};
    }
    catch (const std::exception&)
    {
        if (has_at(file, 0, "/dts-v1/"))
            return ImageFault{"is a device tree source", "compile it: dtc -O dtb -o FILE.dtb"};
        return ImageFault{"is no device tree blob, or it is truncated",
                          "compile it again: dtc -O dtb -o FILE.dtb"};
    }
}

} // namespace aliasvm::plan
