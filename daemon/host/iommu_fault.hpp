// SPDX-License-Identifier: Apache-2.0
// IommuFaultReader: finds the faults of an SMMU in what the kernel writes to its log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::daemon
{

/// A transaction that an IOMMU has stopped.
struct IommuFault
{
    std::string iommu;                    ///< "fd800000.smmu", below bus/platform/devices
    std::uint32_t stream{};               ///< as in `iommus` and in the catalogue
    std::optional<std::uint64_t> address; ///< guest-physical; none if no address was translated
    std::string words;                    ///< what the kernel said

    friend bool operator==(const IommuFault&, const IommuFault&) = default;
};

/// Knows what arm-smmu and arm-smmu-v3 of Linux 5.15 to 6.15 say. VFIO has no other report of a
/// fault, and both drivers limit the rate of theirs: the absence of a message says nothing, and one
/// message can stand for many faults.
///
/// Only what the kernel itself said counts. Whoever may write to /dev/kmsg could otherwise have any
/// VM stopped; the kernel puts a facility of its own choice on such lines, and never 0.
class IommuFaultReader
{
public:
    /// A record as one read(2) of /dev/kmsg gives it, whatever is in it (Documentation/ABI/testing/
    /// dev-kmsg). The fault that it completes, if it does.
    [[nodiscard]] std::optional<IommuFault> take(std::string_view record);

    /// Records were lost: what had begun does not go on.
    void forget();

private:
    /// Of arm-smmu-v3: a heading and four words in as many records, between which others may come.
    struct Event
    {
        std::string iommu;
        std::string text;
        std::uint64_t id{};
        std::vector<std::uint64_t> words;
    };

    [[nodiscard]] std::optional<IommuFault> take_v2(std::string_view iommu,
                                                    const std::string& text);
    [[nodiscard]] std::optional<IommuFault> take_v3(std::string_view iommu,
                                                    const std::string& text);
    [[nodiscard]] std::optional<IommuFault> finish_event();

    std::optional<Event> event_;
    std::string reported_raw_; ///< the SMMU whose decoded line is still to come, and tells no news
};

} // namespace aliasvm::daemon
