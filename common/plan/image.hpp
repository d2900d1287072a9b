// SPDX-License-Identifier: Apache-2.0
// What a guest's image files are, found out from their bytes alone.
#pragma once

#include "common/base/address.hpp"
#include "common/plan/code_scan.hpp"
#include "common/plan/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace aliasvm::plan
{

/// The file could not be read: the errno of opening or mapping it.
struct MissingFile
{
    int error_number{};
};

/// The file is nothing that could be used. `what` completes "FILE …".
struct ImageFault
{
    std::string what;
    std::string mend;
};

/// AArch64 ELF executable. The segments lie within the file, do not wrap around the end of the
/// address space and do not overlap each other; whether there is RAM is not known here. At least
/// one of them holds the entry.
struct ElfImage
{
    std::vector<Segment> segments;
    GuestAddr entry; ///< physical: where the CPU starts, with the MMU off
    /// Of a static PIE, which relocates itself: all of it can be moved by a multiple of this power
    /// of two. 0: it can not.
    std::uint64_t alignment{};
    CodeFacts code{}; ///< of the executable segments
};

/// arm64 Linux Image (Documentation/arch/arm64/booting.rst of Linux).
struct LinuxImage
{
    std::uint64_t file_size{};
    std::uint64_t memory_size{}; ///< with .bss; not below file_size, far below 2^64
    std::uint64_t text_offset{}; ///< from a 2 MiB boundary
    bool anywhere{}; ///< else that boundary is to be the lowest of RAM: what is below is lost to it
};

struct RawImage
{
    std::uint64_t file_size{};
};

/// Looks like something that no CPU runs as it is. Only who says so by kernel_address has it taken
/// for a raw binary.
struct ForeignImage
{
    ImageFault fault;
    std::uint64_t file_size{};
};

/// An initrd.
struct PlainFile
{
    std::uint64_t size{};
};

/// A device tree, as long as its header says. The bytes are kept: the file may be another one when
/// the guest gets them.
struct DtbFile
{
    std::vector<std::byte> bytes;
};

using KernelFacts =
    std::variant<MissingFile, ImageFault, ElfImage, LinuxImage, RawImage, ForeignImage>;
using FileFacts = std::variant<MissingFile, ImageFault, PlainFile>;
using DtbFacts = std::variant<MissingFile, ImageFault, DtbFile>;

/// All three take the whole file, which the caller has mapped; headers of it and an ELF file's code
/// are touched (analyse_dtb reads and keeps all of it). Empty for an empty file. A DTB must be
/// 8-byte aligned. The bytes may be anything.
[[nodiscard]] KernelFacts analyse_kernel(std::span<const std::byte> file);
[[nodiscard]] FileFacts analyse_initrd(std::span<const std::byte> file);
[[nodiscard]] DtbFacts analyse_dtb(std::span<const std::byte> file);

} // namespace aliasvm::plan
