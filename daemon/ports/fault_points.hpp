// SPDX-License-Identifier: Apache-2.0
// FaultPoints: where a test makes a step fail.
#pragma once

namespace aliasvm::daemon
{

/// Where an assignment can be made to fail by a test. Production has this one, which never does.
class FaultPoints
{
public:
    virtual ~FaultPoints() = default;
    /// Throws to fail the step that begins.
    virtual void reach(const char* step) { static_cast<void>(step); }
};

} // namespace aliasvm::daemon
