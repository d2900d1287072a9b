// SPDX-License-Identifier: Apache-2.0
// What is to be said of a machine's configuration before it is started.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/catalogue.hpp"
#include "daemon/ownership/machines.hpp"

namespace aliasvm::daemon
{

struct Verdict
{
    Problems problems; ///< the start would fail of these
    Problems warnings; ///< known only where there is no problem
};

/// As the next start would find it, with the instances that its aliases shall have and the eyes of
/// the VM's user. The file is read again if it is another one. Main thread.
[[nodiscard]] Verdict check_configuration(const Machine& machine, Machines& machines,
                                          const plan::Catalogue& catalogue);

} // namespace aliasvm::daemon
