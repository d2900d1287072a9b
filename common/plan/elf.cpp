// SPDX-License-Identifier: Apache-2.0
// ELF64 headers, read by offset: nothing of the file is trusted, not even its alignment.
#include "common/plan/elf.hpp"

#include "common/plan/image_bytes.hpp"

#include <elf.h>

#include <algorithm>
#include <bit>
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

constexpr std::uint64_t largest_alignment = 1U << 30;

/// A PT_LOAD segment with its virtual address, which the entry point is given in.
struct Loaded
{
    Segment segment;
    std::uint64_t virtual_base;
    std::uint64_t alignment;
    bool executable;
};

/// What is in the table of program headers.
struct Program
{
    std::vector<Loaded> loaded;
    bool interpreter{}; ///< it names a dynamic loader
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
    if (type == ET_REL)
        return ImageFault{"is an ELF object file, not an executable", "link it"};
    if (type != ET_EXEC && type != ET_DYN)
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
    const std::uint64_t alignment =
        std::max<std::uint64_t>(field(offsetof(Elf64_Phdr, p_align)), 1);
    const auto flags = little_endian<std::uint32_t>(file, static_cast<std::size_t>(header) +
                                                              offsetof(Elf64_Phdr, p_flags));

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
    return Loaded{segment, virtual_base, alignment, (flags & PF_X) != 0};
}

std::variant<ImageFault, Program> read_segments(Bytes file)
{
    const auto table = little_endian<std::uint64_t>(file, offsetof(Elf64_Ehdr, e_phoff));
    const auto stride = little_endian<std::uint16_t>(file, offsetof(Elf64_Ehdr, e_phentsize));
    const auto count = little_endian<std::uint16_t>(file, offsetof(Elf64_Ehdr, e_phnum));
    if (count != 0 && stride < sizeof(Elf64_Phdr))
        return ImageFault{fmt::format("is damaged: its program headers have {} bytes each", stride),
                          copy_mend};
    if (!fits(table, std::uint64_t{stride} * count, file.size()))
        return ImageFault{"is truncated: its program headers are not in the file", copy_mend};

    Program program;
    for (unsigned index = 0; index < count; ++index)
    {
        const std::uint64_t header = table + std::uint64_t{stride} * index;
        const auto type = little_endian<std::uint32_t>(file, static_cast<std::size_t>(header));
        program.interpreter |= type == PT_INTERP;
        if (type != PT_LOAD)
            continue;
        const auto segment = read_segment(file, header, index);
        if (const auto* fault = std::get_if<ImageFault>(&segment))
            return *fault;
        if (std::get<Loaded>(segment).segment.memory.size != 0)
            program.loaded.push_back(std::get<Loaded>(segment));
    }
    if (program.loaded.empty())
        return ImageFault{"has no segment to load", build_mend};
    return program;
}

/// Makes a static PIE of what can be one: it lies as its virtual addresses say. Returns the
/// alignment that it asks for.
std::variant<ImageFault, std::uint64_t> make_movable(Program& program)
{
    if (program.interpreter)
        return ImageFault{"is a position-independent ELF file, which needs a dynamic loader",
                          "link it with -static-pie, or with -static -no-pie"};
    std::uint64_t most = 1;
    for (Loaded& one : program.loaded)
    {
        if (!std::has_single_bit(one.alignment) || one.alignment > largest_alignment)
            return ImageFault{
                fmt::format("is damaged: a segment is to be aligned to 0x{:x}", one.alignment),
                copy_mend};
        most = std::max(most, one.alignment);
        one.segment.memory.base = GuestAddr{one.virtual_base};
    }
    return most;
}

std::vector<Bytes> code_of(Bytes file, const std::vector<Loaded>& loaded)
{
    std::vector<Bytes> pieces;
    for (const Loaded& one : loaded)
    {
        // From the first instruction on: one that is at an odd place in the file is at none in
        // memory.
        const std::uint64_t skipped = -one.segment.memory.base.value % 4;
        if (one.executable && one.segment.file_size > skipped)
            pieces.push_back(
                file.subspan(one.segment.file_offset + skipped, one.segment.file_size - skipped));
    }
    return pieces;
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
    auto read = read_segments(file);
    if (const auto* fault = std::get_if<ImageFault>(&read))
        return *fault;
    auto& program = std::get<Program>(read);
    ElfImage image;
    if (little_endian<std::uint16_t>(file, offsetof(Elf64_Ehdr, e_type)) == ET_DYN)
    {
        const auto alignment = make_movable(program);
        if (const auto* fault = std::get_if<ImageFault>(&alignment))
            return *fault;
        image.alignment = std::get<std::uint64_t>(alignment);
    }
    if (const auto fault = check_overlap(program.loaded))
        return *fault;

    std::optional<GuestAddr> entry;
    const auto virtual_entry = little_endian<std::uint64_t>(file, offsetof(Elf64_Ehdr, e_entry));
    for (const Loaded& one : program.loaded)
    {
        image.segments.push_back(one.segment);
        const std::uint64_t offset = virtual_entry - one.virtual_base;
        // A shared library has no entry: 0 is its own header then.
        const bool in_header =
            offset < sizeof(Elf64_Ehdr) && one.segment.file_offset + offset < sizeof(Elf64_Ehdr);
        if (virtual_entry >= one.virtual_base && offset < one.segment.memory.size && !in_header)
            entry = one.segment.memory.base + offset;
    }
    if (!entry || entry->value % 4 != 0)
        return ImageFault{
            fmt::format("has its entry point 0x{:x} at no instruction of a segment", virtual_entry),
            "name the right symbol by ENTRY() in the linker script"};
    image.entry = *entry;
    image.code = scan_code(code_of(file, program.loaded));
    return image;
}

} // namespace aliasvm::plan
