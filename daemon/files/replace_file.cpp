// SPDX-License-Identifier: Apache-2.0
// Write beside, fsync, rename over, fsync the folder.
#include "daemon/files/replace_file.hpp"

#include "common/base/error.hpp"
#include "common/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace aliasvm::daemon
{

namespace fs = std::filesystem;

namespace
{

constexpr mode_t mode_of_new_files = 0644;
constexpr std::string_view random_part = "XXXXXX"; // of mkostemp(3)

/// Takes the file away again unless it has become the real one.
class TemporaryFile
{
public:
    explicit TemporaryFile(std::string pattern) : name_{std::move(pattern)}
    {
        fd_.reset(::mkostemp(name_.data(), O_CLOEXEC));
        if (!fd_.ok())
            throw Error{errno, "make the file {}", name_};
    }
    ~TemporaryFile()
    {
        if (!name_.empty())
            ::unlink(name_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    void write(std::string_view text) const
    {
        while (!text.empty())
        {
            const ssize_t done = ::write(fd_.get(), text.data(), text.size());
            if (done < 0 && errno != EINTR)
                throw Error{errno, "write to {}", name_};
            if (done > 0)
                text.remove_prefix(static_cast<std::size_t>(done));
        }
    }

    void own_as(const struct stat& old) const
    {
        // In this order: a change of owner takes mode bits away.
        if (::fchown(fd_.get(), old.st_uid, old.st_gid) != 0)
            throw Error{errno, "give {} to user {}, group {}", name_, old.st_uid, old.st_gid};
        set_mode(old.st_mode & 07777);
    }

    void set_mode(mode_t mode) const
    {
        if (::fchmod(fd_.get(), mode) != 0)
            throw Error{errno, "set the mode of {}", name_};
    }

    void become(const fs::path& file)
    {
        if (::fsync(fd_.get()) != 0)
            throw Error{errno, "fsync {}", name_};
        if (::rename(name_.c_str(), file.c_str()) != 0)
            throw Error{errno, "rename {} to {}", name_, file.string()};
        name_.clear();
    }

private:
    std::string name_;
    UniqueFd fd_;
};

void remove_leftovers(const fs::path& folder, const std::string& prefix)
{
    // Collected first: what a directory_iterator finds while files go away is not said.
    std::vector<fs::path> leftovers;
    for (const auto& entry : fs::directory_iterator{folder})
    {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.size() == prefix.size() + random_part.size())
            leftovers.push_back(entry.path());
    }
    for (const fs::path& leftover : leftovers)
    {
        std::error_code ignored; // it costs a few blocks, no more
        fs::remove(leftover, ignored);
    }
}

} // namespace

void replace_file(const std::string& path, std::string_view text)
try
{
    std::error_code none;
    fs::path file = fs::canonical(path, none);
    if (none)
        file = fs::absolute(path);
    const fs::path folder = file.parent_path();
    const std::string prefix = "." + file.filename().string() + ".new-";
    const UniqueFd folder_fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!folder_fd.ok())
        throw Error{errno, "open the folder {}", folder.string()};
    remove_leftovers(folder, prefix);

    TemporaryFile fresh{(folder / prefix).string() + std::string{random_part}};
    fresh.write(text);
    struct stat old
    {
    };
    if (::stat(file.c_str(), &old) == 0)
        fresh.own_as(old);
    else if (errno == ENOENT)
        fresh.set_mode(mode_of_new_files);
    else
        throw Error{errno, "look at {}", file.string()};
    fresh.become(file);
    if (::fsync(folder_fd.get()) != 0)
        throw Error{errno, "fsync the folder {}", folder.string()};
}
catch (const fs::filesystem_error& error)
{
    throw Error{error.code().value(), "replace {}", path};
}

} // namespace aliasvm::daemon
