// SPDX-License-Identifier: Apache-2.0
// What an assignment writes down: for this boot, and in the configuration files.
#pragma once

#include "daemon/moves/move.hpp"
#include "daemon/ownership/machines.hpp"

namespace aliasvm::daemon
{

/// Notes that the instance shall stand behind the move's alias and behind no other, in the
/// assignments of this boot. Atomically, and undone with the move. Throws Error.
void record(Machines& machines, Move& move);

/// Writes the same into the configuration files of the machines concerned: first those that lose
/// the instance, then the one that gets it, so that a kill between two files leaves nobody with it
/// instead of two. Undone with the move. Throws Error; then no file is changed.
void persist(Machines& machines, Move& move);

/// Drops the entries of this boot that the files now say as well. Last of all: until a move is
/// through they are what the next process would carry out. Throws Error.
void settle(Machines& machines, const Move& move);

} // namespace aliasvm::daemon
