#include "net/telnet/last_line.h"

#include <stdbool.h>
#include <string.h>

static bool continues_character(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80; /* UTF-8 */
}

static void make_room(struct last_line *line, size_t wanted)
{
    if (line->size + wanted <= LAST_LINE_MAX) {
        return;
    }
    size_t cut = line->size + wanted - LAST_LINE_MAX;
    while (cut < line->size && continues_character(line->text[cut])) {
        cut++;
    }
    line->size -= cut;
    memmove(line->text, line->text + cut, line->size);
}

void last_line_print(struct last_line *line, const char *data, size_t size)
{
    for (size_t i = size; i > 0; i--) {
        if (data[i - 1] == '\n') {
            line->size = 0;
            data += i;
            size -= i;
            break;
        }
    }
    if (size > LAST_LINE_MAX) {
        data += size - LAST_LINE_MAX;
        size = LAST_LINE_MAX;
    }
    make_room(line, size);
    memcpy(line->text + line->size, data, size);
    line->size += size;
}
