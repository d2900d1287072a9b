// SPDX-License-Identifier: Apache-2.0
// The definition of ioctl() that the linker finds before libc's.
#include "tests/fakes/scripted_ioctl.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>

namespace aliasvm::fakes
{

namespace
{

ScriptedIoctl* current = nullptr;

} // namespace

ScriptedIoctl::ScriptedIoctl()
{
    current = this;
}

ScriptedIoctl::~ScriptedIoctl()
{
    current = nullptr;
}

void ScriptedIoctl::on(unsigned long request, Handler handler)
{
    handlers_[request] = std::move(handler);
}

void ScriptedIoctl::answer(unsigned long request, int result)
{
    on(request, [result](int, void*) { return result; });
}

std::vector<unsigned long> ScriptedIoctl::requests() const
{
    const std::lock_guard lock{mutex_};
    return requests_;
}

std::size_t ScriptedIoctl::count(unsigned long request) const
{
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::ranges::count(requests_, request));
}

int ScriptedIoctl::dispatch(int fd, unsigned long request, void* argument)
{
    {
        const std::lock_guard lock{mutex_};
        requests_.push_back(request);
    }
    const auto handler = handlers_.find(request);
    return handler == handlers_.end() ? -ENOTTY : handler->second(fd, argument);
}

} // namespace aliasvm::fakes

extern "C" int ioctl(int fd, unsigned long request, ...) noexcept
{
    std::va_list list;
    va_start(list, request);
    void* const argument = va_arg(list, void*);
    va_end(list);
    auto* const script = aliasvm::fakes::current;
    const int answer = script == nullptr ? -ENOTTY : script->dispatch(fd, request, argument);
    if (answer >= 0)
        return answer;
    errno = -answer;
    return -1;
}
