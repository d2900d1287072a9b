// SPDX-License-Identifier: Apache-2.0
// Which kind of file it is, and the kinds that have no form.
#include "common/plan/image.hpp"

#include "common/fdt/reader.hpp"
#include "common/plan/elf.hpp"
#include "common/plan/foreign_image.hpp"
#include "common/plan/image_bytes.hpp"
#include "common/plan/linux_image.hpp"

#include <utility>

namespace aliasvm::plan
{

namespace
{

using Bytes = std::span<const std::byte>;

template <class Result>
KernelFacts facts_of(Result result)
{
    return std::visit([](auto one) { return KernelFacts{std::move(one)}; }, std::move(result));
}

} // namespace

KernelFacts analyse_kernel(Bytes file)
{
    if (file.empty())
        return ImageFault{"is empty", "copy or build the file again"};
    if (looks_like_elf(file))
        return facts_of(analyse_elf(file));
    if (auto foreign = recognise_foreign(file))
        return ForeignImage{std::move(*foreign), file.size()};
    if (looks_like_linux_image(file))
        return facts_of(analyse_linux_image(file));
    return RawImage{file.size()};
}

FileFacts analyse_initrd(Bytes file)
{
    if (file.empty())
        return ImageFault{"is empty", "build it again, or take the key out"};
    return PlainFile{file.size()};
}

DtbFacts analyse_dtb(Bytes file)
{
    try
    {
        const Bytes tree = file.first(fdt::Tree{file, "blob"}.size());
        return DtbFile{{tree.begin(), tree.end()}};
    }
    catch (const std::exception&)
    {
        if (has_at(file, 0, "/dts-v1/"))
            return ImageFault{"is a device tree source", "compile it: dtc -O dtb -o FILE.dtb"};
        return ImageFault{"is no device tree blob, or it is truncated",
                          "compile it again: dtc -O dtb -o FILE.dtb"};
    }
}

} // namespace aliasvm::plan
