// SPDX-License-Identifier: Apache-2.0
// The kernel where it must be, everything else from the top of a bank down.
#include "common/plan/placement.hpp"

#include "common/plan/own_tree.hpp"
#include "common/plan/units.hpp"
#include "common/plan/usable_file.hpp"

#include <algorithm>
#include <bit>
#include <utility>

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
           const Surroundings& around, Problems& problems)
        : config_{&config}, facts_{&facts}, memory_{&memory}, around_{&around}, problems_{&problems}
    {
    }

    std::optional<Placement> place();

private:
    void problem(const SourcePosition& at, std::string what, std::string mend);
    bool place_kernel();
    bool place_dtb(std::uint64_t room);
    bool place_initrd();
    std::optional<std::uint64_t> dtb_room();
    std::optional<GuestRange> find_gap(std::uint64_t size, std::uint64_t alignment) const;
    std::optional<GuestRange> highest_gap(const GuestRange& bank, std::uint64_t size,
                                          std::uint64_t alignment) const;
    void no_room(const SourcePosition& at, const std::string& what, std::uint64_t size);

    const Config* config_;
    const HostFacts* facts_;
    const MemoryLayout* memory_;
    const Surroundings* around_;
    Problems* problems_;
    Placement placement_;
    std::vector<GuestRange> taken_;
};

void Placer::problem(const SourcePosition& at, std::string what, std::string mend)
{
    problems_->push_back({at, std::move(what), std::move(mend)});
}

/// A power of two, which as its own alignment keeps the blob off any 2 MiB boundary.
std::optional<std::uint64_t> Placer::dtb_room()
{
    if (!config_->dtb)
        return generated_dtb_room;
    if (!usable("dtb", *config_->dtb, facts_->dtb, *problems_))
        return std::nullopt;
    placement_.dtb.file = config_->dtb->value;
    const std::uint64_t size = std::get<DtbFile>(facts_->dtb).bytes.size();
    if (size > largest_dtb)
    {
        problem(config_->dtb->at,
                fmt::format("dtb {} has {} bytes, more than the 2 MiB of the boot protocol",
                            config_->dtb->value, size),
                "give a smaller one");
        return std::nullopt;
    }
    return std::min(std::bit_ceil(size + own_tree_growth), largest_dtb);
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

bool Placer::place_kernel()
{
    auto kernel = kernel_plan(*config_, *facts_, *memory_, *around_, *problems_);
    if (!kernel)
        return false;
    placement_.kernel = std::move(*kernel);
    for (const Segment& segment : placement_.kernel.segments)
        taken_.push_back(segment.memory);
    return true;
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
    if (config_->initrd && !usable("initrd", *config_->initrd, facts_->initrd, *problems_))
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
                                      const MemoryLayout& memory, const Surroundings& around,
                                      Problems& problems)
{
    return Placer{config, facts, memory, around, problems}.place();
}

} // namespace aliasvm::plan
