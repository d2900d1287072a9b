// SPDX-License-Identifier: Apache-2.0
// Walks the structure block of a flattened device tree (Devicetree Specification v0.4, chapter 5).

#include "fdt.h"

#include <stdbool.h>

#define MAGIC 0xd00dfeedu

enum token
{
    BEGIN_NODE = 1,
    END_NODE = 2,
    PROPERTY = 3,
    NOP = 4,
};

struct walk
{
    uint64_t at;      // in the structure block
    uint64_t strings; // the names of the properties
    unsigned depth;   // 1 within the root
    bool memory;      // within a memory node
    uint32_t address_cells;
    uint32_t size_cells;
    uint64_t bytes;
};

// Cells are big-endian and 4-aligned, so plain words are allowed with the MMU off.
static uint32_t cell(uint64_t address)
{
    return __builtin_bswap32(*(const volatile uint32_t*)address);
}

static bool begins(uint64_t address, const char* with)
{
    const volatile char* text = (const volatile char*)address;
    while (*with && *text == *with)
    {
        ++text;
        ++with;
    }
    return *with == '\0';
}

static bool is(uint64_t address, const char* name)
{
    uint64_t length = 0;
    while (name[length])
    {
        ++length;
    }
    return begins(address, name) && ((const volatile char*)address)[length] == '\0';
}

static void add_sizes(struct walk* walk, uint64_t value, uint32_t length)
{
    const uint64_t entry = 4ull * (walk->address_cells + walk->size_cells);
    for (uint64_t end = value + length; entry && value + entry <= end; value += entry)
    {
        uint64_t size = 0;
        for (uint32_t i = 0; i < walk->size_cells; ++i)
        {
            size = size << 32 | cell(value + 4ull * (walk->address_cells + i));
        }
        walk->bytes += size;
    }
}

static void property(struct walk* walk)
{
    const uint32_t length = cell(walk->at);
    const uint64_t name = walk->strings + cell(walk->at + 4);
    const uint64_t value = walk->at + 8;
    if (walk->depth == 1 && is(name, "#address-cells"))
    {
        walk->address_cells = cell(value);
    }
    else if (walk->depth == 1 && is(name, "#size-cells"))
    {
        walk->size_cells = cell(value);
    }
    else if (walk->depth == 2 && walk->memory && is(name, "reg"))
    {
        add_sizes(walk, value, length);
    }
    walk->at = (value + length + 3) & ~3ull;
}

static void begin_node(struct walk* walk)
{
    if (++walk->depth == 2)
    {
        walk->memory = is(walk->at, "memory") || begins(walk->at, "memory@");
    }
    while (*(const volatile char*)walk->at)
    {
        ++walk->at;
    }
    walk->at = (walk->at + 4) & ~3ull;
}

uint64_t fdt_magic(uint64_t address)
{
    return cell(address);
}

uint64_t fdt_size(uint64_t address)
{
    return cell(address + 4);
}

uint64_t fdt_memory_bytes(uint64_t address)
{
    if (fdt_magic(address) != MAGIC)
    {
        return 0;
    }
    struct walk walk = {.at = address + cell(address + 8),
                        .strings = address + cell(address + 12),
                        .address_cells = 2,
                        .size_cells = 1};
    const uint64_t end = address + fdt_size(address);
    while (walk.at < end)
    {
        const uint32_t token = cell(walk.at);
        walk.at += 4;
        if (token == BEGIN_NODE)
        {
            begin_node(&walk);
        }
        else if (token == PROPERTY)
        {
            property(&walk);
        }
        else if (token == END_NODE)
        {
            --walk.depth;
        }
        else if (token != NOP)
        {
            break; // the end
        }
    }
    return walk.bytes;
}
