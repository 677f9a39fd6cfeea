/* True random numbers, fit for keys. */
#ifndef HAL_RANDOM_H
#define HAL_RANDOM_H

#include <stddef.h>

void hal_random(void *data, size_t size); /* never fails */

#endif
