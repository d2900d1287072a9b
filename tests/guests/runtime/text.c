// SPDX-License-Identifier: Apache-2.0
// Numbers and strings to the UART.

#include "text.h"

#include <stdarg.h>
#include <stdint.h>

#include "cadence_uart.h"

static void put_char(char c)
{
    if (c == '\n')
    {
        uart_put('\r');
    }
    uart_put(c);
}

static void put_string(const char* string)
{
    while (*string)
    {
        put_char(*string++);
    }
}

static void put_number(uint64_t number, unsigned base)
{
    char digits[20];
    unsigned count = 0;
    do
    {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (count > 0)
    {
        put_char(digits[--count]);
    }
}

void say(const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (; *format; ++format)
    {
        if (*format != '%')
        {
            put_char(*format);
            continue;
        }
        switch (*++format)
        {
        case 'l':
            put_number(va_arg(arguments, uint64_t), *++format == 'x' ? 16 : 10);
            break;
        case 's':
            put_string(va_arg(arguments, const char*));
            break;
        case 'c':
            put_char((char)va_arg(arguments, int));
            break;
        default:
            put_char(*format);
            break;
        }
    }
    va_end(arguments);
}
