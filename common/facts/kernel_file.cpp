// SPDX-License-Identifier: Apache-2.0
// As much of a gzip file as tells what it is.
#include "common/facts/kernel_file.hpp"

#include "common/base/error.hpp"
#include "common/base/gunzip.hpp"
#include "common/plan/linux_image.hpp"
#include "common/plan/units.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <fmt/format.h>

namespace aliasvm::facts
{

namespace
{

using Bytes = std::span<const std::byte>;

/// More than any header that is looked at.
constexpr std::size_t head_size = 4096;

std::vector<std::byte> unpack(Bytes file, const std::string& path, std::uint64_t most)
{
    std::vector<std::byte> unpacked;
    gunzip(file, path,
           [&](Bytes piece)
           {
               const std::uint64_t room = most - unpacked.size();
               const Bytes part = piece.first(std::min<std::uint64_t>(piece.size(), room));
               unpacked.insert(unpacked.end(), part.begin(), part.end());
               return part.size() == piece.size() && unpacked.size() < most;
           });
    return unpacked;
}

/// By its head and by what the trailer says. Nothing if those do not go together: there may be more
/// than one member, or something behind the file.
std::optional<KernelFile> look_at_image(Bytes file, const std::string& path)
{
    const auto head = unpack(file, path, head_size);
    if (!plan::looks_like_linux_image(head))
        return std::nullopt;
    const auto facts = plan::analyse_linux_image(head);
    if (const auto* fault = std::get_if<plan::ImageFault>(&facts))
        return KernelFile{*fault, head.size()};
    auto image = std::get<plan::LinuxImage>(facts);
    const std::uint64_t size = said_unpacked_size(file);
    if (size < head.size() || size > image.memory_size)
        return std::nullopt;
    image.file_size = size;
    return KernelFile{image, size};
}

} // namespace

KernelFile look_at_kernel(Bytes file, const std::string& path, std::uint64_t most)
{
    if (!looks_like_gzip(file))
        return {plan::analyse_kernel(file), std::nullopt};
    try
    {
        if (auto image = look_at_image(file, path))
            return *image;
        // One byte more than may be, so that too much shows.
        const auto unpacked = unpack(file, path, most + 1);
        if (unpacked.size() > most)
            return {plan::ImageFault{fmt::format("is a gzip file that unpacks to more than {}",
                                                 plan::size_text(most)),
                                     "give the VM more memory if it really is so large"},
                    std::nullopt};
        return {plan::analyse_kernel(unpacked), unpacked.size()};
    }
    catch (const Error& error)
    {
        return {plan::ImageFault{error.code().value() == ENODATA ? "is a truncated gzip file"
                                                                 : "is a damaged gzip file",
                                 "copy or build the file again"},
                std::nullopt};
    }
}

} // namespace aliasvm::facts
