// SPDX-License-Identifier: Apache-2.0
// Magics first, then forms that take more than a look at one place. The text is last, as the hex
// formats are texts too.
#include "common/plan/foreign_image.hpp"

#include "common/plan/image_bytes.hpp"
#include "common/plan/linux_image.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

namespace aliasvm::plan
{

namespace
{

using Bytes = std::span<const std::byte>;
using namespace std::string_view_literals;

struct Magic
{
    std::size_t offset;
    std::string_view magic;
    const char* what;
    const char* mend;
};

constexpr std::array magics{
    // Whoever looks at a kernel has unpacked it once.
    Magic{0, "\x1f\x8b\x08"sv, "is compressed by gzip within gzip", "unpack it once: gunzip"},
    Magic{0, "BZh"sv, "is compressed by bzip2", "give it unpacked: bzip2 -dc"},
    Magic{0,
          "\xfd"
          "7zXZ\0"sv,
          "is compressed by xz", "give it unpacked: xz -dc"},
    Magic{0, "\x89LZO\0\r\n\x1a\n"sv, "is compressed by lzop", "give it unpacked: lzop -dc"},
    Magic{0, "\x28\xb5\x2f\xfd"sv, "is compressed by zstd", "give it unpacked: zstd -dc"},
    Magic{0, "\x02\x21\x4c\x18"sv, "is compressed by lz4", "give it unpacked: lz4 -dc"},
    Magic{0, "\x04\x22\x4d\x18"sv, "is compressed by lz4", "give it unpacked: lz4 -dc"},
    Magic{4, "zimg"sv, "is an EFI zboot kernel (vmlinuz.efi), which unpacks itself by EFI only",
          "give arch/arm64/boot/Image of the same build"},
    Magic{0, "\x27\x05\x19\x56"sv, "is a U-Boot uImage", "give the Image it was made from"},
    Magic{0, "\xd0\x0d\xfe\xed"sv, "is a device tree blob or a U-Boot FIT image",
          "give the kernel Image itself; a device tree goes to the key dtb"},
    // UG1137: the width detection word of a boot header, behind the eight vectors.
    Magic{0x20, "\x66\x55\x99\xaa"sv, "is a boot image of bootgen (BOOT.BIN)",
          "give the ELF file or the Image that it was made from"},
};

/// The header of .lzma has no magic: properties, dictionary, size. As xz and file(1) tell it.
bool is_lzma(Bytes file)
{
    constexpr std::size_t header = 13;
    constexpr auto usual_properties = std::byte{0x5d};
    if (file.size() < header || file[0] != usual_properties)
        return false;
    const auto dictionary = little_endian<std::uint32_t>(file, 1);
    const auto unpacked = little_endian<std::uint64_t>(file, 5);
    const auto of_two_bits = [](std::uint32_t size)
    { return std::popcount(size) == 1 || (std::popcount(size) == 2 && (size & size << 1) != 0); };
    constexpr std::uint32_t smallest_dictionary = 4096;
    return dictionary >= smallest_dictionary && of_two_bits(dictionary) &&
           (unpacked == ~std::uint64_t{0} || unpacked >> 38 == 0);
}

/// An arm64 Image of a kernel with EFI is one as well; whoever asks has looked for that.
bool is_pe(Bytes file)
{
    constexpr std::size_t place_of_header = 0x3c;
    return has_at(file, 0, "MZ") && fits(place_of_header, 4, file.size()) &&
           has_at(file, little_endian<std::uint32_t>(file, place_of_header), "PE\0\0"sv);
}

unsigned at(Bytes file, std::size_t offset)
{
    return std::to_integer<unsigned>(file[offset]);
}

bool is_hex_digit(unsigned c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/// Whether `count` characters from `first` on are hexadecimal digits.
bool hex_from(Bytes file, std::size_t first, std::size_t count)
{
    if (!fits(first, count, file.size()))
        return false;
    for (std::size_t offset = first; offset < first + count; ++offset)
    {
        if (!is_hex_digit(at(file, offset)))
            return false;
    }
    return true;
}

/// ":LLAAAATT…CC"
bool is_intel_hex(Bytes file)
{
    return has_at(file, 0, ":") && hex_from(file, 1, 10);
}

/// "StLLAAAA…CC"
bool is_srecord(Bytes file)
{
    return has_at(file, 0, "S") && file.size() > 1 && at(file, 1) >= '0' && at(file, 1) <= '9' &&
           hex_from(file, 2, 8);
}

/// Machine code has zeroes and other control characters among its first bytes.
bool is_text(Bytes file)
{
    constexpr std::size_t looked_at = 512;
    return std::ranges::all_of(file.first(std::min(file.size(), looked_at)),
                               [](std::byte byte)
                               {
                                   const auto c = std::to_integer<unsigned>(byte);
                                   return (c >= ' ' && c != 0x7f) || (c >= '\t' && c <= '\r');
                               });
}

struct Form
{
    bool (*is)(Bytes);
    const char* what;
    const char* mend;
};

constexpr std::array forms{
    Form{is_lzma, "is compressed by lzma", "give it unpacked: xz -dc --format=lzma"},
    Form{is_pe, "is an EFI program (a UKI, GRUB), which needs EFI",
         "give the kernel's Image; out of a UKI: objcopy -O binary --only-section=.linux"},
    Form{is_intel_hex, "is in Intel HEX form",
         "give the ELF file that it was made from; or objcopy -I ihex -O binary, and write its "
         "address as kernel_address"},
    Form{is_srecord, "is in S-record form",
         "give the ELF file that it was made from; or objcopy -I srec -O binary, and write its "
         "address as kernel_address"},
    Form{is_text, "is a text", "give the program that was built"},
};

} // namespace

std::optional<ImageFault> recognise_foreign(Bytes file)
{
    for (const Magic& one : magics)
    {
        if (has_at(file, one.offset, one.magic))
            return ImageFault{one.what, one.mend};
    }
    if (looks_like_linux_image(file))
        return std::nullopt;
    for (const Form& one : forms)
    {
        if (one.is(file))
            return ImageFault{one.what, one.mend};
    }
    return std::nullopt;
}

} // namespace aliasvm::plan
