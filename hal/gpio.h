/* General purpose pins GP0 to GP31. */
#ifndef HAL_GPIO_H
#define HAL_GPIO_H

#define HAL_GPIO_COUNT     32
#define HAL_GPIO_SAFE_BOOT 28 /* GP28: held high during reset it selects safe boot */

/* The present level of `pin` (0 to HAL_GPIO_COUNT - 1): 0 or 1; HAL_ERROR_RANGE for another pin. A pin that nobody drives
 * reads its pull-down: 0. */
int hal_gpio_read(unsigned pin);

#endif
