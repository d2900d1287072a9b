// SPDX-License-Identifier: Apache-2.0
// Small image files for tests, made from what a test wants to be in them.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace aliasvm::plan
{

using Bytes = std::vector<std::byte>;

template <class T>
void put(Bytes& bytes, std::size_t offset, const T& value)
{
    if (bytes.size() < offset + sizeof value)
        bytes.resize(offset + sizeof value);
    std::memcpy(bytes.data() + offset, &value, sizeof value);
}

struct ElfPart
{
    std::uint64_t physical{};
    std::uint64_t memory_size{0x100};
    std::uint64_t file_size{0x40};
    std::uint64_t virtual_base{physical};
    std::uint64_t alignment{0};
    Elf64_Word type{PT_LOAD};
    Elf64_Word flags{PF_R | PF_W | PF_X};
};

/// An AArch64 executable with these segments, its entry point at the start of the first.
inline Bytes make_elf(const std::vector<ElfPart>& parts = {ElfPart{}})
{
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_AARCH64;
    header.e_version = EV_CURRENT;
    header.e_entry = parts.empty() ? 0 : parts.front().virtual_base;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(parts.size());

    Bytes file;
    put(file, 0, header);
    std::uint64_t data = sizeof header + parts.size() * sizeof(Elf64_Phdr);
    for (std::size_t index = 0; index < parts.size(); ++index)
    {
        const ElfPart& part = parts[index];
        Elf64_Phdr segment{};
        segment.p_type = part.type;
        segment.p_flags = part.flags;
        segment.p_align = part.alignment;
        segment.p_offset = data;
        segment.p_vaddr = part.virtual_base;
        segment.p_paddr = part.physical;
        segment.p_filesz = part.file_size;
        segment.p_memsz = part.memory_size;
        put(file, sizeof header + index * sizeof segment, segment);
        data += part.file_size;
    }
    file.resize(data);
    return file;
}

/// The same, position-independent.
inline Bytes make_pie(const std::vector<ElfPart>& parts)
{
    Bytes file = make_elf(parts);
    put(file, offsetof(Elf64_Ehdr, e_type), Elf64_Half{ET_DYN});
    return file;
}

/// The file's first segment, which is code.
inline void put_code(Bytes& elf, const std::vector<std::uint32_t>& words)
{
    Elf64_Phdr first;
    std::memcpy(&first, elf.data() + sizeof(Elf64_Ehdr), sizeof first);
    for (std::size_t index = 0; index < words.size(); ++index)
        put(elf, first.p_offset + index * 4, words[index]);
}

struct LinuxHead
{
    std::uint64_t text_offset{};
    std::uint64_t image_size{0x20'0000};
    std::uint64_t flags{0xa}; ///< little-endian, 4 KiB pages, anywhere in memory
    std::uint64_t file_size{0x1000};
};

inline Bytes make_linux_image(const LinuxHead& head = {})
{
    Bytes file(head.file_size < 64 ? 64 : head.file_size);
    put(file, 8, head.text_offset);
    put(file, 16, head.image_size);
    put(file, 24, head.flags);
    std::memcpy(file.data() + 56, "ARM\x64", 4);
    return file;
}

inline Bytes bytes_of(std::string_view text)
{
    const auto view = std::as_bytes(std::span{text});
    return {view.begin(), view.end()};
}

} // namespace aliasvm::plan
