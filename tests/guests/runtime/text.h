// SPDX-License-Identifier: Apache-2.0
// Printing on the UART.
#pragma once

// A printf that knows %lu, %lx, %c, %s and %%, no widths. Each \n goes out as \r\n. Polls.
__attribute__((format(printf, 1, 2))) void say(const char* format, ...);
