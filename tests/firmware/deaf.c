/* The firmware with a radio that it cannot start. */
#include "hal/radio.h"
#include "hal/result.h"

int __wrap_hal_radio_ap_start(const struct hal_radio_ap *ap);

int __wrap_hal_radio_ap_start(const struct hal_radio_ap *ap)
{
    return HAL_ERROR_FAILED;
}
