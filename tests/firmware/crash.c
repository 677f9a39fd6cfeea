/* A firmware that writes to where nothing is, as its first act. */
#include <stdint.h>

int main(void)
{
    volatile uintptr_t nowhere = 16;
    *(volatile uint32_t *)nowhere = 1;
    return 0;
}
