// SPDX-License-Identifier: Apache-2.0
// getentropy(3) gives all of it or nothing.
#include "common/facts/random_seed.hpp"

#include "common/base/error.hpp"

#include <unistd.h>

#include <cerrno>

namespace aliasvm::facts
{

plan::RandomSeed random_seed()
{
    plan::RandomSeed seed;
    if (::getentropy(seed.data(), seed.size()) != 0)
        throw Error{errno, "get {} random bytes of the host", seed.size()};
    return seed;
}

} // namespace aliasvm::facts
