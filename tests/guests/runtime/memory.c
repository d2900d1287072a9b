// SPDX-License-Identifier: Apache-2.0
// The two functions that a freestanding compiler may call on its own.

#include <stddef.h>

void* memset(void* to, int value, size_t size);
void* memcpy(void* restrict to, const void* restrict from, size_t size);

// Bytes only: with the MMU off all memory is Device memory, which allows no unaligned access.
void* memset(void* to, int value, size_t size)
{
    unsigned char* out = to;
    while (size--)
    {
        *out++ = (unsigned char)value;
    }
    return to;
}

void* memcpy(void* restrict to, const void* restrict from, size_t size)
{
    unsigned char* out = to;
    const unsigned char* in = from;
    while (size--)
    {
        *out++ = *in++;
    }
    return to;
}
