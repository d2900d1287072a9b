// SPDX-License-Identifier: Apache-2.0
// Segments and files into guest memory, by their places in the plan.
#include "vmm/machine/image_loader.hpp"

#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/base/gunzip.hpp"
#include "common/base/mapping.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace aliasvm::machine
{

namespace
{

using Bytes = std::span<const std::byte>;

void load_file(GuestMemory& memory, const std::string& file, const GuestRange& range)
{
    const UniqueFd fd = open_regular_file(file);
    memory.load(range.base, fd.get(), 0, range.size, file);
}

/// The part of a piece of the unpacked file, from `at` on, that belongs to a segment.
void copy_part(GuestMemory& memory, const plan::Segment& segment, Bytes piece, std::uint64_t at)
{
    const std::uint64_t begin = std::max(segment.file_offset, at);
    const std::uint64_t end = std::min(segment.file_offset + segment.file_size, at + piece.size());
    if (begin >= end)
        return;
    const GuestRange place{segment.memory.base + (begin - segment.file_offset), end - begin};
    std::ranges::copy(piece.subspan(begin - at, end - begin), memory.at(place).begin());
}

/// Straight into guest memory: the file unpacked is nowhere else.
void unpack(GuestMemory& memory, const plan::ImagePlan& image, const UniqueFd& fd)
{
    struct stat status
    {
    };
    if (::fstat(fd.get(), &status) != 0)
        throw Error{errno, "get the size of {}", image.file};
    const Mapping packed =
        Mapping::of_file(fd.get(), static_cast<std::uint64_t>(status.st_size), image.file);
    const std::uint64_t size = *image.unpacked_size;
    std::uint64_t done = 0;
    gunzip(packed.bytes(), image.file,
           [&](Bytes piece)
           {
               if (piece.size() > size - done)
                   throw Error{EFBIG, "unpack {} to more than the {} bytes that it says",
                               image.file, size};
               for (const plan::Segment& segment : image.segments)
                   copy_part(memory, segment, piece, done);
               done += piece.size();
               return true;
           });
    if (done != size)
        throw Error{ENODATA, "unpack {} to the {} bytes that it says: it has {}", image.file, size,
                    done};
}

void load_packed(GuestMemory& memory, const plan::ImagePlan& image, const UniqueFd& fd)
{
    try
    {
        unpack(memory, image, fd);
    }
    catch (const Error& error)
    {
        throw BadImage{error.what()};
    }
}

void load_kernel(GuestMemory& memory, const plan::ImagePlan& image)
{
    const UniqueFd fd = open_regular_file(image.file);
    for (const plan::Segment& segment : image.segments)
    {
        // The rest of the segment, .bss, is zero already: the memory is fresh.
        if (segment.file_size > segment.memory.size)
            throw Error{EINVAL, "load a segment of {} larger than its memory", image.file};
    }
    if (image.unpacked_size)
        return load_packed(memory, image, fd);
    for (const plan::Segment& segment : image.segments)
        memory.load(segment.memory.base, fd.get(), segment.file_offset, segment.file_size,
                    image.file);
}

} // namespace

void load_images(GuestMemory& memory, const plan::VmPlan& plan, std::span<const std::byte> dtb)
{
    load_kernel(memory, plan.kernel);
    if (plan.initrd)
        load_file(memory, plan.initrd->file, plan.initrd->memory);

    if (dtb.size() > plan.dtb.memory.size)
        throw Error{ENOSPC, "put a device tree of {} bytes into {} bytes of guest memory",
                    dtb.size(), plan.dtb.memory.size};
    std::ranges::copy(dtb, memory.at(plan.dtb.memory).begin());
}

} // namespace aliasvm::machine
