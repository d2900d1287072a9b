// SPDX-License-Identifier: Apache-2.0
// Maps each file for as long as it is looked at.
#include "common/facts/gather.hpp"

#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/base/mapping.hpp"
#include "common/facts/dma_holes.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

namespace aliasvm::facts
{

namespace
{

/// The variant that `analyse` makes of the file's bytes, or why there are none.
template <class Facts>
Facts look_at(const std::string& path, Facts (*analyse)(std::span<const std::byte>))
{
    try
    {
        const UniqueFd fd = open_regular_file(path);
        struct stat status
        {
        };
        if (::fstat(fd.get(), &status) != 0)
            return plan::MissingFile{errno};
        if (status.st_size == 0)
            return analyse({});
        const auto size = static_cast<std::uint64_t>(status.st_size);
        const Mapping view = Mapping::of_file(fd.get(), size, path);
        return analyse(view.bytes());
    }
    catch (const Error& error)
    {
        if (error.code().value() == EINVAL)
            return plan::ImageFault{"is a pipe, a socket or a device", "give a regular file"};
        return plan::MissingFile{error.code().value()};
    }
}

} // namespace

plan::HostFacts gather(const plan::Config& config, const plan::Catalogue& catalogue,
                       unsigned ipa_bits)
{
    plan::HostFacts facts;
    facts.ipa_bits = ipa_bits;
    facts.host_page_size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    if (config.kernel)
        facts.kernel = look_at(config.kernel->value, plan::analyse_kernel);
    if (config.initrd)
        facts.initrd = look_at(config.initrd->value, plan::analyse_initrd);
    if (config.dtb)
        facts.dtb = look_at(config.dtb->value, plan::analyse_dtb);
    if (config.dma.value == Dma::iommu)
        facts.dma_holes = dma_holes(catalogue);
    return facts;
}

} // namespace aliasvm::facts
