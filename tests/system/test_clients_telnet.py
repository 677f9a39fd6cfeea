"""The second matrix of docs/clients.md: what telnet clients, and the tools that speak to the prompt, can do with a board."""

import os
import re
import select
import socket
import subprocess
import threading

import pytest

from board import ROOT, THOUSAND, setting, store
from clients.matrix import LACKS, WRITES, YES, Matrix
from clients.telnet_programs import HORSE, PROGRAMS, at_prompt, log_in, resize, run_mpremote, start
from clients.wire import escape
from stream import PROMPT
from test_repl import run_pyboard_on_telnet

pytestmark = pytest.mark.skipif(not setting("MICROPYTHON_DIR"), reason="MICROPYTHON_DIR is not set")
FILE = bytes(range(256)) * 4  # pyboard.py takes 0.3 s for each 256 bytes


class Typed:
    """A telnet program in a terminal, and a person at it."""

    def __init__(self, name, board, folder):
        self.name, self.board = name, board

    def session(self):
        return at_prompt(self.name, self.board)

    def login(self):
        with self.session():
            return True

    def prompt(self):
        with self.session() as client:
            client.send(b"for i in range(2): print('i', 20 + i)\r")
            client.expect(b"... ")  # Enter is one line
            client.send(b"\r")
            client.expect(b"i 20")
            client.expect(b"i 21")
            client.expect(PROMPT)

    def interrupt(self):
        with self.session() as client:
            client.send(b"while True: pass\r\r")
            client.expect(b"pass")
            client.send(b"\x03")
            client.expect(b"KeyboardInterrupt")
            client.expect(PROMPT)

    def utf8(self):
        with self.session() as client:
            client.send(f"print(len('{HORSE}'), '{HORSE}')\r".encode())
            client.expect(f"\n13 {HORSE}".encode())

    def paste(self):
        with self.session() as client:
            client.send(b"\x05")
            client.expect(b"=== ")
            for number in range(30):
                client.send(b"if True:\r    x = %d\r" % number)
                client.expect(b"x = %d" % number)
            client.send(b"print('x', x * 2)\r")
            client.expect(b"x * 2")
            client.send(b"\x04")
            client.expect(b"x 58")
            client.expect(PROMPT)

    def raw(self):
        """The raw REPL, as a script behind such a program uses it."""
        with self.session() as client:
            client.raw_repl()
            output, error = client.execute("print('raw', 6 * 7)")
            assert (output.strip(), error) == ("raw 42", "")
            client.send(b"\x02")
            client.expect(PROMPT)

    def soft_reset(self):
        with self.session() as client:
            client.send(b"\x04")
            client.expect(b"soft reboot")
            client.expect(PROMPT)
            client.send(b"print(6 * 7)\r")
            client.expect(b"\n42")

    def resize(self):
        with self.session() as client:
            client.send(b"import wipy\r")
            client.expect(PROMPT)
            resize(client, 77, 11)
            for _ in range(50):
                client.send(b"wipy.terminal_size()\r")
                client.expect(b"terminal_size()")
                if b"(77, 11)" in client.expect(PROMPT):
                    return
            raise AssertionError("the new size does not come")

    def take_over(self):
        with self.session() as first, start(self.name, self.board) as second:
            log_in(second)
            second.expect(b"take over? [y/N] ")
            second.send(b"y")
            second.expect(PROMPT)
            first.expect(b"Taken over by a session from")


class Expect:
    """Scripts for expect, around telnet."""

    name = "expect"

    def __init__(self, name, board, folder):
        self.board, self.script = board, folder / "script.exp"

    def dialogue(self, *steps):
        """Pairs of what is sent and what must come then."""
        host, port = self.board.address("telnet")
        steps = [(None, "Login as: "), ("micro\\r", "Password: "), ("python\\r", ">>> "), ("\\003", ">>> "), *steps]
        lines = ["set timeout 20", f"spawn telnet -8 {host} {port}"]
        for number, (sent, wanted) in enumerate(steps, 2):
            lines += [f'send -- "{sent}"'] if sent else []
            lines += [f'expect {{{wanted}}} {{}} timeout {{ exit {number} }} eof {{ exit {number} }}']
        self.script.write_text("\n".join(lines))
        result = subprocess.run(["expect", self.script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100)
        assert result.returncode == 0, result.stdout

    def login(self):
        self.dialogue()

    def prompt(self):
        self.dialogue(("print('six times seven', 6 * 7)\\r", "six times seven 42"))

    def interrupt(self):
        self.dialogue(("while True: pass\\r\\r", "pass"), ("\\003", "KeyboardInterrupt"))

    def utf8(self):
        self.dialogue((f"print(len('{HORSE}'), '{HORSE}')\\r", f"13 {HORSE}"))

    def paste(self):
        self.dialogue(("\\005", "=== "), ("if True:\\r    x = 29\\rprint('x', x * 2)\\r", "x * 2"), ("\\004", "x 58"))

    def soft_reset(self):
        self.dialogue(("\\004", "soft reboot"), (None, ">>> "), ("print(6 * 7)\\r", "42"))


class Tool:
    """MicroPython's tools: the raw REPL, and files by it."""

    def __init__(self, name, board, folder):
        self.board, self.folder = board, folder
        self.there = f"/flash/{self.name} {folder.name}"  # nobody else's

    def ok(self, *arguments):
        result = self.run(*arguments)
        assert result.returncode == 0, result.stdout
        return result.stdout

    def raw(self):
        assert self.execute(f"print(6 * 7, '{HORSE}')") == f"42 {HORSE}\n"

    utf8 = raw

    def paste(self):
        """A long program, by raw paste."""
        program = self.folder / "program.py"
        program.write_text("for i in range(300): print('line', i)\n" + "# padding\n" * 3000)
        assert self.run_file(program) == "".join(f"line {i}\n" for i in range(300))

    def file_up(self):
        (self.folder / "up.bin").write_bytes(FILE)
        self.copy(self.folder / "up.bin", ":/flash/tool.bin")
        assert self.board.get("/flash/tool.bin") == FILE

    def file_down(self):
        self.board.put("/flash/tool.bin", FILE)
        self.copy(":/flash/tool.bin", self.folder / "down.bin")
        assert (self.folder / "down.bin").read_bytes() == FILE

    def names(self, folder):
        """What it lists: a size and a name a line."""
        return {line.split(None, 1)[1].rstrip("/") for line in self.files("ls", folder).splitlines() if line[:1] == " "}

    def list(self):
        with self.board.ftp() as ftp:
            ftp.mkd(self.there)
            ftp.mkd(f"{self.there}/folder")
            store(ftp, f"{self.there}/file.txt", b"file")
        assert self.names(self.there) == {"folder", "file.txt"}

    def thousand(self):
        folder, names = THOUSAND
        assert self.names(folder) == names

    def mkdir(self):
        self.files("mkdir", self.there)
        with self.board.ftp() as ftp:
            assert dict(ftp.mlsd("/flash"))[os.path.basename(self.there)]["type"] == "dir"

    def delete(self):
        self.board.put(self.there, b"file")
        self.files("rm", self.there)
        with self.board.ftp() as ftp:
            assert os.path.basename(self.there) not in dict(ftp.mlsd("/flash"))

    def both_ways(self, name, data):
        (self.folder / name).write_bytes(data)
        self.copy(self.folder / name, f":/flash/{name}")
        assert self.board.get(f"/flash/{name}") == data and name in self.names("/flash")
        self.copy(f":/flash/{name}", self.folder / "back")
        assert (self.folder / "back").read_bytes() == data

    def names_of_files(self):
        self.both_ways(f"two  words {HORSE}.txt", b"file")

    def empty(self):
        self.both_ways("empty", b"")


class Pyboard(Tool):
    name = "pyboard.py"

    def run(self, *arguments):
        return run_pyboard_on_telnet(self.board, *arguments)

    def login(self):
        self.execute("pass")

    def execute(self, code):
        return self.ok("-c", code)

    def run_file(self, path):
        return self.ok(path)

    def files(self, *arguments):
        return self.ok("-f", *arguments)

    def copy(self, source, target):
        self.files("cp", source, target)


class Mpremote(Tool):
    """On the UART's pty: it knows no telnet."""

    name = "mpremote"

    def run(self, *arguments):
        return run_mpremote(self.board, self.folder, *arguments)

    def execute(self, code):
        return self.ok("exec", code)

    def run_file(self, path):
        return self.ok("run", path)

    def files(self, *arguments):
        return self.ok(arguments[0], f":{arguments[1]}")

    def copy(self, source, target):
        self.ok("cp", source, target)

    def soft_reset(self):
        assert self.ok("soft-reset", "eval", "6 * 7").strip().endswith("42")


CLIENTS = {**{name: Typed for name in PROGRAMS}, "expect": Expect, "pyboard.py": Pyboard, "mpremote": Mpremote}
FUNCTIONS = {
    "login": "login", "prompt": "prompt", "Ctrl-C": "interrupt", "UTF-8": "utf8", "paste": "paste", "raw REPL": "raw", "soft reset": "soft_reset",
    "resize": "resize", "take over": "take_over", "file up": "file_up", "file down": "file_down",
    "list": "list", "delete": "delete", "mkdir": "mkdir", "names": "names_of_files", "0 bytes": "empty", "1,000 files": "thousand",
}
LACKING = {("busybox", "resize"): "it tells the size once"}
MATRIX = Matrix("telnet", list(CLIENTS), list(FUNCTIONS))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("client", CLIENTS)
def test_client(client, function, shared, request, tmp_path):
    act = getattr(CLIENTS[client](client, shared, tmp_path), FUNCTIONS[function], None)
    can = act and (client, function) not in LACKING
    if can and function == "1,000 files":
        request.getfixturevalue("thousand_files")
    if can:
        act()
    MATRIX.see(client, function, YES if can else LACKS)


def test_the_document_says_the_same():
    MATRIX.check()


# ---- what each program sends: tests/replay/telnet, which tests/unit/test_telnet_replay.c says again to the session alone


class Between:
    """Between a telnet client and a board: writes down what the client sends, and the telnet commands of the server."""

    def __init__(self, board):
        self.board, self.lines = board, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def address(self, service):
        return self.listener.getsockname()

    def _run(self):
        client = self.listener.accept()[0]
        with client, socket.create_connection(self.board.address("telnet")) as server:
            while True:
                for sock in select.select([client, server], [], [])[0]:
                    try:
                        data = sock.recv(65536)
                    except OSError:
                        return
                    if not data:
                        return
                    if sock is client:
                        self.lines.append("> " + escape(data.decode("utf-8", "surrogateescape")))
                        server.sendall(data)
                    else:
                        self.lines += [f"< {command.hex(' ')}" for command in re.findall(rb"\xff[\xfb-\xfe].", data, re.S)]
                        client.sendall(data)


if WRITES:

    @pytest.mark.parametrize("client", PROGRAMS)
    def test_record(client, shared, tmp_path):
        between = Between(shared)
        lines = [f"print('{HORSE}')\r", "while True: pass\r\r"]
        with Typed(client, between, tmp_path).session() as session:
            session.send(lines[0].encode())
            session.expect(f"\n{HORSE}".encode())
            session.expect(PROMPT)
            resize(session, 77, 11)
            session.send(lines[1].encode())
            session.expect(b"pass")
            session.send(b"\x03")
            session.expect(b"KeyboardInterrupt")
        between.thread.join(20)
        size = "132 43" if client == "busybox" else "77 11"
        text = [f"# {client}: login, a line in UTF-8, another window size, Ctrl-C", *between.lines,
                "heard " + escape("\x03" + "".join(lines) + "\x03"), f"size {size}"]
        folder = ROOT / "tests/replay/telnet"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{client}.txt").write_text("\n".join(text) + "\n")
