/* What of the C library would need an operating system. */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "hal/reset.h"

void abort(void)
{
    hal_fault("abort");
}

/* The name that this toolchain's assert() calls (newlib). */
void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    hal_fault(expression);
}

/* There is no heap. newlib's snprintf() has a use for one, in formats that nobody here uses. */
void *_sbrk(ptrdiff_t size);
void *_sbrk(ptrdiff_t size)
{
    return (void *)-1;
}
