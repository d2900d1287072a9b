// SPDX-License-Identifier: Apache-2.0
// - and _ are the same in names of modules and parameters.
#include "cli/doctor/modules.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

std::string with_underscores(std::string name)
{
    std::ranges::replace(name, '-', '_');
    return name;
}

/// "kernel/drivers/vfio/vfio-platform.ko.xz: …" is vfio_platform.
std::string module_of_path(std::string_view path)
{
    path = path.substr(0, path.find(':'));
    path = path.substr(path.rfind('/') + 1);
    return with_underscores(std::string{path.substr(0, path.find(".ko"))});
}

bool lists(const HostView& host, const std::string& file, const std::string& module)
{
    return std::ranges::any_of(host.lines(file), [&module](const std::string& line)
                               { return module_of_path(line) == module; });
}

/// NAME=VALUE in a word: the value, if the name is that one.
std::optional<std::string> value_in(const std::string& word, const std::string& name)
{
    const std::size_t equals = word.find('=');
    if (with_underscores(word.substr(0, equals)) != name)
        return std::nullopt;
    return equals == std::string::npos ? "Y" : word.substr(equals + 1);
}

/// The last one wins, as in the kernel.
std::optional<std::string> on_command_line(const HostView& host, const std::string& module,
                                           const std::string& name)
{
    std::optional<std::string> last;
    for (const std::string& word : words_of(host.text("proc/cmdline").value_or("")))
    {
        if (auto value = value_in(word, module + '.' + name))
            last = std::move(value);
    }
    return last;
}

std::optional<std::string> in_modprobe_files(const HostView& host, const std::string& module,
                                             const std::string& name)
{
    std::optional<std::string> last;
    for (const std::string folder :
         {"usr/lib/modprobe.d", "lib/modprobe.d", "run/modprobe.d", "etc/modprobe.d"})
    {
        for (const std::string& file : host.names(folder))
        {
            if (!file.ends_with(".conf"))
                continue;
            for (const std::string& line : host.lines(folder + '/' + file))
            {
                const auto words = words_of(line);
                if (words.size() < 3 || words[0] != "options" ||
                    with_underscores(words[1]) != module)
                    continue;
                for (auto word = words.begin() + 2; word != words.end(); ++word)
                {
                    if (auto value = value_in(*word, name))
                        last = std::move(value);
                }
            }
        }
    }
    return last;
}

} // namespace

ModuleState module_state(const HostView& host, const std::string& module)
{
    if (host.exists("sys/module/" + module))
        return ModuleState::loaded;
    for (const std::string folder : {"lib/modules/", "usr/lib/modules/"})
    {
        // A module that is built in and has no parameters is not in /sys.
        if (lists(host, folder + host.release + "/modules.builtin", module))
            return ModuleState::loaded;
        if (lists(host, folder + host.release + "/modules.dep", module))
            return ModuleState::loadable;
    }
    return ModuleState::missing;
}

std::optional<std::string> parameter(const HostView& host, const std::string& module,
                                     const std::string& name)
{
    if (host.exists("sys/module/" + module))
        return host.text("sys/module/" + module + "/parameters/" + name);
    // modprobe gives what the kernel command line says last, so that it wins.
    if (auto value = on_command_line(host, module, name))
        return value;
    return in_modprobe_files(host, module, name);
}

bool truth(const std::string& value)
{
    return value == "Y" || value == "y" || value == "1" || value == "on" || value == "yes";
}

std::string set_parameter(const std::string& module, const std::string& name,
                          const std::string& value)
{
    return fmt::format("add {0}.{1}={2} to the kernel command line, or, if {0} is a module, the "
                       "line \"options {0} {1}={2}\" to /etc/modprobe.d/aliasvm.conf, and reboot",
                       module, name, value);
}

} // namespace aliasvm::cli
