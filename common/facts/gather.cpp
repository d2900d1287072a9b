// SPDX-License-Identifier: Apache-2.0
// Maps each file for as long as it is looked at.
#include "common/facts/gather.hpp"

#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/base/mapping.hpp"
#include "common/facts/dma_holes.hpp"
#include "common/facts/host_traits.hpp"
#include "common/facts/kernel_file.hpp"
#include "common/facts/vm_eyes.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>
#include <utility>

namespace aliasvm::facts
{

namespace
{

/// Of a kernel that has to be unpacked for the look.
constexpr std::uint64_t most_unpacked = 256U << 20;

/// What `analyse` makes of the file's bytes, or why there are none.
template <class Facts, class Analyse>
Facts look_at(const std::string& path, Eyes eyes, const Analyse& analyse)
{
    if (eyes == Eyes::vms)
    {
        if (auto fault = hidden_from_vm(path))
            return std::move(*fault);
    }
    try
    {
        const UniqueFd fd = open_regular_file(path);
        struct stat status
        {
        };
        if (::fstat(fd.get(), &status) != 0)
            return plan::MissingFile{errno};
        if (status.st_size == 0)
            return analyse(std::span<const std::byte>{});
        const auto size = static_cast<std::uint64_t>(status.st_size);
        const Mapping view = Mapping::of_file(fd.get(), size, path);
        return analyse(std::span<const std::byte>{view.bytes()});
    }
    catch (const Error& error)
    {
        if (error.code().value() == EINVAL)
            return plan::ImageFault{"is a pipe, a socket or a device", "give a regular file"};
        return plan::MissingFile{error.code().value()};
    }
}

void look_at_kernel_of(const plan::Config& config, Eyes eyes, plan::HostFacts& facts)
{
    const std::string& path = config.kernel->value;
    // What is more than the RAM cannot be loaded anyway.
    const std::uint64_t most = config.memory && !config.low_memory
                                   ? std::min(config.memory->value, most_unpacked)
                                   : most_unpacked;
    facts.kernel = look_at<plan::KernelFacts>(path, eyes,
                                              [&](std::span<const std::byte> file)
                                              {
                                                  KernelFile kernel =
                                                      look_at_kernel(file, path, most);
                                                  facts.unpacked_size = kernel.unpacked_size;
                                                  return std::move(kernel.facts);
                                              });
}

} // namespace

plan::HostFacts gather(const plan::Config& config, const plan::Catalogue& catalogue,
                       const plan::CpuFacts& cpu, Eyes eyes, const std::filesystem::path& sysfs)
{
    plan::HostFacts facts;
    facts.traits = host_traits(catalogue, sysfs);
    facts.cpu = cpu;
    facts.host_page_size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    if (config.kernel)
        look_at_kernel_of(config, eyes, facts);
    if (config.initrd)
        facts.initrd = look_at<plan::FileFacts>(config.initrd->value, eyes, plan::analyse_initrd);
    if (config.dtb)
        facts.dtb = look_at<plan::DtbFacts>(config.dtb->value, eyes, plan::analyse_dtb);
    if (config.dma.value == Dma::iommu)
        facts.dma_holes = dma_holes(catalogue, sysfs);
    return facts;
}

std::optional<Problem> hidden_configuration(const std::string& file)
{
    auto fault = hidden_from_vm(file);
    if (!fault)
        return std::nullopt;
    return Problem{{file, 0, 0}, "the file " + std::move(fault->what), std::move(fault->mend)};
}

} // namespace aliasvm::facts
