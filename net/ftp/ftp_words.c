#include "net/ftp/ftp_words.h"

#include <string.h>

char ftp_words_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool ftp_words_equal(const char *text, size_t length, const char *word)
{
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '\0' || ftp_words_upper(text[i]) != ftp_words_upper(word[i])) {
            return false;
        }
    }
    return word[length] == '\0';
}

bool ftp_words_is(const char *text, const char *word)
{
    return ftp_words_equal(text, strlen(text), word);
}

const char *ftp_words_after(const char *text, const char *word)
{
    size_t length = strcspn(text, " ");
    if (!ftp_words_equal(text, length, word)) {
        return NULL;
    }
    return text + length + (text[length] == ' ' ? 1 : 0);
}

bool ftp_words_number(const char **text, uint64_t max, uint64_t *number)
{
    const char *at = *text;
    uint64_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *number = value;
    bool any = at != *text;
    *text = at;
    return any;
}
