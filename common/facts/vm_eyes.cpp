// SPDX-License-Identifier: Apache-2.0
// One step of the path after the other, as the kernel would take them for the VM's user.
#include "common/facts/vm_eyes.hpp"

#include "common/plan/hidden_place.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <deque>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

namespace aliasvm::facts
{

namespace
{

namespace fs = std::filesystem;

constexpr int most_links = 40; // the kernel's bound

/// vm@.service: SupplementaryGroups=. Its user owns nothing, and has no other group that files
/// have.
bool is_vms_group(gid_t group)
{
    for (const char* const name : {"kvm", "aliasvm"})
    {
        struct group entry
        {
        };
        struct group* found = nullptr;
        std::array<char, 4096> text;
        if (::getgrnam_r(name, &entry, text.data(), text.size(), &found) == 0 && found != nullptr &&
            found->gr_gid == group)
            return true;
    }
    return false;
}

/// What its mode keeps from the VM's user; `needed` is a bit for others.
bool forbids(const fs::path& path, const struct stat& status, mode_t needed)
{
    constexpr unsigned to_group = 3;
    if ((status.st_mode & needed) != 0 && (status.st_mode & needed << to_group) != 0)
        return false;
    if (::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) >= 0)
        return false; // it may say otherwise
    const bool group = is_vms_group(status.st_gid);
    return (status.st_mode & (group ? needed << to_group : needed)) == 0;
}

plan::ImageFault out_of_place(const plan::HiddenPlace& place)
{
    return {fmt::format("is in {}, which a VM does not see ({} in vm@.service)", place.folder,
                        place.setting),
            "put it elsewhere, in /var/lib say"};
}

class Walk
{
public:
    explicit Walk(const fs::path& path) { push(path); }

    std::optional<plan::ImageFault> to_the_end()
    {
        while (!left_.empty())
        {
            const fs::path step = left_.front();
            left_.pop_front();
            if (step == "." || step.empty())
                continue;
            at_ = step == ".." ? at_.parent_path() : at_ / step;
            if (const auto place = plan::hidden_place(at_.native()))
                return out_of_place(*place);
            struct stat status
            {
            };
            if (::lstat(at_.c_str(), &status) != 0)
                return std::nullopt; // whoever opens it will tell
            if (S_ISLNK(status.st_mode) ? !follow() : forbidden(status))
                return fault_;
        }
        return std::nullopt;
    }

private:
    /// What a path says comes before what is left.
    void push(const fs::path& path)
    {
        if (path.is_absolute())
            at_ = "/";
        const fs::path relative = path.relative_path();
        left_.insert(left_.begin(), relative.begin(), relative.end());
    }

    /// False where there is no end.
    bool follow()
    {
        std::error_code failed;
        const fs::path target = fs::read_symlink(at_, failed);
        if (failed || ++links_ > most_links)
            return false;
        at_ = at_.parent_path();
        push(target);
        return true;
    }

    bool forbidden(const struct stat& status)
    {
        const bool folder = S_ISDIR(status.st_mode);
        if (!forbids(at_, status, folder ? S_IXOTH : S_IROTH))
            return false;
        fault_ = plan::ImageFault{
            fmt::format("cannot be read by the VM's user: {}{} has mode {:04o}",
                        folder ? "the folder " : "", at_.native(), status.st_mode & 07777),
            fmt::format("chmod o+{} {}", folder ? "x" : "r", at_.native())};
        return true;
    }

    fs::path at_{"/"};
    std::deque<fs::path> left_;
    int links_{};
    std::optional<plan::ImageFault> fault_;
};

} // namespace

std::optional<plan::ImageFault> hidden_from_vm(const std::string& path)
{
    return Walk{fs::absolute(path)}.to_the_end();
}

} // namespace aliasvm::facts
