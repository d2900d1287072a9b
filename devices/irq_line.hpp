// SPDX-License-Identifier: Apache-2.0
// IrqLine: the output of an emulated device towards the interrupt controller.
#pragma once

namespace aliasvm::devices
{

/// A level line. Calls of one device are serialised by that device, so that the last call is the
/// level that stays. Any thread; never throws or blocks.
class IrqLine
{
public:
    virtual ~IrqLine() = default;

    virtual void set(bool level) noexcept = 0;
};

} // namespace aliasvm::devices
