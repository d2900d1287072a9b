// SPDX-License-Identifier: Apache-2.0
// The main program of a fuzz target that is built without libFuzzer: its corpus, once through.
#include "tests/fuzz/targets/target.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace
{

namespace fs = std::filesystem;

std::vector<fs::path> inputs_of(const fs::path& path)
{
    if (!fs::is_directory(path))
        return {path};
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator{path})
        files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

std::string read(const fs::path& path)
{
    std::ifstream file{path, std::ios::binary};
    if (!file)
        throw fs::filesystem_error{"open", path, std::error_code{errno, std::generic_category()}};
    return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace

/// Arguments are inputs, or folders of them.
int main(int argc, char** argv)
{
    std::size_t count = 0;
    for (int index = 1; index < argc; ++index)
    {
        for (const fs::path& file : inputs_of(argv[index]))
        {
            const std::string bytes = read(file);
            // Told before: whoever reads of an abort wants to know the input.
            std::printf("%s\n", file.c_str());
            std::fflush(stdout);
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                   bytes.size());
            ++count;
        }
    }
    std::printf("%zu inputs\n", count);
    return count == 0 ? 1 : 0;
}
