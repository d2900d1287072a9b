// SPDX-License-Identifier: Apache-2.0
// Segments and files into guest memory, by their places in the plan.
#include "vmm/machine/image_loader.hpp"

#include "common/base/error.hpp"
#include "common/base/unique_fd.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace aliasvm::machine
{

namespace
{

UniqueFd open_file(const std::string& file)
{
    UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd.ok())
        throw Error{errno, "open {}", file};
    return fd;
}

void load_file(GuestMemory& memory, const std::string& file, const GuestRange& range)
{
    const UniqueFd fd = open_file(file);
    memory.load(range.base, fd.get(), 0, range.size, file);
}

void load_kernel(GuestMemory& memory, const plan::ImagePlan& image)
{
    const UniqueFd fd = open_file(image.file);
    for (const plan::Segment& segment : image.segments)
    {
        // The rest of the segment, .bss, is zero already: the memory is fresh.
        if (segment.file_size > segment.memory.size)
            throw Error{EINVAL, "load a segment of {} larger than its memory", image.file};
        memory.load(segment.memory.base, fd.get(), segment.file_offset, segment.file_size,
                    image.file);
    }
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
