// SPDX-License-Identifier: Apache-2.0
// A guest's files: what their bytes are taken for, and where that is placed in RAM of several
// forms.
#include "common/plan/image.hpp"

#include "common/plan/config.hpp"
#include "tests/fuzz/targets/plan_rules.hpp"
#include "tests/fuzz/targets/target.hpp"

#include <array>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace aliasvm::fuzz
{
namespace
{

constexpr std::array configurations{
    "memory = \"32M\"\nkernel = \"/k\"\n",
    "memory = \"256M\"\nkernel = \"/k\"\ninitrd = \"/i\"\ndtb = \"/d\"\n",
    // A tree that is a raw binary as well.
    "memory = \"256M\"\nvcpus = 2\nkernel = \"/k\"\nkernel_address = 0x80000\ninitrd = \"/i\"\n"
    "dtb = \"/d\"\ncmdline = \"c\"\n[alias]\nuart0 = \"uart1\"\nttc1 = \"\"\n[alias.gem3]\n"
    "instance = \"\"\nphy = 3\n",
    "memory = \"4G\"\nkernel = \"/k\"\n[alias]\ngem0 = \"gem0\"\n",
    "memory = \"64M\"\nkernel = \"/k\"\nkernel_address = 0x80000\n",
    "memory = \"64M\"\nlow_memory = \"2M\"\ndma = \"identity\"\nkernel = \"/k\"\n",
};

void check_elf(const plan::ElfImage& image, std::uint64_t file_size)
{
    require(!image.segments.empty(), "an ELF image has a segment");
    bool entered = false;
    for (const plan::Segment& segment : image.segments)
    {
        require(segment.file_offset <= file_size &&
                    segment.file_size <= file_size - segment.file_offset,
                "a segment's bytes are in the file");
        require(segment.memory.valid() && segment.memory.size != 0,
                "a segment ends within the address space");
        require(segment.file_size <= segment.memory.size, "memory holds the file's bytes");
        entered |= segment.memory.contains(image.entry);
        for (const plan::Segment& other : image.segments)
            require(&other == &segment || !other.memory.overlaps(segment.memory),
                    "segments are apart");
    }
    require(entered && image.entry.value % 4 == 0, "the entry is an instruction of a segment");
}

void check_kernel(const plan::KernelFacts& facts, std::uint64_t file_size)
{
    require(!std::holds_alternative<plan::MissingFile>(facts), "bytes are a file");
    if (const auto* fault = std::get_if<plan::ImageFault>(&facts))
        require(!fault->what.empty() && !fault->mend.empty(), "a fault says what and its mend");
    if (const auto* elf = std::get_if<plan::ElfImage>(&facts))
        check_elf(*elf, file_size);
    if (const auto* image = std::get_if<plan::LinuxImage>(&facts))
        require(image->file_size == file_size && image->memory_size >= file_size &&
                    image->text_offset < 0x20'0000,
                "an Image has room for its file");
    if (const auto* raw = std::get_if<plan::RawImage>(&facts))
        require(raw->file_size == file_size && file_size != 0, "a raw image is the whole file");
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    // As the file is mapped: from an aligned address on.
    const auto bytes = fuzz::as_bytes(fuzz::as_text(data, size));
    const std::vector<std::byte> file{bytes.begin(), bytes.end()};
    plan::HostFacts facts;
    facts.kernel = plan::analyse_kernel(file);
    facts.initrd = plan::analyse_initrd(file);
    facts.dtb = plan::analyse_dtb(file);
    facts.dma_holes = {{GuestAddr{0x800'0000}, 0x10'0000}};
    fuzz::check_kernel(facts.kernel, size);
    if (const auto* dtb = std::get_if<plan::DtbFile>(&facts.dtb))
        fuzz::require(!dtb->bytes.empty() && dtb->bytes.size() <= size,
                      "a device tree is within its file");
    static const auto configs = []
    {
        std::vector<plan::Config> parsed;
        for (const char* const text : fuzz::configurations)
            parsed.push_back(plan::parse_config(text, "vm.toml", *VmName::from("vm")));
        return parsed;
    }();
    for (std::size_t index = 0; index < configs.size(); ++index)
        fuzz::plan_soundly(configs[index], fuzz::zynqmp(), facts, fuzz::configurations[index]);
    return 0;
}
