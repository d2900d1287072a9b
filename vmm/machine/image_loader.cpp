// SPDX-License-Identifier: Apache-2.0
// Segments and files into guest memory, by their places in the plan.
#include "vmm/machine/image_loader.hpp"

#include "common/base/error.hpp"
#include "common/base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

namespace aliasvm::machine
{

namespace
{

void load_file(GuestMemory& memory, const std::string& file, const GuestRange& range)
{
    const UniqueFd fd = open_regular_file(file);
    memory.load(range.base, fd.get(), 0, range.size, file);
}

void load_kernel(GuestMemory& memory, const plan::ImagePlan& image)
{
    const UniqueFd fd = open_regular_file(image.file);
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

void load_images(GuestMemory& memory, const plan::VmPlan& plan,
                 std::span<const std::byte> generated_dtb)
{
    load_kernel(memory, plan.kernel);
    if (plan.initrd)
        load_file(memory, plan.initrd->file, plan.initrd->memory);

    if (plan.dtb.file)
    {
        load_file(memory, *plan.dtb.file, plan.dtb.memory);
        return;
    }
    if (generated_dtb.size() > plan.dtb.memory.size)
        throw Error{ENOSPC, "put a device tree of {} bytes into {} bytes of guest memory",
                    generated_dtb.size(), plan.dtb.memory.size};
    std::ranges::copy(generated_dtb, memory.at(plan.dtb.memory).begin());
}

} // namespace aliasvm::machine
