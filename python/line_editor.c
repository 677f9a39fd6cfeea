/* The line editor of the prompt and of input(): MicroPython's interface
 * (shared/readline/readline.h) and keys, for terminals that speak UTF-8, and with lines longer than
 * the window when its width is known (telnet, RFC 1073). */
#include <string.h>

#include "lib/utf8.h"
#include "py/mphal.h"
#include "py/mpstate.h"
#include "py/repl.h"
#include "python/key_sequence.h"
#include "python/terminal.h"
#include "shared/readline/readline.h"
#include "system/console.h"

#define INDENT 4u

static struct {
    vstr_t *line;
    const char *prompt;
    size_t start; /* byte of the line from which it may be edited: before it are the earlier rows of
                     a block */
    size_t cursor; /* byte */
    size_t width;  /* columns of the terminal; 0: unknown */
    size_t at;     /* place of the cursor, see terminal.h */
    int history;   /* entry that is shown; -1: none */
    bool indents;  /* new rows of a block are indented */
    bool indented; /* ... and nothing was typed since */
    bool after_cr; /* the last byte was CR: a LF that follows belongs to it */

    struct key_sequence keys;
    uint8_t character[4]; /* UTF-8, not complete */
    uint8_t character_size;
} editor;

static const char *at_byte(size_t position)
{
    return editor.line->buf + position;
}

/* ---- the screen */

static size_t place_of(size_t position)
{
    size_t prompt = terminal_after(editor.prompt, strlen(editor.prompt), 0, editor.width);
    return terminal_after(at_byte(editor.start), position - editor.start, prompt, editor.width);
}

static void move_to(size_t position)
{
    size_t place;
    if (position > editor.cursor && editor.width == 0) {
        /* By what stands there already: that every terminal understands. */
        place = terminal_print(at_byte(editor.cursor), position - editor.cursor, editor.at, 0);
    } else {
        place = place_of(position);
        terminal_move(editor.at, place, editor.width);
    }
    editor.cursor = position;
    editor.at = place;
}

/* What follows the cursor has changed; `shorter`: there may be remains of it. Leaves the cursor at
 * `position`, which is not before it. */
static void redraw(bool shorter, size_t position)
{
    size_t place =
        terminal_after(at_byte(editor.cursor), position - editor.cursor, editor.at, editor.width);
    if (shorter) {
        terminal_erase(editor.width);
    }
    size_t end = terminal_print(at_byte(editor.cursor), editor.line->len - editor.cursor, editor.at,
                                editor.width);
    terminal_move(end, place, editor.width);
    editor.cursor = position;
    editor.at = place;
}

/* ---- changes */

static void insert(const char *text, size_t size)
{
    size_t behind = editor.line->len - editor.cursor;
    vstr_add_len(editor.line, size);
    memmove(editor.line->buf + editor.cursor + size, editor.line->buf + editor.cursor, behind);
    memcpy(editor.line->buf + editor.cursor, text, size);
    redraw(false, editor.cursor + size);
}

/* Remove the bytes from `from` to `to`; the cursor comes to stand where they were. */
static void cut(size_t from, size_t to)
{
    if (from < to) {
        move_to(from);
        vstr_cut_out_bytes(editor.line, from, to - from);
        redraw(true, from);
    }
}

static void show_history(int entry)
{
    const char *text = entry < 0 ? "" : MP_STATE_PORT(readline_hist)[entry];
    editor.history = entry;
    move_to(editor.start);
    bool shorter = editor.line->len > editor.start;
    vstr_cut_tail_bytes(editor.line, editor.line->len - editor.start);
    vstr_add_str(editor.line, text);
    redraw(shorter, editor.line->len);
}

/* ---- positions */

static size_t before_cursor(void)
{
    size_t position = editor.cursor;
    if (position > editor.start) {
        position--;
    }
    while (position > editor.start && ((uint8_t)*at_byte(position) & 0xc0) == 0x80) {
        position--;
    }
    return position;
}

static size_t behind_cursor(void)
{
    size_t left = editor.line->len - editor.cursor;
    return left == 0 ? editor.cursor
                     : editor.cursor + terminal_character(at_byte(editor.cursor), left);
}

static bool only_spaces(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (*at_byte(i) != ' ') {
            return false;
        }
    }
    return true;
}

/* ---- keys */

static void backspace(void)
{
    bool indent =
        editor.cursor >= editor.start + INDENT && only_spaces(editor.start, editor.cursor);
    cut(indent ? editor.cursor - INDENT : before_cursor(), editor.cursor);
}

static void history_back(void)
{
    int next = editor.history + 1;
    if (next < MICROPY_READLINE_HISTORY_SIZE && MP_STATE_PORT(readline_hist)[next] != NULL) {
        show_history(next);
    }
}

static void history_forward(void)
{
    if (editor.history >= 0) {
        show_history(editor.history - 1);
    }
}

static void complete(void)
{
    size_t typed = editor.cursor - editor.start;
    if (editor.cursor > 0 && unichar_isspace((uint8_t)*at_byte(editor.cursor - 1))) {
        insert("    ", INDENT);
        return;
    }
    const char *rest;
    size_t size = mp_repl_autocomplete(at_byte(editor.start), typed, &mp_plat_print, &rest);
    if (size == (size_t)-1) {
        /* A list was printed: the line is shown again below it. */
        mp_hal_stdout_tx_str(editor.prompt);
        size_t cursor = editor.cursor;
        editor.cursor = editor.start;
        editor.at = place_of(editor.start);
        redraw(false, cursor);
    } else if (size > 0) {
        insert(rest, size);
    }
}

/* After an automatic indent: Tab leaves it, Space makes it a single one; both end indenting. False:
 * it was another key. */
static bool correct_indent(int c)
{
    if (!editor.indented || (c != '\t' && c != ' ')) {
        return false;
    }
    editor.indents = false;
    if (c == ' ') {
        cut(editor.line->len - (INDENT - 1), editor.line->len);
    }
    return true;
}

static void control_key(int c)
{
    switch (c) {
    case CHAR_CTRL_A:
        move_to(editor.start);
        break;
    case CHAR_CTRL_B:
        move_to(before_cursor());
        break;
    case CHAR_CTRL_D:
        cut(editor.cursor, behind_cursor());
        break;
    case CHAR_CTRL_E:
        move_to(editor.line->len);
        break;
    case CHAR_CTRL_F:
        move_to(behind_cursor());
        break;
    case '\b':
    case 0x7f:
        backspace();
        break;
    case '\t':
        complete();
        break;
    case CHAR_CTRL_K:
        cut(editor.cursor, editor.line->len);
        break;
    case CHAR_CTRL_N:
        history_forward();
        break;
    case CHAR_CTRL_P:
        history_back();
        break;
    case CHAR_CTRL_U:
        cut(editor.start, editor.cursor);
        break;
    case 0x1b:
        key_sequence_begin(&editor.keys);
        break;
    default:
        break;
    }
}

/* A byte of a UTF-8 character; one that does not continue what came before begins another one. What
 * never becomes a character is dropped. */
static void character_byte(uint8_t byte)
{
    if ((byte & 0xc0) != 0x80 || editor.character_size == sizeof editor.character) {
        editor.character_size = 0;
    }
    editor.character[editor.character_size++] = byte;
    size_t size = utf8_printable(editor.character, editor.character_size);
    if (size > 0) {
        editor.character_size = 0;
        insert((const char *)editor.character, size);
    }
}

int readline_process_char(int c)
{
    bool ends_line = c == '\r' || (c == '\n' && !editor.after_cr);
    editor.after_cr = c == '\r';
    if (key_sequence_is_open(&editor.keys)) {
        int key = key_sequence_feed(&editor.keys, c);
        if (key != KEYS_BROKEN_OFF) {
            control_key(key);
            editor.indented = false;
            return -1;
        }
    }
    if (c >= CHAR_CTRL_A && c <= CHAR_CTRL_E && editor.line->len == editor.start) {
        return c;
    } else if (c == CHAR_CTRL_C) {
        return c;
    } else if (ends_line) {
        if (editor.width > 0 && editor.cursor < editor.line->len) {
            move_to(editor.line->len); /* there may be more rows below */
        }
        mp_hal_stdout_tx_str("\r\n");
        readline_push_history(vstr_null_terminated_str(editor.line) + editor.start);
        return 0;
    } else if (!correct_indent(c)) {
        if (c >= ' ' && c != 0x7f) {
            character_byte((uint8_t)c);
        } else {
            control_key(c);
        }
    }
    editor.indented = false;
    return -1;
}

/* ---- lines */

/* The number of bytes before `end` that are its row. */
static size_t row_begin(size_t end)
{
    while (end > 0 && *at_byte(end - 1) != '\n') {
        end--;
    }
    return end;
}

/* Indent a new row like the one before it, and further after a colon; after two rows of nothing but
 * spaces, no more. */
static void indent(void)
{
    size_t end = editor.line->len;
    if (!editor.indents || end < 2 || *at_byte(end - 1) != '\n') {
        return;
    }
    size_t begin = row_begin(end - 1);
    size_t spaces = begin;
    while (*at_byte(spaces) == ' ') {
        spaces++;
    }
    if (begin > 0 && spaces == end - 1) {
        size_t before = row_begin(begin - 1);
        if (before > 0 && only_spaces(before, begin - 1)) {
            return;
        }
    }
    size_t count = (spaces - begin) / INDENT + (*at_byte(end - 2) == ':' ? 1 : 0);
    for (size_t i = 0; i < count; i++) {
        insert("    ", INDENT);
    }
    editor.indented = count > 0;
}

static void begin_row(const char *prompt)
{
    editor.start = editor.line->len;
    editor.cursor = editor.start;
    editor.prompt = prompt;
    /* What input() has printed before it is not known here. */
    editor.width = prompt[0] != '\0' ? console_size().columns : 0;
    editor.at = place_of(editor.start);
    mp_hal_stdout_tx_str(prompt);
    indent();
}

void readline_note_newline(const char *prompt)
{
    begin_row(prompt);
}

void readline_init(vstr_t *line, const char *prompt)
{
    bool indents = editor.indents;
    bool after_cr = editor.after_cr;
    memset(&editor, 0, sizeof editor);
    editor.after_cr = after_cr;
    editor.line = line;
    editor.history = -1;
    editor.indents = indents || line->len == 0;
    begin_row(prompt);
}

int readline(vstr_t *line, const char *prompt)
{
    readline_init(line, prompt);
    int result;
    do {
        result = readline_process_char(mp_hal_stdin_rx_chr());
    } while (result < 0);
    return result;
}

/* ---- history */

void readline_init0(void)
{
    memset(MP_STATE_PORT(readline_hist), 0, sizeof MP_STATE_PORT(readline_hist));
}

void readline_push_history(const char *line)
{
    const char **entries = MP_STATE_PORT(readline_hist);
    if (line[0] == '\0' || (entries[0] != NULL && strcmp(entries[0], line) == 0)) {
        return;
    }
    size_t size = strlen(line) + 1;
    char *copy = m_new_maybe(char, size);
    if (copy != NULL) { /* else there is no memory for it */
        memcpy(copy, line, size);
        memmove(entries + 1, entries, (MICROPY_READLINE_HISTORY_SIZE - 1) * sizeof *entries);
        entries[0] = copy;
    }
}

MP_REGISTER_ROOT_POINTER(const char *readline_hist[MICROPY_READLINE_HISTORY_SIZE]);
