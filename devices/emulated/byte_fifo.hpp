// SPDX-License-Identifier: Apache-2.0
// ByteFifo: a hardware queue of a fixed number of bytes.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

namespace aliasvm::devices
{

/// Holds up to `Capacity` bytes in place. Not locked: it belongs to one device.
template <std::size_t Capacity>
class ByteFifo
{
public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t room() const noexcept { return Capacity - size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] bool full() const noexcept { return size_ == Capacity; }

    void clear() noexcept { size_ = 0; }

    /// False if it is full; the byte is not taken then.
    [[nodiscard]] bool push(std::byte value) noexcept
    {
        if (full())
            return false;
        bytes_[(first_ + size_) % Capacity] = value;
        ++size_;
        return true;
    }

    [[nodiscard]] std::optional<std::byte> pop() noexcept
    {
        if (empty())
            return std::nullopt;
        const std::byte value = bytes_[first_];
        first_ = (first_ + 1) % Capacity;
        --size_;
        return value;
    }

private:
    std::array<std::byte, Capacity> bytes_{};
    std::size_t first_{};
    std::size_t size_{};
};

} // namespace aliasvm::devices
