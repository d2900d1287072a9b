// SPDX-License-Identifier: Apache-2.0
// The kernel where it must be, everything else from the top of a bank down.
#include "common/plan/placement.hpp"

#include "common/plan/print.hpp"
#include "common/plan/units.hpp"

#include <algorithm>
#include <bit>
#include <functional>
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
    Placer(const Config& config, const HostFacts& facts, const MemoryLayout& memory,
           Problems& problems)
        : config_{&config}, facts_{&facts}, memory_{&memory}, problems_{&problems}
    {
    }

    std::optional<Placement> place();

private:
    void problem(const SourcePosition& at, std::string what, std::string mend);
    template <class Facts>
    bool usable(const char* key, const Located<std::string>& path, const Facts& facts);
    bool place_kernel();
    void place_image(const LinuxImage& image);
    void place_raw(const RawImage& image);
    void check_kernel_address();
    void check_inside(const Segment& segment, std::size_t index);
    bool place_dtb(std::uint64_t room);
    bool place_initrd();
    std::optional<std::uint64_t> dtb_room();
    std::optional<GuestAddr> image_base(std::uint64_t size) const;
    std::optional<GuestRange> find_gap(std::uint64_t size, std::uint64_t alignment) const;
    std::optional<GuestRange> highest_gap(const GuestRange& bank, std::uint64_t size,
                                          std::uint64_t alignment) const;
    void no_room(const SourcePosition& at, const std::string& what, std::uint64_t size);

    const Config* config_;
    const HostFacts* facts_;
    const MemoryLayout* memory_;
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

void Placer::check_kernel_address()
{
    if (config_->kernel_address && !std::holds_alternative<RawImage>(facts_->kernel))
        problem(config_->kernel_address->at,
                "kernel_address is for raw binaries only, and the kernel is none",
                "take the line out: the file says itself where it goes");
}

void Placer::check_inside(const Segment& segment, std::size_t index)
{
    const GuestRange& at = segment.memory;
    const auto& banks = memory_->banks;
    const bool inside = std::ranges::any_of(banks, [&at](const Bank& bank)
                                            { return bank.range.contains(at.base, at.size); });
    const Bank& lowest = banks.front();
    const bool begins_there = lowest.range.contains(at.base);
    // Where the hugepages will be is not known (warnings.cpp); where low_memory is never changes.
    if (inside || (memory_->example && (lowest.offset || !begins_there)))
        return;
    const bool elf = placement_.kernel.kind == ImageKind::elf;
    const bool identity = config_->dma.value == Dma::identity;
    std::string mend = elf ? "link it to addresses in RAM" : "load it elsewhere";
    const std::uint64_t needed = align_up(at.last().value + 1, mib); // 0: more than there is
    if (needed != 0 &&
        ((begins_there && !lowest.offset) || (identity && at.base < lowest.range.base)))
        mend += fmt::format(", or write {} = \"{}\"", identity ? "low_memory" : "memory",
                            size_text(needed));
    problem(config_->kernel->at,
            fmt::format("kernel {}: {} [{}] is not in RAM {}", config_->kernel->value,
                        elf ? fmt::format("load segment {}", index) : std::string{"image"},
                        range_text(at), banks_text(banks)),
            std::move(mend));
}

/// Where an image of this size can begin, holes left out.
std::optional<GuestAddr> Placer::image_base(std::uint64_t size) const
{
    std::vector<GuestRange> largest_first;
    for (const Bank& bank : memory_->banks)
        largest_first.push_back(bank.range);
    std::ranges::stable_sort(largest_first, std::greater{}, &GuestRange::size);
    for (const GuestRange& bank : largest_first)
    {
        GuestRange place{GuestAddr{align_up(bank.base.value, 2 * mib)}, size};
        while (bank.contains(place.base, size))
        {
            const auto hole = std::ranges::find_if(memory_->holes, [&place](const GuestRange& range)
                                                   { return range.overlaps(place); });
            if (hole == memory_->holes.end())
                return place.base;
            place.base = GuestAddr{align_up(hole->last().value + 1, 2 * mib)};
        }
    }
    return std::nullopt;
}

void Placer::place_image(const LinuxImage& image)
{
    const std::uint64_t size = image.text_offset + image.memory_size;
    const auto base = image_base(size);
    if (!base && !memory_->banks.empty())
        problem(config_->kernel->at,
                fmt::format("kernel {} needs {} bytes from a 2 MiB boundary on, and no bank of RAM "
                            "has them: {}",
                            config_->kernel->value, size, banks_text(memory_->banks)),
                fmt::format("write memory = \"{}\" or more{}", size_text(align_up(size, 2 * mib)),
                            config_->dma.value == Dma::identity
                                ? ", and have the host keep hugepages from its boot on, when they "
                                  "come in large pieces"
                                : ""));
    ImagePlan& kernel = placement_.kernel;
    kernel.kind = ImageKind::arm64_image;
    kernel.entry = base.value_or(GuestAddr{}) + image.text_offset;
    kernel.segments = {{{kernel.entry, image.memory_size}, 0, image.file_size}};
}

void Placer::place_raw(const RawImage& image)
{
    ImagePlan& kernel = placement_.kernel;
    kernel.kind = ImageKind::raw;
    if (config_->kernel_address)
        kernel.entry = GuestAddr{config_->kernel_address->value};
    else if (!memory_->banks.empty())
        kernel.entry = memory_->banks.front().range.base;
    kernel.segments = {{{kernel.entry, image.file_size}, 0, image.file_size}};
    if (kernel.entry.value % 4 != 0)
        problem(config_->kernel_address->at,
                fmt::format("kernel_address 0x{:x} is no address of an instruction",
                            kernel.entry.value),
                "write a multiple of 4");
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
        place_image(*image);
    else
        place_raw(std::get<RawImage>(facts_->kernel));
    for (std::size_t index = 0; index < kernel.segments.size(); ++index)
    {
        if (!memory_->banks.empty() && kernel.kind != ImageKind::arm64_image)
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

std::optional<GuestRange> Placer::highest_gap(const GuestRange& bank, std::uint64_t size,
                                              std::uint64_t alignment) const
{
    std::uint64_t end = bank.base.value + bank.size;
    while (size <= end)
    {
        const GuestRange gap{GuestAddr{(end - size) / alignment * alignment}, size};
        if (gap.base < bank.base)
            return std::nullopt;
        const auto obstacle = std::ranges::find_if(taken_, [&gap](const GuestRange& range)
                                                   { return range.overlaps(gap); });
        if (obstacle == taken_.end())
            return gap;
        end = obstacle->base.value;
    }
    return std::nullopt;
}

/// Near the kernel if there is room: Linux wants all within 32 GiB.
std::optional<GuestRange> Placer::find_gap(std::uint64_t size, std::uint64_t alignment) const
{
    std::vector<GuestRange> banks;
    for (const Bank& bank : memory_->banks)
        banks.push_back(bank.range);
    // Not std::ranges::stable_partition: Clang 14 cannot compile the view that it returns.
    std::stable_partition(banks.begin(), banks.end(),
                          [this](const GuestRange& bank)
                          { return bank.contains(placement_.kernel.entry); });
    for (const GuestRange& bank : banks)
    {
        if (const auto gap = highest_gap(bank, size, alignment))
            return gap;
    }
    return std::nullopt;
}

void Placer::no_room(const SourcePosition& at, const std::string& what, std::uint64_t size)
{
    const std::uint64_t memory = config_->memory->value;
    problem(at,
            fmt::format("no room for {} ({} bytes) beside the kernel in memory of {}", what, size,
                        size_text(memory)),
            fmt::format("write memory = \"{}\" or more",
                        size_text(align_up(memory + size + 1, 2 * mib))));
}

bool Placer::place_dtb(std::uint64_t room)
{
    const auto gap = find_gap(room, room);
    if (!gap)
    {
        no_room(config_->dtb ? config_->dtb->at : config_->memory->at, "the device tree", room);
        return false;
    }
    placement_.dtb.memory = *gap;
    if (config_->dtb)
        placement_.dtb.memory.size = std::get<PlainFile>(facts_->dtb).size;
    taken_.push_back(*gap);
    return true;
}

bool Placer::place_initrd()
{
    if (!config_->initrd)
        return true;
    const std::uint64_t size = std::get<PlainFile>(facts_->initrd).size;
    const auto gap = find_gap(size, page_size);
    if (!gap)
    {
        no_room(config_->initrd->at, "the initrd", size);
        return false;
    }
    placement_.initrd = FilePlan{config_->initrd->value, *gap};
    return true;
}

std::optional<Placement> Placer::place()
{
    bool good = place_kernel();
    const auto room = dtb_room();
    good = good && room.has_value();
    if (config_->initrd && !usable("initrd", *config_->initrd, facts_->initrd))
        good = false;
    if (!good || memory_->banks.empty())
        return std::nullopt;

    taken_.insert(taken_.end(), memory_->holes.begin(), memory_->holes.end());
    if (!place_dtb(*room) || !place_initrd())
        return std::nullopt;
    return placement_;
}

} // namespace

std::optional<Placement> place_images(const Config& config, const HostFacts& facts,
                                      const MemoryLayout& memory, Problems& problems)
{
    return Placer{config, facts, memory, problems}.place();
}

} // namespace aliasvm::plan
