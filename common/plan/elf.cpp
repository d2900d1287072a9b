// SPDX-License-Identifier: Apache-2.0
// ELF64 headers, read by offset: nothing of the file is trusted, not even its alignment.
#include "common/plan/elf.hpp"

#include "common/plan/image_bytes.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

using Bytes = std::span<const std::byte>;

constexpr const char* build_mend = "build it for a bare-metal Cortex-A53 (aarch64-none-elf), "
                                   "statically linked, little-endian";
constexpr const char* copy_mend = "copy or build the file again";

/// A PT_LOAD segment with its virtual address, which the entry point is given in.
struct Loaded
{
    Segment segment;
    std::uint64_t virtual_base;
};

const char* machine_name(std::uint16_t machine)
{
    switch (machine)
    {
    case EM_ARM:
        return "32-bit ARM, such as the Cortex-R5";
    case EM_386:
        return "i386";
    case EM_X86_64:
        return "x86-64";
    case EM_RISCV:
        return "RISC-V";
    case EM_MICROBLAZE:
        return "MicroBlaze";
    default:
        return "no AArch64";
    }
}

std::optional<ImageFault> check_header(Bytes file)
{
    // e_machine stands at the same place in both classes, and says more than the class does.
    if (file.size() < sizeof(Elf32_Ehdr))
        return ImageFault{fmt::format("is an ELF file truncated to {} bytes", file.size()),
                          copy_mend};
    if (std::to_integer<int>(file[EI_DATA]) != ELFDATA2LSB)
        return ImageFault{"is a big-endian ELF file", build_mend};
    const auto machine = little_endian<std::uint16_t>(file, offsetof(Elf64_Ehdr, e_machine));
    if (machine != EM_AARCH64)
        return ImageFault{fmt::format("is an ELF file for machine {} ({}), not 183 (AArch64)",
                                      machine, machine_name(machine)),
                          build_mend};
    if (std::to_integer<int>(file[EI_CLASS]) != ELFCLASS64)
        return ImageFault{"is no 64-bit ELF file", build_mend};
    if (file.size() < sizeof(Elf64_Ehdr))
        return ImageFault{fmt::format("is an ELF file truncated to {} bytes", file.size()),
                          copy_mend};
    const auto type = little_endian<std::uint16_t>(file, offsetof(Elf64_Ehdr, e_type));
    if (type == ET_DYN)
        return ImageFault{"is a position-independent ELF file, which needs a dynamic loader",
                          "link it with -static -no-pie"};
    if (type == ET_REL)
        return ImageFault{"is an ELF object file, not an executable", "link it"};
    if (type != ET_EXEC)
        return ImageFault{fmt::format("is an ELF file of type {}, not an executable", type),
                          build_mend};
    return std::nullopt;
}

std::variant<ImageFault, Loaded> read_segment(Bytes file, std::uint64_t header, unsigned index)
{
    const auto field = [&](std::size_t offset)
    { return little_endian<std::uint64_t>(file, static_cast<std::size_t>(header) + offset); };
    const Segment segment{
        {GuestAddr{field(offsetof(Elf64_Phdr, p_paddr))}, field(offsetof(Elf64_Phdr, p_memsz))},
        field(offsetof(Elf64_Phdr, p_offset)),
        field(offsetof(Elf64_Phdr, p_filesz))};
    const std::uint64_t virtual_base = field(offsetof(Elf64_Phdr, p_vaddr));

    if (!fits(segment.file_offset, segment.file_size, file.size()))
        return ImageFault{
            fmt::format("is truncated: segment {} is bytes 0x{:x}+0x{:x} of the file, "
                        "which has 0x{:x}",
                        index, segment.file_offset, segment.file_size, file.size()),
            copy_mend};
    if (segment.file_size > segment.memory.size)
        return ImageFault{fmt::format("is damaged: segment {} has more bytes in the file than in "
                                      "memory",
                                      index),
                          copy_mend};
    if (!segment.memory.valid() || virtual_base + segment.memory.size < virtual_base)
        return ImageFault{fmt::format("is damaged: segment {} runs past the end of the address "
                                      "space",
                                      index),
                          copy_mend};
    return Loaded{segment, virtual_base};
}

std::variant<ImageFault, std::vector<Loaded>> read_segments(Bytes file)
{
    const auto table = little_endian<std::uint64_t>(file, offsetof(Elf64_Ehdr, e_phoff));
    const auto stride = little_endian<std::uint16_t>(file, offsetof(Elf64_Ehdr, e_phentsize));
    const auto count = little_endian<std::uint16_t>(file, offsetof(Elf64_Ehdr, e_phnum));
    if (count != 0 && stride < sizeof(Elf64_Phdr))
        return ImageFault{fmt::format("is damaged: its program headers have {} bytes each", stride),
                          copy_mend};
    if (!fits(table, std::uint64_t{stride} * count, file.size()))
        return ImageFault{"is truncated: its program headers are not in the file", copy_mend};

    std::vector<Loaded> loaded;
    for (unsigned index = 0; index < count; ++index)
    {
        const std::uint64_t header = table + std::uint64_t{stride} * index;
        const auto type = little_endian<std::uint32_t>(file, static_cast<std::size_t>(header));
        if (type != PT_LOAD)
            continue;
        const auto segment = read_segment(file, header, index);
        if (const auto* fault = std::get_if<ImageFault>(&segment))
            return *fault;
        if (std::get<Loaded>(segment).segment.memory.size != 0)
            loaded.push_back(std::get<Loaded>(segment));
    }
    if (loaded.empty())
        return ImageFault{"has no segment to load", build_mend};
    return loaded;
}

std::optional<ImageFault> check_overlap(const std::vector<Loaded>& loaded)
{
    std::vector<GuestRange> ranges;
    for (const Loaded& one : loaded)
        ranges.push_back(one.segment.memory);
    std::ranges::sort(ranges, {}, &GuestRange::base);
    for (std::size_t index = 1; index < ranges.size(); ++index)
    {
        if (ranges[index - 1].overlaps(ranges[index]))
            return ImageFault{fmt::format("has two segments at 0x{:08x}", ranges[index].base.value),
                              "give each section its own load address in the linker script"};
    }
    return std::nullopt;
}

} // namespace

bool looks_like_elf(std::span<const std::byte> file)
{
    return file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
}

std::variant<ImageFault, ElfImage> analyse_elf(std::span<const std::byte> file)
{
    if (const auto fault = check_header(file))
        return *fault;
    const auto segments = read_segments(file);
    if (const auto* fault = std::get_if<ImageFault>(&segments))
        return *fault;
    const auto& loaded = std::get<std::vector<Loaded>>(segments);
    if (const auto fault = check_overlap(loaded))
        return *fault;

    ElfImage image;
    std::optional<GuestAddr> entry;
    const auto virtual_entry = little_endian<std::uint64_t>(file, offsetof(Elf64_Ehdr, e_entry));
    for (const Loaded& one : loaded)
    {
        image.segments.push_back(one.segment);
        if (virtual_entry >= one.virtual_base &&
            virtual_entry - one.virtual_base < one.segment.memory.size)
            entry = one.segment.memory.base + (virtual_entry - one.virtual_base);
    }
    if (!entry || entry->value % 4 != 0)
        return ImageFault{
            fmt::format("has its entry point 0x{:x} at no instruction of a segment", virtual_entry),
            "name the right symbol by ENTRY() in the linker script"};
    image.entry = *entry;
    return image;
}

} // namespace aliasvm::plan
