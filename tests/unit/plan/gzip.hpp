// SPDX-License-Identifier: Apache-2.0
// Packs bytes for tests, as gzip(1) does.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <vector>

#include <zlib.h>

namespace aliasvm::tests
{

inline std::vector<std::byte> gzip(std::span<const std::byte> bytes)
{
    z_stream stream{};
    constexpr int gzip_only = 16;
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_only + MAX_WBITS, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error{"begin to pack"};
    std::vector<std::byte> packed(deflateBound(&stream, bytes.size()) + 64);
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int result = deflate(&stream, Z_FINISH);
    packed.resize(packed.size() - stream.avail_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END)
        throw std::runtime_error{"pack"};
    return packed;
}

} // namespace aliasvm::tests
