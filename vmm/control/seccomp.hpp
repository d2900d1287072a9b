// SPDX-License-Identifier: Apache-2.0
// Confinement: after set-up, the process can ask the kernel for little.
#pragma once

namespace aliasvm::control
{

/// From now on, and for every thread of the process, those there are already as well: no opening of
/// files, no sockets but Unix ones, no executable memory, no new threads or programs. Such a call
/// answers EPERM and is told to the kernel's audit log. Throws Error; where the host's kernel has
/// no seccomp filters, it is an error too.
void confine();

} // namespace aliasvm::control
