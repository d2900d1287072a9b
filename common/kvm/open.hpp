// SPDX-License-Identifier: Apache-2.0
// The door to the host's KVM.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/kvm/port.hpp"

#include <memory>

namespace aliasvm::kvm
{

/// Opens /dev/kvm. Throws Error with the mend: no KVM, no permission, or what the host's KVM lacks.
[[nodiscard]] std::unique_ptr<System> open_system();

/// The same over an open /dev/kvm that somebody handed over.
[[nodiscard]] std::unique_ptr<System> adopt_system(UniqueFd kvm);

} // namespace aliasvm::kvm
