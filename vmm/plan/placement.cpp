// SPDX-License-Identifier: Apache-2.0
// RAM from 0: the kernel where it must be, everything else from the top down.
#include "vmm/plan/placement.hpp"

#include "vmm/plan/print.hpp"
#include "vmm/plan/units.hpp"

#include <algorithm>
#include <bit>
#include <system_error>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t generated_dtb_room = 0x1'0000;
constexpr std::uint64_t largest_dtb = 2 * mib; // booting.rst

class Placer
{
public:
    Placer(const Config& config, const HostFacts& facts, Problems& problems)
        : config_{&config}, facts_{&facts}, problems_{&problems}
    {
    }

    std::optional<Placement> place();

private:
    void problem(const SourcePosition& at, std::string what, std::string mend);
    template <class Facts>
    bool usable(const char* key, const Located<std::string>& path, const Facts& facts);
    bool check_memory();
    bool place_kernel();
    void check_kernel_address();
    void check_inside(const Segment& segment, std::size_t index);
    std::optional<std::uint64_t> dtb_room();
    std::optional<GuestRange> highest_gap(std::uint64_t size, std::uint64_t alignment) const;
    void no_room(const SourcePosition& at, const std::string& what, std::uint64_t size);

    const Config* config_;
    const HostFacts* facts_;
    Problems* problems_;
    Placement placement_;
    std::vector<GuestRange> taken_;
};

void Placer::problem(const SourcePosition& at, std::string what, std::string mend)
{
    problems_->push_back({at, std::move(what), std::move(mend)});
}

/// Whether the file is there and of use; if not, says why.
template <class Facts>
bool Placer::usable(const char* key, const Located<std::string>& path, const Facts& facts)
{
    if (const auto* missing = std::get_if<MissingFile>(&facts))
    {
        problem(path.at,
                fmt::format("{} {}: {}", key, path.value,
                            std::generic_category().message(missing->error_number)),
                "check the path, and that the VM's user may read the file");
        return false;
    }
    if (const auto* fault = std::get_if<ImageFault>(&facts))
    {
        problem(path.at, fmt::format("{} {} {}", key, path.value, fault->what), fault->mend);
        return false;
    }
    return true;
}

bool Placer::check_memory()
{
    if (!config_->memory)
        return false;
    const auto& [size, at] = *config_->memory;
    const std::uint64_t page = std::max(facts_->host_page_size, page_size);
    if (size % page != 0)
    {
        problem(at, fmt::format("memory is {} bytes, no multiple of the page size {}", size, page),
                size / page * page == 0
                    ? std::string{"write memory = \"128M\""}
                    : fmt::format("write memory = \"{}\"", size_text(size / page * page)));
        return false;
    }
    if (facts_->ipa_bits < 64 && size > std::uint64_t{1} << facts_->ipa_bits)
    {
        problem(at,
                fmt::format("memory {} is beyond the {} bits of a guest's addresses",
                            size_text(size), facts_->ipa_bits),
                "write less");
        return false;
    }
    placement_.memory = {{}, size};
    return true;
}

void Placer::check_kernel_address()
{
    if (config_->kernel_address && !std::holds_alternative<RawImage>(facts_->kernel))
        problem(config_->kernel_address->at,
                "kernel_address is for raw binaries only, and the kernel is none",
                "take the line out: the file says itself where it goes");
}

void Placer::check_inside(const Segment& segment, std::size_t index)
{
    const GuestRange& memory = placement_.memory;
    if (memory.contains(segment.memory.base, segment.memory.size))
        return;
    const bool elf = placement_.kernel.kind == ImageKind::elf;
    std::string mend = elf ? "link it to addresses in RAM" : "load it elsewhere";
    if (segment.memory.base.value < memory.size)
        mend += fmt::format(", or write memory = \"{}\"",
                            size_text(align_up(segment.memory.last().value, mib)));
    problem(config_->kernel->at,
            fmt::format("kernel {}: {} [{}] is not in RAM [{}]", config_->kernel->value,
                        elf ? fmt::format("load segment {}", index) : std::string{"image"},
                        range_text(segment.memory), range_text(memory)),
            std::move(mend));
}

bool Placer::place_kernel()
{
    if (!config_->kernel || !usable("kernel", *config_->kernel, facts_->kernel))
        return false;
    const std::size_t before = problems_->size();
    check_kernel_address();
    ImagePlan& kernel = placement_.kernel;
    kernel.file = config_->kernel->value;
    if (const auto* elf = std::get_if<ElfImage>(&facts_->kernel))
    {
        kernel.kind = ImageKind::elf;
        kernel.segments = elf->segments;
        kernel.entry = elf->entry;
    }
    else if (const auto* image = std::get_if<LinuxImage>(&facts_->kernel))
    {
        kernel.kind = ImageKind::arm64_image;
        kernel.entry = GuestAddr{image->text_offset};
        kernel.segments = {{{kernel.entry, image->memory_size}, 0, image->file_size}};
    }
    else
    {
        const std::uint64_t size = std::get<RawImage>(facts_->kernel).file_size;
        kernel.kind = ImageKind::raw;
        kernel.entry = GuestAddr{config_->kernel_address ? config_->kernel_address->value : 0};
        kernel.segments = {{{kernel.entry, size}, 0, size}};
        if (kernel.entry.value % 4 != 0)
            problem(config_->kernel_address->at,
                    fmt::format("kernel_address 0x{:x} is no address of an instruction",
                                kernel.entry.value),
                    "write a multiple of 4");
    }
    for (std::size_t index = 0; index < kernel.segments.size(); ++index)
    {
        if (placement_.memory.size != 0)
            check_inside(kernel.segments[index], index);
        taken_.push_back(kernel.segments[index].memory);
    }
    return problems_->size() == before;
}

/// A power of two, which as its own alignment keeps the blob off any 2 MiB boundary.
std::optional<std::uint64_t> Placer::dtb_room()
{
    if (!config_->dtb)
        return generated_dtb_room;
    if (!usable("dtb", *config_->dtb, facts_->dtb))
        return std::nullopt;
    placement_.dtb.file = config_->dtb->value;
    const std::uint64_t size = std::get<PlainFile>(facts_->dtb).size;
    if (size > largest_dtb)
    {
        problem(config_->dtb->at,
                fmt::format("dtb {} has {} bytes, more than the 2 MiB of the boot protocol",
                            config_->dtb->value, size),
                "give a smaller one");
        return std::nullopt;
    }
    return std::max(std::bit_ceil(size), generated_dtb_room);
}

std::optional<GuestRange> Placer::highest_gap(std::uint64_t size, std::uint64_t alignment) const
{
    std::uint64_t end = placement_.memory.size;
    while (size <= end)
    {
        const GuestRange gap{GuestAddr{(end - size) / alignment * alignment}, size};
        const auto obstacle = std::ranges::find_if(taken_, [&gap](const GuestRange& range)
                                                   { return range.overlaps(gap); });
        if (obstacle == taken_.end())
            return gap;
        end = obstacle->base.value;
    }
    return std::nullopt;
}

void Placer::no_room(const SourcePosition& at, const std::string& what, std::uint64_t size)
{
    std::uint64_t end = size;
    for (const GuestRange& range : taken_)
        end = std::max(end, range.last().value + 1 + size);
    problem(at,
            fmt::format("no room for {} ({} bytes) beside the kernel in memory of {}", what, size,
                        size_text(placement_.memory.size)),
            fmt::format("write memory = \"{}\" or more",
                        size_text(align_up(std::max(end, placement_.memory.size) + 1, 2 * mib))));
}

std::optional<Placement> Placer::place()
{
    bool good = check_memory();
    good = place_kernel() && good;
    const auto room = dtb_room();
    good = good && room.has_value();
    if (config_->initrd && !usable("initrd", *config_->initrd, facts_->initrd))
        good = false;
    if (!good)
        return std::nullopt;

    // What no device can reach is of little use to a guest's drivers.
    for (const GuestRange& hole : facts_->dma_holes)
        taken_.push_back(hole);
    if (const auto gap = highest_gap(*room, *room))
    {
        placement_.dtb.memory = *gap;
        if (config_->dtb)
            placement_.dtb.memory.size = std::get<PlainFile>(facts_->dtb).size;
        taken_.push_back(*gap);
    }
    else
    {
        no_room(config_->dtb ? config_->dtb->at : config_->memory->at, "the device tree", *room);
        return std::nullopt;
    }
    if (config_->initrd)
    {
        const std::uint64_t size = std::get<PlainFile>(facts_->initrd).size;
        const auto gap = highest_gap(size, page_size);
        if (!gap)
        {
            no_room(config_->initrd->at, "the initrd", size);
            return std::nullopt;
        }
        placement_.initrd = FilePlan{config_->initrd->value, *gap};
    }
    return placement_;
}

} // namespace

std::optional<Placement> place_images(const Config& config, const HostFacts& facts,
                                      Problems& problems)
{
    return Placer{config, facts, problems}.place();
}

} // namespace aliasvm::plan
