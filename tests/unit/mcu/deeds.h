/* What the firmware of test_mcu.c can do. */
#ifndef TESTS_UNIT_MCU_DEEDS_H
#define TESTS_UNIT_MCU_DEEDS_H

enum deed {
    DEED_ECHO,
    DEED_SPIN,
    DEED_TICK,
    DEED_SLEEP,
    DEED_READ_FLASH,
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
    DEED_STACK_OVERFLOW,
    DEED_ILLEGAL,
    DEED_DIVIDE,
    DEED_ASSERT,
    DEED_FAULT,
    DEED_RESET,
};

#define WILD_ADDRESS       0x12345678ul
#define FLASH_TEXT_ADDRESS 0x850000u
#define FLASH_TEXT         "in flash"

#endif
