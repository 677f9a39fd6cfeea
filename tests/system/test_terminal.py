"""The line editor as a person sees it: on a terminal (pyte) that shows what the board sends."""

import pyte
import pytest
from wcwidth import wcwidth

from board import wait_for
from stream import IAC, PROMPT, SB, SE, WILL

NAWS = 31
LEFT, RIGHT, UP, DOWN, HOME, END, DELETE = b"\x1b[D", b"\x1b[C", b"\x1b[A", b"\x1b[B", b"\x1b[H", b"\x1b[F", b"\x1b[3~"
HORSE = "žluťoučký kůň"


class Terminal:
    """A telnet session in a window of so many columns; with `tells` the client says how many."""

    def __init__(self, board, columns, tells=True):
        self.session = board.telnet(prompt=False)
        self.session.clean_prompt()
        if tells:
            self.session.accepts.add(NAWS)
            self.session.send_raw(bytes([IAC, WILL, NAWS, IAC, SB, NAWS, 0, columns, 0, 24, IAC, SE]))
        self.session.prompt()  # the first one that knows the width
        self.columns = columns
        self.screen = pyte.Screen(columns, 24)
        self.stream = pyte.ByteStream(self.screen)
        self.stream.feed(PROMPT)
        self.seen = len(self.session.log)

    def text(self):
        """What stands on the screen, its rows joined."""
        self.session.pump(0)
        self.stream.feed(self.session.log[self.seen :])
        self.seen = len(self.session.log)
        text = ""
        for y in range(self.screen.lines):
            row = "".join(self.screen.buffer[y][x].data for x in range(self.columns))
            if y + 1 < self.screen.lines and self.screen.buffer[y + 1][0].data and wcwidth(self.screen.buffer[y + 1][0].data[0]) == 2 and row.endswith(" "):
                row = row[:-1]  # a wide character did not fit into the last column
            text += row
        return text.rstrip()

    def clear(self):
        self.screen.reset()
        self.stream.feed(PROMPT)
        self.session.pump(0)
        self.seen = len(self.session.log)

    def shows(self, text, cursor=None):
        """Wait until the screen shows `text` from its top, with the cursor so many columns behind the beginning."""

        def right():
            place = self.screen.cursor.y * self.columns + self.screen.cursor.x
            return self.text() == text.rstrip() and (cursor is None or place == cursor)

        try:
            wait_for(right, "the screen", 10)
        except AssertionError:
            place = self.screen.cursor.y * self.columns + self.screen.cursor.x
            raise AssertionError(f"{text!r}, cursor {cursor} was expected; there is {self.text()!r}, cursor {place}") from None


@pytest.fixture(params=["told", "not told"])
def terminal(request, shared):
    terminal = Terminal(shared, 70, request.param == "told")
    yield terminal
    terminal.session.close()


@pytest.fixture
def narrow(shared):
    terminal = Terminal(shared, 20)
    yield terminal
    terminal.session.close()


def test_utf8_is_typed_shown_and_run(terminal):
    terminal.session.send(f"print(len('{HORSE}'), '{HORSE}')\r".encode())
    terminal.session.expect(f"\r\n13 {HORSE}\r\n".encode())


def test_utf8_in_pieces(terminal):
    for byte in f"print('{HORSE} 日本 😀')\r".encode():
        terminal.session.send(bytes([byte]))
    terminal.session.expect(f"\r\n{HORSE} 日本 😀\r\n".encode())


def test_what_is_no_utf8_is_left_out(terminal):
    terminal.session.send(b"'a\xffb\xc5c\x80\xf0\x9f\x98d'\r")
    terminal.session.expect(b"\r\n'abcd'\r\n")


@pytest.mark.parametrize(
    "keys, line",
    [
        (b"kus" + LEFT * 3 + "ů".encode(), "ůkus"),
        ("kůň".encode() + LEFT + b"\x7f", "kň"),
        ("kůň".encode() + LEFT * 2 + DELETE, "kň"),
        ("kůň".encode() + HOME + DELETE + END + b"x", "ůňx"),
        ("kůň".encode() + b"\x01\x06\x0b", "k"),
        ("kůň a".encode() + LEFT + b"\x15", "a"),
        ("abc".encode() + b"\x02\x02\x04", "ac"),
        (b"abc" + b"\x1bOD\x1bOD" + b"x", "axbc"),
        (b"abc\x1b[1;5D\x1b[200~x", "abxc"),
        (b"    x" + LEFT + b"\x7f", "x"),
    ],
)
def test_keys(terminal, keys, line):
    terminal.session.send(keys)
    terminal.shows(">>> " + line)
    terminal.session.send(b"\x03")


@pytest.mark.parametrize("begun", [b"\x1b", b"\x1b[", b"\x1b[1;", b"\x1bO"])
def test_control_key_ends_a_sequence_and_counts(terminal, begun):
    """Ctrl-C after a lone Esc is not swallowed, nor is Enter, nor the arrow after another Esc."""
    terminal.session.send(b"nonsense" + begun + b"\x03")
    terminal.session.expect(b"nonsense\r\n" + PROMPT)
    terminal.session.send(b"print(6 * 7)" + begun + b"\r")
    terminal.session.expect(b"\r\n42\r\n" + PROMPT)
    terminal.session.send(b"print(6 * 8)" + begun + LEFT + b"\x7f7\r")
    terminal.session.expect(b"\r\n42\r\n" + PROMPT)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_each_end_of_line_is_one(shared, end):
    """On the UART, too, where nothing is taken out on the way."""
    uart = shared.uart()
    uart.prompt()
    uart.send(end.join([b"x = input('?')", b"one", b"y = input('?')", b"", b"print([x, y])", b""]))
    uart.expect(b"\r\n['one', '']\r\n" + PROMPT)
    uart.send(b"if x:" + end + b"print('two')" + end * 4)
    uart.expect(b"\r\ntwo\r\n" + PROMPT)
    uart.close()


def test_cursor_goes_by_columns(terminal):
    terminal.session.send("日本ů".encode())
    terminal.shows(">>> 日本ů", 4 + 5)
    terminal.session.send(LEFT)
    terminal.shows(">>> 日本ů", 4 + 4)
    terminal.session.send(LEFT)
    terminal.shows(">>> 日本ů", 4 + 2)
    terminal.session.send(b"\x03")


def test_history(terminal):
    terminal.session.send(f"x = '{HORSE}'\ry = 2\r".encode())
    terminal.session.expect(b"y = 2\r\n" + PROMPT)
    terminal.session.send(UP + UP + b"\x08!'" + DOWN + UP + b"\x08!'\r")
    terminal.session.prompt()
    assert terminal.session.python("print(x, y)") == f"{HORSE}! 2"


def test_completion(terminal):
    terminal.session.send(b"import netw\t\rnetwork.Ser\t\r")
    terminal.session.expect(b"<class 'Server'>")
    terminal.session.prompt()
    terminal.session.send(b"network.server_\t")
    terminal.session.expect(b"server_login")
    terminal.session.expect(PROMPT + b"network.server_")
    terminal.session.send(b"timeout()\r")
    terminal.session.expect(b"\r\n300\r\n")


def test_blocks_are_indented(terminal):
    terminal.session.send(b"for i in range(2):\rif i:\rprint('i', i)\r\x7fprint('-', i)\r\r\r\r")
    terminal.session.expect(b"- 0\r\ni 1\r\n- 1\r\n" + PROMPT)


# ---- lines longer than the window

LONG = "x = 'abcdefghijklmnopqrstuvwxyz0123456789'"  # 4 + 42 columns: three rows of 20


def test_long_line_runs_on(narrow):
    narrow.session.send(LONG.encode())
    narrow.shows(">>> " + LONG, 4 + len(LONG))


@pytest.mark.parametrize("size", range(12, 22))
def test_every_length_around_the_edge(narrow, size):
    text = ("0123456789" * 3)[:size]
    narrow.session.send(text.encode())
    narrow.shows(">>> " + text, 4 + size)
    narrow.session.send(b"\x7f")
    narrow.shows(">>> " + text[:-1], 4 + size - 1)
    narrow.session.send(LEFT * 4 + b"\x7f")
    narrow.shows(">>> " + text[: size - 6] + text[size - 5 : -1], 4 + size - 6)
    narrow.session.send(b"\x03")


def test_editing_a_long_line(narrow):
    narrow.session.send(LONG.encode())
    narrow.session.send(HOME)
    narrow.shows(">>> " + LONG, 4)
    narrow.session.send(b"yyy = " + DELETE)
    narrow.shows(">>> yyy = " + LONG[1:], 10)
    narrow.session.send(END)
    narrow.shows(">>> yyy = " + LONG[1:], 4 + 6 + len(LONG) - 1)
    narrow.session.send(HOME + b"\x0b")
    narrow.shows(">>> ", 4)
    narrow.session.send(b"\x03")


def test_random_keys_leave_screen_and_line_the_same(narrow, seeded):
    """What the screen shows is what Python gets."""
    letters = ["a", "b", "0", "9", "ů", "ž", "日", "ß", "-"]
    for _ in range(30):
        line, cursor = [], 0
        for _ in range(120):
            key = seeded.choice(["letter"] * 3 + ["left", "right", "home", "end", "delete", "back"])
            if key == "letter":
                letter = seeded.choice(letters)
                line.insert(cursor, letter)
                cursor += 1
                narrow.session.send(letter.encode())
            elif key == "left":
                cursor = max(0, cursor - 1)
                narrow.session.send(LEFT)
            elif key == "right":
                cursor = min(len(line), cursor + 1)
                narrow.session.send(RIGHT)
            elif key == "home":
                cursor = 0
                narrow.session.send(HOME)
            elif key == "end":
                cursor = len(line)
                narrow.session.send(END)
            elif key == "delete":
                line[cursor : cursor + 1] = []
                narrow.session.send(DELETE)
            elif cursor > 0:
                cursor -= 1
                del line[cursor]
                narrow.session.send(b"\x7f")
        narrow.session.send(HOME + b"print('" + END + b"')")
        text = "".join(line)
        narrow.shows(f">>> print('{text}')")
        narrow.session.send(b"\r")
        narrow.session.expect(f"\r\n{text}\r\n".encode() + PROMPT)
        narrow.clear()
