"""What else is asked of telnet programs, each in a terminal of its own; test_clients_telnet.py has what all of them can."""

import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios

import pytest

from board import micropython, setting
from stream import PROMPT, Client

HORSE = "žluťoučký kůň"
CLIENTS = {
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
    return [*CLIENTS[name], *(("-P", str(port), host) if name == "plink" else (host, str(port)))]


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


@pytest.fixture(params=CLIENTS)
def client(request, shared):
    with start(request.param, shared) as client:
        client.name = request.param
        log_in(client)
        client.expect(b'Type "help()" for more information.')
        client.expect(PROMPT)
        client.send(b"\x03")
        client.expect(PROMPT)
        yield client


def test_line_end_is_one_line(client):
    client.send(b"for i in range(2): print('i', i)\r")
    client.expect(b"... ")
    client.send(b"\r")
    client.expect(b"i 0")
    client.expect(b"i 1")
    client.expect(PROMPT)


def test_window_size(client):
    client.send(b"import wipy; wipy.terminal_size()\r")
    client.expect(b"terminal_size()")
    client.expect(b"(132, 43)")
    resize(client, 77, 11)
    if client.name != "busybox":  # it tells the size once
        for _ in range(50):
            client.send(b"wipy.terminal_size()\r")
            client.expect(b"terminal_size()")
            if b"(77, 11)" in client.expect(PROMPT):
                return
        raise AssertionError("the new size does not come")


# ---- the commands that inetutils telnet sends on demand


def escape(client, command):
    client.send(b"\x1d")
    client.expect(b"telnet> ")
    client.send(command + b"\r")


@pytest.fixture
def telnet(shared):
    with start("telnet", shared) as client:
        log_in(client)
        client.expect(b'Type "help()" for more information.')
        client.expect(PROMPT)
        client.send(b"\x03")
        client.expect(PROMPT)
        yield client


@pytest.mark.parametrize("command", [b"send ip", b"send brk"])
def test_sends_interrupt(telnet, command):
    telnet.send(b"while True: pass\r\r")
    telnet.expect(b"pass")
    escape(telnet, command)
    telnet.expect(b"KeyboardInterrupt")
    telnet.expect(PROMPT)


def test_sends_are_you_there(telnet):
    escape(telnet, b"send ayt")
    telnet.expect(b"[WiPy: yes]")


def test_sends_erase(telnet):
    telnet.send(b"print('nonsense")
    telnet.expect(b"nonsense")
    escape(telnet, b"send el")
    telnet.expect(b"\x1b[")  # only then the client's terminal is its own again
    telnet.send(b"print(6 * 8")
    telnet.expect(b"6 * 8")
    escape(telnet, b"send ec")
    telnet.expect(b"\x1b[")
    telnet.send(b"7)\r")
    telnet.expect(b"42")


def test_sends_abort_output(telnet):
    telnet.send(b"for i in range(500): print('line', i)\r\r")
    telnet.expect(b"line 0")
    escape(telnet, b"send ao")
    telnet.expect(PROMPT)
    telnet.send(b"print('i', i)\r")
    telnet.expect(b"i 499")


# ---- MicroPython's own tool


def run_mpremote(board, home, *arguments):
    device = board.status()["addresses"]["uart0"]
    folder = micropython("tools/mpremote/mpremote/main.py").parents[1]
    code = "import importlib.metadata as m, sys; m.version = lambda name: '1.25.0'; from mpremote.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, "connect", device, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(folder), "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100, cwd=home,
    )


@pytest.mark.skipif(not setting("MICROPYTHON_DIR"), reason="MICROPYTHON_DIR is not set")
class TestMpremote:
    """MicroPython's own tool, of the pinned source, on the UART's pty."""

    @pytest.fixture
    def mpremote(self, shared, tmp_path):
        return lambda *arguments: run_mpremote(shared, tmp_path, *arguments)

    def test_exec(self, mpremote):
        result = mpremote("exec", f"print(6 * 7, '{HORSE}')")
        assert (result.returncode, result.stdout) == (0, f"42 {HORSE}\n")

    def test_files(self, mpremote, tmp_path):
        data = bytes(range(256)) * 40
        (tmp_path / "up.bin").write_bytes(data)
        assert mpremote("cp", tmp_path / "up.bin", ":kůň.bin").returncode == 0
        listing = mpremote("ls").stdout
        assert "10240 kůň.bin" in listing and "main.py" in listing
        assert mpremote("cp", ":kůň.bin", tmp_path / "down.bin").returncode == 0
        assert (tmp_path / "down.bin").read_bytes() == data
        assert mpremote("rm", ":kůň.bin").returncode == 0

    def test_run_and_soft_reset(self, mpremote, tmp_path):
        (tmp_path / "program.py").write_text("for i in range(300): print('line', i)\n")
        assert mpremote("run", tmp_path / "program.py").stdout == "".join(f"line {i}\n" for i in range(300))
        assert mpremote("soft-reset", "eval", "6 * 7").stdout.strip().endswith("42")
