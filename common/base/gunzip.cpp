// SPDX-License-Identifier: Apache-2.0
// zlib, which checks sums and lengths.
#include "common/base/gunzip.hpp"

#include "common/base/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include <zlib.h>

namespace aliasvm
{

namespace
{

constexpr std::size_t piece_size = 64U << 10;
constexpr std::size_t smallest_file = 18; // header and trailer

class Inflater
{
public:
    explicit Inflater(std::string_view what) : what_{what}
    {
        constexpr int gzip_only = 16;
        if (inflateInit2(&stream_, gzip_only + MAX_WBITS) != Z_OK)
            throw Error{ENOMEM, "unpack {}", what_};
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    /// Unpacks more of `packed`, which it shortens by what it has read.
    std::span<const std::byte> next(std::span<const std::byte>& packed)
    {
        const auto given = std::min<std::size_t>(packed.size(), std::numeric_limits<uInt>::max());
        // zlib does not write there, but says so only where ZLIB_CONST is defined before anybody
        // else includes it.
        stream_.next_in =
            const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data())); // NOLINT
        stream_.avail_in = static_cast<uInt>(given);
        stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
        stream_.avail_out = static_cast<uInt>(piece_.size());
        const int result = inflate(&stream_, Z_NO_FLUSH);
        if (result == Z_BUF_ERROR)
            throw Error{ENODATA, "unpack {}, which is truncated", what_};
        if (result != Z_OK && result != Z_STREAM_END)
            throw Error{EBADMSG, "unpack {}, which is damaged ({})", what_,
                        stream_.msg == nullptr ? "zlib says no more" : stream_.msg};
        packed = packed.subspan(given - stream_.avail_in);
        member_over_ = result == Z_STREAM_END;
        return std::span{piece_}.first(piece_.size() - stream_.avail_out);
    }

    [[nodiscard]] bool member_over() const { return member_over_; }
    void begin_member() { inflateReset(&stream_); }

private:
    std::string_view what_;
    z_stream stream_{};
    bool member_over_{};
    std::array<std::byte, piece_size> piece_;
};

} // namespace

bool looks_like_gzip(std::span<const std::byte> packed)
{
    constexpr std::array magic{std::byte{0x1f}, std::byte{0x8b}, std::byte{8}}; // 8: deflate
    return packed.size() >= magic.size() && std::ranges::equal(magic, packed.first(magic.size()));
}

std::uint32_t said_unpacked_size(std::span<const std::byte> packed)
{
    if (packed.size() < smallest_file)
        return 0;
    std::uint32_t size = 0;
    for (const std::byte byte : {packed[packed.size() - 1], packed[packed.size() - 2],
                                 packed[packed.size() - 3], packed[packed.size() - 4]})
        size = size << 8 | std::to_integer<std::uint32_t>(byte);
    return size;
}

void gunzip(std::span<const std::byte> packed, std::string_view what,
            const std::function<bool(std::span<const std::byte> piece)>& take)
{
    Inflater inflater{what};
    for (;;)
    {
        const auto piece = inflater.next(packed);
        if (!piece.empty() && !take(piece))
            return;
        if (!inflater.member_over())
            continue;
        if (!looks_like_gzip(packed))
            return;
        inflater.begin_member();
    }
}

} // namespace aliasvm
