/* The error convention of the HAL: 0 or a count is success, a negative value is one of these. */
#ifndef HAL_RESULT_H
#define HAL_RESULT_H

enum hal_result {
    HAL_OK = 0,
    HAL_ERROR_RANGE = -1,     /* an address or length outside the part, or not aligned as its operation asks */
    HAL_ERROR_PROTECTED = -2, /* the part refuses the change: write-protected */
    HAL_ERROR_BUSY = -3,      /* no room now; nothing was done; try again after the next event */
    HAL_ERROR_FAILED = -4,    /* the part reports a failure: nothing can be said of the contents concerned */
    HAL_ERROR_GONE = -5,      /* the card that was meant is not in the slot any more */
};

#endif
