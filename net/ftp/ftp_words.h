/* Words and numbers in the arguments of FTP commands: case does not matter, one space separates. */
#ifndef NET_FTP_FTP_WORDS_H
#define NET_FTP_FTP_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The upper case of a letter of ASCII; every other byte as it is. */
char ftp_words_upper(char c);

/* Whether the first `length` bytes of `text` are `word`, in any case of letters. */
bool ftp_words_equal(const char *text, size_t length, const char *word);

/* Whether all of `text` is `word`. */
bool ftp_words_is(const char *text, const char *word);

/* Whether `text` begins with `word` and a space, or is `word`: returns what follows the space (""
 * when nothing does), else NULL. */
const char *ftp_words_after(const char *text, const char *word);

/* Read decimal digits at `*text`, which moves behind them. False when there are none, or the number
 * is larger than `max`. */
bool ftp_words_number(const char **text, uint64_t max, uint64_t *number);

#endif
