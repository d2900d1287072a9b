// SPDX-License-Identifier: Apache-2.0
// Maps each file for as long as it is looked at.
#include "common/facts/gather.hpp"

#include "common/base/error.hpp"
#include "common/base/mapping.hpp"
#include "common/base/unique_fd.hpp"
#include "common/facts/dma_holes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

namespace aliasvm::facts
{

namespace
{

/// The variant that `analyse` makes of the file's bytes, or MissingFile.
template <class Facts>
Facts look_at(const std::string& path, Facts (*analyse)(std::span<const std::byte>))
{
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status
    {
    };
    if (!fd.ok() || ::fstat(fd.get(), &status) != 0)
        return plan::MissingFile{errno};
    if (!S_ISREG(status.st_mode))
        return plan::MissingFile{S_ISDIR(status.st_mode) ? EISDIR : EINVAL};
    if (status.st_size == 0)
        return analyse({});
    try
    {
        const auto size = static_cast<std::uint64_t>(status.st_size);
        const Mapping view = Mapping::of_file(fd.get(), size, path);
        return analyse(view.bytes());
    }
    catch (const Error& error)
    {
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
