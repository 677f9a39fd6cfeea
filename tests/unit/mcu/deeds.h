/* What the firmware of test_mcu.c can do. */
#ifndef TESTS_UNIT_MCU_DEEDS_H
#define TESTS_UNIT_MCU_DEEDS_H

enum deed {
    DEED_ECHO,
    DEED_SPIN,
    DEED_TICK,
    DEED_SLEEP,
    DEED_PIN,
    DEED_READ_FLASH,
    DEED_COPY_BLOCKS,
    DEED_DESCRIPTORS,
    DEED_OPEN,
    DEED_EXEC,
    DEED_SOCKET,
    DEED_FORK,
    DEED_KILL,
    DEED_MAP,
    DEED_PROTECT,
    DEED_WILD_WRITE,
    DEED_WRITE_CODE,
    DEED_JUMP_TO_DATA,
    DEED_JUMP_TO_NOWHERE,
    DEED_IMPOSSIBLE_ADDRESS,
    DEED_STACK_OVERFLOW,
    DEED_ILLEGAL,
    DEED_DIVIDE,
    DEED_ASSERT,
    DEED_ABORT,
    DEED_FAULT,
    DEED_RESET,
    DEED_RESET_INTERRUPTED,
    DEED_BOOT,
    DEED_BOOT_TRIAL,
    DEED_CONFIRM,
    DEED_TRIAL_END,
    DEED_RETAIN,
    DEED_WATCHDOG,
};

#define DEED_REGISTER  0 /* the retained register that says what to do */
#define PLACE_REGISTER 1 /* retained: the address of the function that does it */
#define SPARE_REGISTER 15
#define DEED_SIZE_MAX  128 /* bytes of such a function */

#define WILD_ADDRESS       0x12345678ul
#define NOWHERE_ADDRESS    0x01234560ul
#define WATCHDOG_MS        2000u
#define FLASH_TEXT_ADDRESS 0x850000u
#define FLASH_TEXT         "in flash"

#endif
