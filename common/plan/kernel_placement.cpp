// SPDX-License-Identifier: Apache-2.0
// Each kind of image to its place.
#include "common/plan/kernel_placement.hpp"

#include "common/plan/print.hpp"
#include "common/plan/units.hpp"
#include "common/plan/usable_file.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

constexpr std::uint64_t mib = 1 << 20;

class KernelPlacer
{
public:
    KernelPlacer(const Config& config, const HostFacts& facts, const MemoryLayout& memory,
                 const Surroundings& around, Problems& problems)
        : config_{&config}, facts_{&facts}, memory_{&memory}, around_{&around}, problems_{&problems}
    {
    }

    std::optional<ImagePlan> place();

private:
    void problem(const SourcePosition& at, std::string what, std::string mend);
    bool usable_foreign();
    void check_kernel_address();
    void place_elf(const ElfImage& elf);
    std::uint64_t moved_by(const ElfImage& elf);
    void place_image(const LinuxImage& image);
    void place_raw(std::uint64_t file_size);
    [[nodiscard]] bool in_ram(const GuestRange& range) const;
    void check_all_inside();
    void check_inside(const Segment& segment, std::size_t index);
    std::optional<GuestAddr> image_base(std::uint64_t size, bool anywhere) const;

    const Config* config_;
    const HostFacts* facts_;
    const MemoryLayout* memory_;
    const Surroundings* around_;
    Problems* problems_;
    ImagePlan kernel_;
};

void KernelPlacer::problem(const SourcePosition& at, std::string what, std::string mend)
{
    problems_->push_back({at, std::move(what), std::move(mend)});
}

/// Not, if its look is all that is known of it.
bool KernelPlacer::usable_foreign()
{
    const auto* foreign = std::get_if<ForeignImage>(&facts_->kernel);
    if (foreign == nullptr || config_->kernel_address)
        return true;
    problem(config_->kernel->at,
            fmt::format("kernel {} {}", config_->kernel->value, foreign->fault.what),
            foreign->fault.mend +
                "; or, for a raw binary that only looks like this, write kernel_address");
    return false;
}

void KernelPlacer::check_kernel_address()
{
    const auto* elf = std::get_if<ElfImage>(&facts_->kernel);
    if (config_->kernel_address && ((elf != nullptr && elf->alignment == 0) ||
                                    std::holds_alternative<LinuxImage>(facts_->kernel)))
        problem(config_->kernel_address->at,
                "kernel_address is for raw binaries and static PIE only, and the kernel is neither",
                "take the line out: the file says itself where it goes");
}

bool KernelPlacer::in_ram(const GuestRange& range) const
{
    return (memory_->ocm && memory_->ocm->range.contains(range.base, range.size)) ||
           std::ranges::any_of(memory_->banks, [&range](const Bank& bank)
                               { return bank.range.contains(range.base, range.size); });
}

void KernelPlacer::check_all_inside()
{
    if (memory_->banks.empty())
        return;
    for (std::size_t index = 0; index < kernel_.segments.size(); ++index)
        check_inside(kernel_.segments[index], index);
}

void KernelPlacer::check_inside(const Segment& segment, std::size_t index)
{
    const GuestRange& at = segment.memory;
    if (in_ram(at))
        return;
    const bool elf = kernel_.kind == ImageKind::elf;
    const std::string what = fmt::format(
        "kernel {}: {} [{}]", config_->kernel->value,
        elf ? fmt::format("load segment {}", index) : std::string{"image"}, range_text(at));
    const std::string elsewhere = elf ? "link it to addresses in RAM" : "load it elsewhere";
    const auto device =
        std::ranges::find_if(around_->devices, [&at](const Surroundings::Device& one)
                             { return one.window.overlaps(at); });
    if (device != around_->devices.end())
        return problem(
            config_->kernel->at,
            fmt::format("{} lies over {} [{}]", what, device->owner, range_text(device->window)),
            elsewhere);
    if (around_->ocm && !memory_->ocm && around_->ocm->contains(at.base, at.size))
        return problem(config_->kernel->at,
                       what + " is in the on-chip memory, which this VM has not",
                       "write ocm = true");

    const Bank& lowest = memory_->banks.front();
    const bool begins_there = lowest.range.contains(at.base);
    const bool can_be_ram = std::ranges::any_of(around_->ram, [&at](const GuestRange& range)
                                                { return range.contains(at.base, at.size); });
    // Where the hugepages will be is not known (warnings.cpp); where low_memory is never changes.
    if (memory_->example && can_be_ram && (lowest.offset || !begins_there))
        return;
    const bool identity = config_->dma.value == Dma::identity;
    std::string mend = elsewhere;
    if (can_be_ram &&
        ((begins_there && !lowest.offset) || (identity && at.base < lowest.range.base)))
        mend += fmt::format(", or write {} = \"{}\"", identity ? "low_memory" : "memory",
                            size_text(align_up(at.last().value + 1, mib)));
    problem(config_->kernel->at,
            fmt::format("{} is not in RAM {}{}", what, banks_text(memory_->banks),
                        memory_->ocm ? fmt::format(", [{}]", range_text(memory_->ocm->range))
                                     : std::string{}),
            std::move(mend));
}

/// Where an image of this size can begin, holes left out: in the largest bank if it may be
/// anywhere.
std::optional<GuestAddr> KernelPlacer::image_base(std::uint64_t size, bool anywhere) const
{
    std::vector<GuestRange> banks;
    for (const Bank& bank : memory_->banks)
        banks.push_back(bank.range);
    if (anywhere)
        std::ranges::stable_sort(banks, std::greater{}, &GuestRange::size);
    for (const GuestRange& bank : banks)
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

void KernelPlacer::place_elf(const ElfImage& elf)
{
    kernel_.kind = ImageKind::elf;
    kernel_.segments = elf.segments;
    kernel_.entry = elf.entry;
    if (elf.alignment == 0)
        return;
    const std::uint64_t by = moved_by(elf);
    for (Segment& segment : kernel_.segments)
        segment.memory.base.value += by;
    kernel_.entry.value += by;
}

/// How far a static PIE goes from where it is linked to. Modulo 2^64: it may go down.
std::uint64_t KernelPlacer::moved_by(const ElfImage& elf)
{
    const auto begin = [](const Segment& segment) { return segment.memory.base; };
    const std::uint64_t lowest = std::ranges::min(elf.segments, {}, begin).memory.base.value;
    if (!config_->kernel_address)
    {
        const bool linked_to_ram = std::ranges::all_of(elf.segments, [this](const Segment& segment)
                                                       { return in_ram(segment.memory); });
        if (linked_to_ram || memory_->banks.empty())
            return 0;
        const std::uint64_t ram = memory_->banks.front().range.base.value;
        return align_up(ram - lowest, elf.alignment);
    }
    const auto [address, at] = *config_->kernel_address;
    const std::uint64_t by = address - lowest;
    if (by % elf.alignment != 0)
        problem(at,
                fmt::format("kernel_address 0x{:x} is no place for {}, which is linked to 0x{:x} "
                            "and moves by 0x{:x}",
                            address, config_->kernel->value, lowest, elf.alignment),
                fmt::format("write 0x{:x}", lowest + align_up(by, elf.alignment)));
    return by;
}

void KernelPlacer::place_image(const LinuxImage& image)
{
    const std::uint64_t size = image.text_offset + image.memory_size;
    const auto base = image_base(size, image.anywhere);
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
    kernel_.kind = ImageKind::arm64_image;
    kernel_.entry = base.value_or(GuestAddr{}) + image.text_offset;
    kernel_.segments = {{{kernel_.entry, image.memory_size}, 0, image.file_size}};
}

void KernelPlacer::place_raw(std::uint64_t file_size)
{
    kernel_.kind = ImageKind::raw;
    if (config_->kernel_address)
        kernel_.entry = GuestAddr{config_->kernel_address->value};
    else if (!memory_->banks.empty())
        kernel_.entry = memory_->banks.front().range.base;
    kernel_.segments = {{{kernel_.entry, file_size}, 0, file_size}};
    if (kernel_.entry.value % 4 != 0)
        problem(config_->kernel_address->at,
                fmt::format("kernel_address 0x{:x} is no address of an instruction",
                            kernel_.entry.value),
                "write a multiple of 4");
}

std::optional<ImagePlan> KernelPlacer::place()
{
    if (!config_->kernel || !usable("kernel", *config_->kernel, facts_->kernel, *problems_) ||
        !usable_foreign())
        return std::nullopt;
    const std::size_t before = problems_->size();
    check_kernel_address();
    kernel_.file = config_->kernel->value;
    kernel_.unpacked_size = facts_->unpacked_size;
    if (const auto* elf = std::get_if<ElfImage>(&facts_->kernel))
        place_elf(*elf);
    else if (const auto* image = std::get_if<LinuxImage>(&facts_->kernel))
        place_image(*image);
    else if (const auto* foreign = std::get_if<ForeignImage>(&facts_->kernel))
        place_raw(foreign->file_size);
    else
        place_raw(std::get<RawImage>(facts_->kernel).file_size);
    if (kernel_.kind != ImageKind::arm64_image)
        check_all_inside();
    if (problems_->size() != before)
        return std::nullopt;
    return std::move(kernel_);
}

} // namespace

std::optional<ImagePlan> kernel_plan(const Config& config, const HostFacts& facts,
                                     const MemoryLayout& memory, const Surroundings& around,
                                     Problems& problems)
{
    return KernelPlacer{config, facts, memory, around, problems}.place();
}

} // namespace aliasvm::plan
