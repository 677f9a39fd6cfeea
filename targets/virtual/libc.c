/* The two ends of a program that the C library would write to a standard error output, which an MCU
 * does not have. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "targets/virtual/mcu_link.h"

void abort(void)
{
    mcu_fault("abort", __builtin_return_address(0));
}

static size_t append(char *line, size_t size, size_t room, const char *text)
{
    size_t length = strnlen(text, room - 1 - size);
    memcpy(line + size, text, length);
    line[size + length] = 0;
    return size + length;
}

_Noreturn void __assert_fail(const char *expression, const char *file, int line,
                             const char *function)
{
    char text[120], number[12];
    size_t digit = sizeof number - 1;
    number[digit] = 0;
    for (unsigned rest = (unsigned)line; digit == sizeof number - 1 || rest > 0; rest /= 10) {
        number[--digit] = (char)('0' + rest % 10);
    }
    size_t size = append(text, 0, sizeof text, "assertion failed in ");
    const char *name = strrchr(file, '/');
    size = append(text, size, sizeof text, name ? name + 1 : file);
    size = append(text, size, sizeof text, ":");
    size = append(text, size, sizeof text, number + digit);
    size = append(text, size, sizeof text, ": ");
    append(text, size, sizeof text, expression);
    mcu_fault(text, __builtin_return_address(0));
}
