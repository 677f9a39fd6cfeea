#include "boot/words.h"

#include <string.h>

#include "hal/uart.h"

void words_add(struct words *words, const char *piece)
{
    strncat(words->text, piece, sizeof words->text - strlen(words->text) - 1);
}

void words_print(const struct words *words)
{
    hal_uart_write(words->text, strlen(words->text));
    hal_uart_write("\r\n", 2);
}

void words_notice(const struct words *words)
{
    hal_report(HAL_REPORT_NOTICE, words->text);
    words_print(words);
}
