/* A firmware that resets the board, as its first act. */
#include "hal/reset.h"

int main(void)
{
    hal_reset();
}
