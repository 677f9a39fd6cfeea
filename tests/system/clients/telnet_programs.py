"""Telnet programs, each in a terminal of its own, and MicroPython's mpremote."""

import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios

from board import micropython
from stream import PROMPT, Client

HORSE = "žluťoučký kůň"
PROGRAMS = {
    "telnet": ["telnet", "-8"],  # inetutils; -8: BINARY both ways
    "telnet-7": ["telnet"],
    "busybox": ["busybox", "telnet"],
    "plink": ["plink", "-telnet"],
}


def resize(client, columns, rows):
    fcntl.ioctl(client.fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
    os.kill(client.pid, signal.SIGWINCH)


def command_of(name, board):
    host, port = board.address("telnet")
    return [*PROGRAMS[name], *(("-P", str(port), host) if name == "plink" else (host, str(port)))]


def start(name, board, columns=132, rows=43):
    """`sh` waits until the window has its size, as a terminal's has before a program starts in it."""
    client = Client("sh", "-c", 'read go; exec "$@"', "sh", *command_of(name, board))
    resize(client, columns, rows)
    client.send(b"go\n")
    return client


def log_in(client):
    client.expect(b"Login as: ")
    client.send(b"micro\r")
    client.expect(b"Password: ")
    client.send(b"python\r")


@contextlib.contextmanager
def at_prompt(name, board):
    """A telnet program that has logged in."""
    with start(name, board) as client:
        log_in(client)
        client.expect(b'Type "help()" for more information.')
        client.expect(PROMPT)
        client.send(b"\x03")
        client.expect(PROMPT)
        yield client


def run_mpremote(board, home, *arguments):
    device = board.status()["addresses"]["uart0"]
    folder = micropython("tools/mpremote/mpremote/main.py").parents[1]
    code = "import importlib.metadata as m, sys; m.version = lambda name: '1.25.0'; from mpremote.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, "connect", device, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(folder), "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100, cwd=home,
    )
