#include "python/terminal.h"

#include <stdbool.h>

#include "lib/utf8.h"
#include "py/mphal.h"
#include "py/mpprint.h"

struct range {
    uint32_t first, last;
};

/* Of no width: what is written over the character before it. */
static const struct range combining[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x64b, 0x65f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x20d0, 0x20ff},
    {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

/* Two columns wide: East Asian characters, and pictures. */
static const struct range wide[] = {
    {0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t character)
{
    for (size_t i = 0; i < count; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

size_t terminal_character(const char *text, size_t size)
{
    size_t length = utf8_printable((const uint8_t *)text, size);
    return length > 0 ? length : 1;
}

static size_t columns(const char *text, size_t length)
{
    if (length == 1) {
        return 1;
    }
    uint32_t character = (uint8_t)text[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        character = character << 6 | ((uint8_t)text[i] & 0x3f);
    }
    if (is_in(combining, MP_ARRAY_SIZE(combining), character)) {
        return 0;
    }
    return is_in(wide, MP_ARRAY_SIZE(wide), character) ? 2 : 1;
}

/* Whether the character `text` would have only the last column, and needs two. */
static bool is_split(const char *text, size_t length, size_t at, size_t width)
{
    return width >= 2 && at % width == width - 1 && columns(text, length) == 2;
}

size_t terminal_after(const char *text, size_t size, size_t at, size_t width)
{
    for (size_t next = 0; next < size;) {
        size_t length = terminal_character(text + next, size - next);
        if (is_split(text + next, length, at, width)) {
            at++;
        }
        at += columns(text + next, length);
        next += length;
    }
    return at;
}

size_t terminal_print(const char *text, size_t size, size_t at, size_t width)
{
    size_t printed = 0;
    for (size_t next = 0; next < size;) {
        size_t length = terminal_character(text + next, size - next);
        if (is_split(text + next, length, at, width)) {
            /* The column is left empty; what stood there may still do, and not every terminal would
             * go on to the next row by itself. */
            mp_hal_stdout_tx_strn(text + printed, next - printed);
            mp_hal_stdout_tx_strn(" ", 1);
            printed = next;
            at++;
        }
        at += columns(text + next, length);
        next += length;
    }
    mp_hal_stdout_tx_strn(text + printed, size - printed);
    if (width > 0 && size > 0 && at % width == 0) {
        /* The last column is full, and terminals put off going to the next row until there is
         * something to show there. */
        mp_hal_stdout_tx_strn(" \r", 2);
    }
    return at;
}

static void step(size_t count, char direction)
{
    if (count > 0) {
        mp_printf(&mp_plat_print, "\x1b[%u%c", (unsigned)count, direction);
    }
}

void terminal_move(size_t from, size_t to, size_t width)
{
    size_t from_row = width > 0 ? from / width : 0;
    size_t to_row = width > 0 ? to / width : 0;
    if (from_row != to_row) {
        step(to_row > from_row ? to_row - from_row : from_row - to_row,
             to_row > from_row ? 'B' : 'A');
        mp_hal_stdout_tx_strn("\r", 1);
        step(to % width, 'C');
    } else if (to > from) {
        step(to - from, 'C');
    } else if (from - to <= 4) {
        mp_hal_stdout_tx_strn("\b\b\b\b", from - to); /* the usual case, and shorter */
    } else {
        step(from - to, 'D');
    }
}

void terminal_erase(size_t width)
{
    mp_hal_stdout_tx_strn(width > 0 ? "\x1b[J" : "\x1b[K", 3);
}
