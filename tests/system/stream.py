"""Conversations with the board as a person or a tool has them: telnet, the UART's pty, and real client programs in a terminal.

A Stream reads until it sees what it expects, with a hard limit; what was read and not yet expected stays in `text`."""

import itertools
import os
import pty
import re
import select
import signal
import socket
import termios
import time
import tty

LIMIT = 20.0  # seconds that one answer may take; far more than any needs, so that a busy machine fails no test

PROMPT = b">>> "
MARKS = itertools.count(1)
IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240


class Ended(Exception):
    """The other side closed the conversation."""


class Stream:
    """Bytes to and from a descriptor. Subclasses give fileno(), read() and send()."""

    def __init__(self):
        self.text = b""  # received and not yet expected
        self.log = b""  # everything received
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def fileno(self):
        raise NotImplementedError

    def read(self):
        """Some bytes that are there now; raises Ended."""
        raise NotImplementedError

    def send(self, data):
        raise NotImplementedError

    def pump(self, wait):
        """Take in what arrives within `wait` seconds; False when nothing did."""
        if self.ended or not select.select([self.fileno()], [], [], wait)[0]:
            return False
        try:
            data = self.read()
        except Ended:
            self.ended = True
            return False
        self.text += data
        self.log += data
        return True

    def expect(self, wanted, limit=LIMIT):
        """Read until `wanted` (bytes, or a compiled pattern) has come; return what came before it and, for a pattern, the match."""
        end = time.monotonic() + limit
        while True:
            if isinstance(wanted, bytes):
                at = self.text.find(wanted)
                if at >= 0:
                    before, self.text = self.text[:at], self.text[at + len(wanted) :]
                    return before
            else:
                match = wanted.search(self.text)
                if match:
                    self.text = self.text[match.end() :]
                    return match
            if self.ended:
                raise AssertionError(f"{self}: ended while {wanted!r} was expected; it said {self.text[-600:]!r}")
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{self}: no {wanted!r} within {limit} s; it said {self.text[-600:]!r}")
            self.pump(left)

    def expect_end(self, limit=LIMIT):
        """Read until the other side closes; return what it still said."""
        end = time.monotonic() + limit
        while not self.ended:
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{self}: still open after {limit} s; it said {self.text[-600:]!r}")
            self.pump(left)
        rest, self.text = self.text, b""
        return rest

    def silence(self, seconds):
        """Assert that nothing comes for a while (only for things that must never come)."""
        if self.pump(seconds):
            raise AssertionError(f"{self}: unexpected {self.text!r}")

    # ---- as a person at the Python prompt

    def prompt(self, limit=LIMIT):
        """Get a fresh prompt, whatever was typed or is running."""
        mark = next(MARKS)  # a new one each time: the UART may still hold what was printed to an earlier session
        self.send(b"\x03")
        self.send(b"'mark' + '%d'\r" % mark)
        self.expect(b"'mark%d'\r\n" % mark + PROMPT, limit)

    def clean_prompt(self, limit=LIMIT):
        """Get a prompt whatever mode the last session left the console in."""
        mark = next(MARKS)
        self.send(b"\r\x03\x03")
        self.send(b"\r\x02'mark' + '%d'\r" % mark)
        self.expect(b"'mark%d'\r\n" % mark + PROMPT, limit)

    def python(self, line, limit=LIMIT):
        """Type one line at the prompt; return what it prints, in lines joined by \\n."""
        self.send(line.encode() + b"\r")
        self.expect(line.encode() + b"\r\n", limit)
        return self.expect(PROMPT, limit).decode().replace("\r\n", "\n").rstrip("\n")

    def raw_repl(self):
        """Enter the raw REPL."""
        self.send(b"\r\x03\x03\r\x01")
        self.expect(b"raw REPL; CTRL-B to exit\r\n>")

    def execute(self, code, limit=LIMIT):
        """Run code in the raw REPL; return (output, error)."""
        data = code.encode()
        for at in range(0, len(data), 256):
            self.send(data[at : at + 256])
        self.send(b"\x04")
        self.expect(b"OK", limit)
        output = self.expect(b"\x04", limit)
        error = self.expect(b"\x04>", limit)
        return output.replace(b"\r\n", b"\n").decode(), error.replace(b"\r\n", b"\n").decode()

    def run(self, code, limit=LIMIT):
        """Run a block of Python from the friendly prompt, by way of the raw REPL; return its output, raise for its error."""
        self.raw_repl()
        output, error = self.execute(code, limit)
        self.send(b"\x02")
        self.expect(PROMPT, limit)
        assert not error, error
        return output


class Telnet(Stream):
    """A telnet client as the tools of MicroPython are: it refuses every option, and shows only the data."""

    def __init__(self, address, login=True, limit=LIMIT):
        super().__init__()
        self.wire = b""  # everything received, options included
        self.options = []  # (WILL.. , option) in their order
        self.accepts = set()  # options that it does not refuse; what it says of them is up to the test
        self.pending = b""
        self.socket = socket.create_connection(address, timeout=limit)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each Ctrl-D after a line waits 40 ms for a delayed ACK
        if login:
            self.login(limit=limit)

    def __str__(self):
        return "telnet"

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        try:
            data = self.socket.recv(65536)
        except OSError as error:
            raise Ended from error
        if not data:
            raise Ended
        self.wire += data
        return self._strip(data)

    def _strip(self, data):
        """Take the telnet commands out of what was received, and answer them."""
        data = self.pending + data
        self.pending = b""
        out = bytearray()
        at = 0
        while at < len(data):
            if data[at] != IAC:
                out.append(data[at])
                at += 1
                continue
            command = data[at + 1 : at + 2]
            if command and command[0] in (WILL, WONT, DO, DONT) and at + 2 < len(data):
                self.options.append((command[0], data[at + 2]))
                if command[0] in (WILL, DO) and data[at + 2] not in self.accepts:
                    self.send_raw(bytes([IAC, DONT if command[0] == WILL else WONT, data[at + 2]]))
                at += 3
            elif command and command[0] == IAC:
                out.append(IAC)
                at += 2
            elif command and command[0] not in (WILL, WONT, DO, DONT, SB):
                at += 2
            else:
                self.pending = data[at:]
                break
        return bytes(out)

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, data):
        self.socket.sendall(data.replace(b"\xff", b"\xff\xff"))

    def login(self, user=b"micro", password=b"python", limit=LIMIT):
        self.expect(b"Login as: ", limit)
        self.send(user + b"\r\n")
        self.expect(b"Password: ", limit)
        self.send(password + b"\r\n")
        self.expect(b'Login succeeded!\r\nType "help()" for more information.\r\n', limit)

    def close(self):
        self.socket.close()

    def vanish(self):
        """Go without a word: the connection is reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.socket.close()


class Uart(Stream):
    """The board's UART by its pty, as a terminal program in raw mode opens it."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd, termios.TCSANOW)

    def __str__(self):
        return self.path

    def fileno(self):
        return self.fd

    def read(self):
        try:
            data = os.read(self.fd, 65536)
        except OSError as error:
            raise Ended from error
        if not data:
            raise Ended
        return data

    def send(self, data, limit=LIMIT):
        end = time.monotonic() + limit
        while data:
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{self}: {len(data)} bytes are not taken after {limit} s")
            if select.select([], [self.fd], [], min(left, 0.1))[1]:
                try:
                    data = data[os.write(self.fd, data) :]
                except BlockingIOError:
                    pass
            if select.select([self.fd], [], [], 0)[0]:
                self.pump(0)  # its echo must not stop us

    def close(self):
        os.close(self.fd)


class Client(Stream):
    """A real client program (telnet, plink, ...) in a terminal of its own."""

    def __init__(self, *command):
        super().__init__()
        self.command = command
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            for name in "LINES", "COLUMNS":  # of another terminal; Python's readline puts them into the environment behind os.environ's back
                os.unsetenv(name)
            os.environ["TERM"] = "dumb"
            try:
                os.execvp(command[0], command)
            finally:
                os._exit(127)
        attributes = termios.tcgetattr(self.fd)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    def __str__(self):
        return " ".join(self.command)

    def echoes(self):
        """Whether the terminal shows what is typed; a program switches that off for a password."""
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def fileno(self):
        return self.fd

    def read(self):
        try:
            data = os.read(self.fd, 65536)
        except OSError as error:
            raise Ended from error  # EIO: the program has closed its terminal
        if not data:
            raise Ended
        return data

    def send(self, data):
        os.write(self.fd, data)

    def hides(self):
        """Whether its terminal shows nothing of what is typed, as for a password."""
        return not termios.tcgetattr(self.fd)[3] & termios.ECHO

    def close(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def pattern(text):
    return re.compile(text.encode(), re.S)
