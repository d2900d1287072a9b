// SPDX-License-Identifier: Apache-2.0
// The header of an arm64 Image, from Documentation/arch/arm64/booting.rst of Linux.
#include "common/plan/linux_image.hpp"

#include "common/plan/image_bytes.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

constexpr std::size_t header_size = 64;
constexpr std::size_t text_offset_at = 8;
constexpr std::size_t image_size_at = 16;
constexpr std::size_t flags_at = 24;
constexpr std::size_t magic_at = 56;
constexpr std::string_view magic = "ARM\x64";

constexpr std::uint64_t flag_big_endian = 1;
constexpr std::uint64_t flag_anywhere = 8;
constexpr std::uint64_t page_size_16k = 2; // in bits 2:1
constexpr std::uint64_t two_mib = 0x20'0000;
constexpr std::uint64_t old_text_offset = 0x8'0000; // before image_size was there (Linux 3.17)
constexpr std::uint64_t largest_image = std::uint64_t{1} << 52; // no Arm CPU addresses more

} // namespace

bool looks_like_linux_image(std::span<const std::byte> file)
{
    return file.size() >= header_size && has_at(file, magic_at, magic);
}

std::variant<ImageFault, LinuxImage> analyse_linux_image(std::span<const std::byte> file)
{
    const auto flags = little_endian<std::uint64_t>(file, flags_at);
    LinuxImage image{.file_size = file.size(),
                     .memory_size = little_endian<std::uint64_t>(file, image_size_at),
                     .text_offset = little_endian<std::uint64_t>(file, text_offset_at),
                     .anywhere = (flags & flag_anywhere) != 0};
    if (image.memory_size == 0)
    {
        image.text_offset = old_text_offset;
        image.anywhere = false; // and without flags
    }
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

} // namespace aliasvm::plan
