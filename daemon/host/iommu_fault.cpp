// SPDX-License-Identifier: Apache-2.0
// Formats of: drivers/iommu/arm/arm-smmu/arm-smmu.c and arm-smmu-v3/arm-smmu-v3.c.
#include "daemon/host/iommu_fault.hpp"

#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace aliasvm::daemon
{

namespace
{

constexpr std::size_t words_of_event = 4;
constexpr std::uint32_t stream_bits_v2 = 0xffff; // SSD index and flags above

/// As many digits as there are, after an optional 0x; nothing if there are none, or too many.
std::optional<std::uint64_t> number(std::string_view text, int base)
{
    if (base == 16 && text.starts_with("0x"))
        text.remove_prefix(2);
    std::uint64_t value{};
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return parsed.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

/// The number behind a name: field("fsr=0x402, iova=0x1000", "iova=").
std::optional<std::uint64_t> field(std::string_view text, std::string_view name)
{
    const auto at = text.find(name);
    return at == text.npos ? std::nullopt : number(text.substr(at + name.size()), 16);
}

/// The text of a record of the kernel: "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT\n KEY=VALUE\n …".
std::optional<std::string_view> text_of_kernel(std::string_view record)
{
    constexpr std::uint64_t facility_shift = 3;
    const auto priority = number(record, 10);
    const auto semicolon = record.find(';');
    if (!priority || *priority >> facility_shift != 0 || semicolon == record.npos)
        return std::nullopt;
    record.remove_prefix(semicolon + 1);
    return record.substr(0, record.find('\n'));
}

/// The kernel writes what does not print, the tabulator too, as "\x09".
std::string unescaped(std::string_view text)
{
    constexpr std::size_t length = 4;
    std::string plain;
    while (!text.empty())
    {
        std::uint8_t byte{};
        if (text.size() >= length && text.starts_with("\\x"))
        {
            const char* const digits = text.data() + 2;
            if (std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2)
            {
                plain += static_cast<char>(byte);
                text.remove_prefix(length);
                continue;
            }
        }
        plain += text.front();
        text.remove_prefix(1);
    }
    return plain;
}

/// Of Arm's specification of the SMMUv3, 7.3: those whose third word is the input address.
bool has_address(std::uint64_t event)
{
    switch (event)
    {
    case 0x01: // F_UUT
    case 0x07: // F_TRANSL_FORBIDDEN
    case 0x0b: // F_WALK_EABT
    case 0x10: // F_TRANSLATION
    case 0x11: // F_ADDR_SIZE
    case 0x12: // F_ACCESS
    case 0x13: // F_PERMISSION
    case 0x20: // F_TLB_CONFLICT
        return true;
    default:
        return false;
    }
}

} // namespace

std::optional<IommuFault> IommuFaultReader::take(std::string_view record)
{
    const auto said = text_of_kernel(record);
    if (!said)
        return std::nullopt;
    // "arm-smmu-v3 9050000.smmuv3: …", as dev_err() begins every line.
    const std::string text = unescaped(*said);
    const auto blank = text.find(' ');
    const auto colon = text.find(": ");
    if (blank == text.npos || colon == text.npos || colon < blank)
        return std::nullopt;
    const auto driver = std::string_view{text}.substr(0, blank);
    const auto iommu = std::string_view{text}.substr(blank + 1, colon - blank - 1);
    if (driver == "arm-smmu")
        return take_v2(iommu, text);
    if (driver == "arm-smmu-v3")
        return take_v3(iommu, text);
    return std::nullopt;
}

void IommuFaultReader::forget()
{
    event_.reset();
    reported_raw_.clear();
}

std::optional<IommuFault> IommuFaultReader::take_v2(std::string_view iommu, const std::string& text)
{
    IommuFault fault{std::string{iommu}, 0, std::nullopt, text};
    std::optional<std::uint64_t> stream;
    if (text.find("Unhandled context fault: ") != text.npos)
    {
        stream = field(text, "cbfrsynra=");
        fault.address = field(text, " iova=");
        if (!fault.address)
            return std::nullopt;
    }
    // Comes after "Unexpected global fault" and after "Blocked unknown Stream ID".
    else if (text.find("GFSR 0x") != text.npos)
        stream = field(text, "GFSYNR1 ");
    if (!stream)
        return std::nullopt;
    fault.stream = static_cast<std::uint32_t>(*stream & stream_bits_v2);
    return fault;
}

std::optional<IommuFault> IommuFaultReader::take_v3(std::string_view iommu, const std::string& text)
{
    const auto said = std::string_view{text}.substr(text.find(": ") + 2);
    if (said.starts_with("event 0x") && said.ends_with(" received:"))
    {
        reported_raw_.clear();
        event_ = Event{std::string{iommu}, text, field(said, "event ").value_or(0), {}};
        return std::nullopt;
    }
    if (said.starts_with("\t0x") && event_ && event_->iommu == iommu)
    {
        const auto word = field(said, "\t");
        if (!word)
            event_.reset();
        else
        {
            event_->text += fmt::format(" {:#018x}", *word);
            event_->words.push_back(*word);
            if (event_->words.size() == words_of_event)
                return finish_event();
        }
        return std::nullopt;
    }
    // Linux 6.15 says it once more in words.
    if (said.starts_with("event: "))
    {
        const bool told = std::exchange(reported_raw_, {}) == iommu;
        const auto stream = field(said, " sid: ");
        if (told || !stream)
            return std::nullopt;
        return IommuFault{std::string{iommu}, static_cast<std::uint32_t>(*stream),
                          field(said, " iova: "), text};
    }
    return std::nullopt;
}

std::optional<IommuFault> IommuFaultReader::finish_event()
{
    const Event event = *std::exchange(event_, std::nullopt);
    reported_raw_ = event.iommu;
    IommuFault fault{event.iommu, static_cast<std::uint32_t>(event.words[0] >> 32), std::nullopt,
                     event.text};
    if (has_address(event.id))
        fault.address = event.words[2];
    return fault;
}

} // namespace aliasvm::daemon
