// SPDX-License-Identifier: Apache-2.0
// From exceptions to D-Bus errors.
#include "common/bus/error.hpp"

#include "common/base/error.hpp"
#include "common/bus/message.hpp"

#include <cerrno>
#include <new>

namespace aliasvm::bus
{

int require(int answer, const char* act)
{
    if (answer < 0)
        throw Error{-answer, "{}", act};
    return answer;
}

int reply_for_current_exception(sd_bus_error* error) noexcept
{
    try
    {
        throw;
    }
    catch (const NamedError& named)
    {
        return sd_bus_error_set(error, named.name().c_str(), named.what());
    }
    catch (const BadMessage& bad)
    {
        return sd_bus_error_set(error, error_name::invalid_args, bad.what());
    }
    catch (const std::bad_alloc&)
    {
        return sd_bus_error_set_const(error, SD_BUS_ERROR_NO_MEMORY, "out of memory");
    }
    catch (const std::exception& other)
    {
        return sd_bus_error_set(error, error_name::failed, other.what());
    }
    catch (...)
    {
        return sd_bus_error_set_const(error, error_name::failed, "unknown failure");
    }
}

} // namespace aliasvm::bus
