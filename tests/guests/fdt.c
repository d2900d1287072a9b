// SPDX-License-Identifier: Apache-2.0
// Walks the structure block of a flattened device tree (Devicetree Specification v0.4, chapter 5).

#include "fdt.h"

#define MAGIC 0xd00dfeedu
#define DEPTH_MAX 16 // deeper nodes are passed over

enum header
{
    OFF_DT_STRUCT = 8,
    OFF_DT_STRINGS = 12,
    OFF_MEM_RSVMAP = 16,
};

enum token
{
    BEGIN_NODE = 1,
    END_NODE = 2,
    PROPERTY = 3,
    NOP = 4,
};

struct level
{
    uint64_t name;          // of the node
    uint32_t address_cells; // for its children
    uint32_t size_cells;
};

struct walk
{
    uint64_t at;      // in the structure block
    uint64_t strings; // the names of the properties
    unsigned depth;   // 1 within the root
    struct level levels[DEPTH_MAX + 1];
    // The property that the walk has stopped at.
    uint64_t name;
    uint64_t value;
    uint32_t length;
};

// Cells are big-endian and 4-aligned, so plain words are allowed with the MMU off.
static uint32_t cell(uint64_t address)
{
    return __builtin_bswap32(*(const volatile uint32_t*)address);
}

static uint64_t number(uint64_t address, uint32_t cells)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < cells; ++i)
    {
        value = value << 32 | cell(address + 4ull * i);
    }
    return value;
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

static struct walk begin(uint64_t address)
{
    return (struct walk){.at = address + cell(address + OFF_DT_STRUCT),
                         .strings = address + cell(address + OFF_DT_STRINGS)};
}

static void enter(struct walk* walk)
{
    ++walk->depth;
    if (walk->depth <= DEPTH_MAX)
    {
        // The defaults of the specification, 2.3.5.
        walk->levels[walk->depth] =
            (struct level){.name = walk->at, .address_cells = 2, .size_cells = 1};
    }
    while (*(const volatile char*)walk->at)
    {
        ++walk->at;
    }
    walk->at = (walk->at + 4) & ~3ull;
}

static void take_property(struct walk* walk)
{
    walk->length = cell(walk->at);
    walk->name = walk->strings + cell(walk->at + 4);
    walk->value = walk->at + 8;
    walk->at = (walk->value + walk->length + 3) & ~3ull;
    if (walk->depth <= DEPTH_MAX && is(walk->name, "#address-cells"))
    {
        walk->levels[walk->depth].address_cells = cell(walk->value);
    }
    else if (walk->depth <= DEPTH_MAX && is(walk->name, "#size-cells"))
    {
        walk->levels[walk->depth].size_cells = cell(walk->value);
    }
}

// On to the next property of a node within DEPTH_MAX; false at the end of the tree.
static bool next(struct walk* walk)
{
    for (;;)
    {
        const uint32_t token = cell(walk->at);
        walk->at += 4;
        switch (token)
        {
        case BEGIN_NODE:
            enter(walk);
            break;
        case END_NODE:
            --walk->depth;
            break;
        case PROPERTY:
            take_property(walk);
            if (walk->depth <= DEPTH_MAX)
            {
                return true;
            }
            break;
        case NOP:
            break;
        default:
            return false;
        }
    }
}

static void each_range(const struct walk* walk, fdt_range_sink sink)
{
    const struct level* parent = &walk->levels[walk->depth - 1];
    const uint64_t size_at = 4ull * parent->address_cells;
    const uint64_t entry = size_at + 4ull * parent->size_cells;
    const uint64_t end = walk->value + walk->length;
    for (uint64_t at = walk->value; entry && at + entry <= end; at += entry)
    {
        sink(number(at, parent->address_cells), number(at + size_at, parent->size_cells));
    }
}

uint64_t fdt_magic(uint64_t address)
{
    return cell(address);
}

uint64_t fdt_size(uint64_t address)
{
    return cell(address + 4);
}

void fdt_each_memory(uint64_t address, fdt_range_sink sink)
{
    if (address == 0 || fdt_magic(address) != MAGIC)
    {
        return;
    }
    for (struct walk walk = begin(address); next(&walk);)
    {
        const uint64_t node = walk.levels[walk.depth].name;
        if (walk.depth == 2 && is(walk.name, "reg") &&
            (is(node, "memory") || begins(node, "memory@")))
        {
            each_range(&walk, sink);
        }
    }
}

void fdt_each_reserved(uint64_t address, fdt_range_sink sink)
{
    if (address == 0 || fdt_magic(address) != MAGIC)
    {
        return;
    }
    for (uint64_t at = address + cell(address + OFF_MEM_RSVMAP); number(at + 8, 2) != 0; at += 16)
    {
        sink(number(at, 2), number(at + 8, 2));
    }
    for (struct walk walk = begin(address); next(&walk);)
    {
        if (walk.depth == 3 && is(walk.name, "reg") && is(walk.levels[2].name, "reserved-memory"))
        {
            each_range(&walk, sink);
        }
    }
}

static uint64_t bytes;

static void add(uint64_t base, uint64_t size)
{
    (void)base;
    bytes += size;
}

uint64_t fdt_memory_bytes(uint64_t address)
{
    bytes = 0;
    fdt_each_memory(address, add);
    return bytes;
}

bool fdt_read_bytes(uint64_t address, const char* node, const char* property, uint8_t* to,
                    uint32_t length)
{
    if (address == 0 || fdt_magic(address) != MAGIC)
    {
        return false;
    }
    for (struct walk walk = begin(address); next(&walk);)
    {
        if (is(walk.levels[walk.depth].name, node) && is(walk.name, property) &&
            walk.length == length)
        {
            for (uint32_t i = 0; i < length; ++i)
            {
                to[i] = ((const volatile uint8_t*)walk.value)[i];
            }
            return true;
        }
    }
    return false;
}
