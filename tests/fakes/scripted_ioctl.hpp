// SPDX-License-Identifier: Apache-2.0
// ScriptedIoctl: takes the place of ioctl(2) in a test program, which then plays the kernel.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <vector>

namespace aliasvm::fakes
{

/// While one exists, every ioctl of the program comes here; without one, each fails with ENOTTY.
/// Handlers may be called from any thread, but are registered before there are others.
class ScriptedIoctl
{
public:
    /// Gets the descriptor and the argument; returns the kernel's answer, or -errno.
    using Handler = std::function<int(int fd, void* argument)>;

    ScriptedIoctl();
    ~ScriptedIoctl();
    ScriptedIoctl(const ScriptedIoctl&) = delete;
    ScriptedIoctl& operator=(const ScriptedIoctl&) = delete;

    void on(unsigned long request, Handler handler);
    /// The same answer every time.
    void answer(unsigned long request, int result);
    /// Keeps a copy of the structure that each request brings, and answers 0.
    template <class T>
    void record(unsigned long request, std::vector<T>& seen)
    {
        on(request,
           [&seen](int, void* argument)
           {
               seen.push_back(*static_cast<const T*>(argument));
               return 0;
           });
    }

    /// Every request so far, in order.
    [[nodiscard]] std::vector<unsigned long> requests() const;
    [[nodiscard]] std::size_t count(unsigned long request) const;

    [[nodiscard]] int dispatch(int fd, unsigned long request, void* argument);

private:
    mutable std::mutex mutex_;
    std::map<unsigned long, Handler> handlers_;
    std::vector<unsigned long> requests_;
};

} // namespace aliasvm::fakes
