// SPDX-License-Identifier: Apache-2.0
// doctor: all checks, and how they are told.
#pragma once

#include "cli/doctor/checks.hpp"

#include <string>
#include <vector>

namespace aliasvm::cli
{

struct Diagnosis
{
    const char* check{};
    Finding finding;
};

/// Every check, in the order of the table.
[[nodiscard]] std::vector<Diagnosis> examine(const HostView& host);
/// Whether one failed.
[[nodiscard]] bool failed(const std::vector<Diagnosis>& all);
/// "FAIL     reset-required  what; mend", a line each.
[[nodiscard]] std::string diagnoses_text(const std::vector<Diagnosis>& all, bool colours);
[[nodiscard]] std::string diagnoses_json(const std::vector<Diagnosis>& all);

} // namespace aliasvm::cli
