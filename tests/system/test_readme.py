"""The examples of README.md are run as they stand, and must print what it says.

A fenced block that begins with ```console holds commands after `$ `, continued by lines that begin with `> `, each followed by its output;
`...` stands for any text, also of several lines. All blocks together are one session, in an empty folder in which `build/` is the tested
build. Four things differ from what a reader does, because a test must not disturb the machine: `make run` starts the board
without building first, the ports are free ones, the board's network has its own name, and a command that goes on (make run, wipy run) is left running until the end.
Where the kernel forbids user namespaces, `wipy join` is left out.
In a telnet session the reader's part is what follows a prompt of the board, the password is typed after an empty `Password: `."""

import os
import re
import socket
import subprocess
import time

import pytest

from board import ROOT, WIPY, Board, no_namespaces, wait_for
from stream import LIMIT, Client

README = ROOT / "README.md"
PROMPTS = ("Login as: ", "Password: ", ">>> ", "... ", "=== ")
SERVES = re.compile(r"(make run|build/wipy run)\b")
ASKS = re.compile(r"build/wipy ctl \S+ (status|led)\b")
JOINS = re.compile(r"build/wipy join\b")
TALKS = re.compile(r"(build/wipy join .* -- )?(telnet|plink)\b")
SSID = "wipy-wlan-5e01"  # the README's board


def blocks(text):
    """The lines of each console block, with the number of the first."""
    for match in re.finditer(r"^```console\n(.*?)^```", text, re.M | re.S):
        yield text[: match.start(1)].count("\n") + 1, match[1].splitlines()


def commands(lines):
    """[[command, [output lines]], ...]"""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0] += "\n" + line[2:]
        else:
            assert found, f"{line!r} stands before any command"
            found[-1][1].append(line)
    return found


def fits(printed, expected):
    """Whether what was printed is what was expected, where `...` is any text."""
    pattern = ".*?".join(re.escape(part) for part in "\n".join(expected).rstrip().split("..."))
    return re.fullmatch(pattern + r"\s*", printed.replace("\r\n", "\n"), re.S)


def test_the_mechanism():
    assert fits("a b\nb c\n", ["a ... c"]) and fits("", []) and fits("x\n", ["x"])
    assert not fits("a b d", ["a ... c"]) and not fits("x\ny\n", ["x"])
    assert commands(["$ one", "out", "$ two \\", "> more", "out"]) == [["one", ["out"]], ["two \\\nmore", ["out"]]]
    assert list(blocks("a\n```console\n$ b\n```\n```\n$ c\n```\n")) == [(3, ["$ b"])]


class Reader:
    """Somebody who types what the README says."""

    def __init__(self, folder):
        self.folder = folder
        self.boards = []
        (folder / "build").mkdir()
        for name in ("wipy", "mcuimg.bin"):
            (folder / "build" / name).symlink_to(WIPY.parent / name)
        self.environment = dict(os.environ, HOME=str(folder))
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            two.bind(("127.0.0.1", 0))
            self.ports = {"2323": str(one.getsockname()[1]), "2121": str(two.getsockname()[1])}

    def local(self, text):
        """With this test's ports, and its board's network, in place of the README's."""
        text = re.sub(r"\b(2323|2121)\b", lambda match: self.ports[match[1]], text)
        return text.replace(SSID, self.boards[0].status()["wlan"]["ssid"]) if SSID in text else text

    def follow(self, command, expected):
        if JOINS.match(command) and no_namespaces():
            return  # the README says that it needs them
        printed = self.serve(command) if SERVES.match(command) else None
        expected = [self.local(line) for line in expected]
        if TALKS.match(command):
            printed = self.talk(self.local(command), expected)
        elif printed is None:
            printed = self.run(command)
            end = time.monotonic() + LIMIT
            while ASKS.match(command) and not fits(printed, expected) and time.monotonic() < end:
                time.sleep(0.1)  # a reader takes longer to get there than a test: the heart has not beaten yet
                printed = self.run(command)
        assert fits(printed, expected), f"$ {command}\nprinted:\n{printed}\nREADME:\n" + "\n".join(expected)

    def run(self, command):
        return subprocess.run(
            self.local(command), shell=True, text=True, cwd=self.folder, env=self.environment, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        ).stdout

    def serve(self, command):
        directory = re.search(r"(?:wipy run|DIR=)\s*([\w./-]+)", command)
        board = Board(self.folder / (directory[1] if directory else "my-wipy"))
        options = ["--telnet", self.ports["2323"], "--ftp", self.ports["2121"], "--firmware", "build/mcuimg.bin"]
        board.command = lambda: [str(WIPY), "run", os.path.relpath(board.directory, self.folder), *options]
        os.chdir(self.folder)
        self.boards.append(board)
        board.start()
        self.await_prompt(board)
        return "\n".join(board.lines) + "\n"

    def await_prompt(self, board):
        """A reader takes longer to get to the next command than Python takes to its prompt; a test does not."""
        uart = board.uart()
        uart.expect(b">>> ")
        uart.close()
        board.streams.remove(uart)

    def talk(self, command, expected):
        with Client(*command.split()) as program:
            for line in expected:
                prompt = next((prompt for prompt in PROMPTS if (line + " ").startswith(prompt)), None)
                if prompt and line != "...":
                    program.expect(prompt.encode(), LIMIT)
                    typed = line[len(prompt) :] or ("python" if prompt == "Password: " else "")
                    if prompt == "Password: ":
                        wait_for(lambda: not program.echoes(), "the terminal hides the password")
                    if typed:
                        program.send(typed.encode() + b"\r")
            end = time.monotonic() + LIMIT
            while not fits(program.log.decode(), expected) and not program.ended and time.monotonic() < end:
                program.pump(0.1)
            return program.log.decode()


def test_readme(tmp_path, monkeypatch):
    if not README.exists():
        pytest.skip("there is no README.md yet")
    found = list(blocks(README.read_text()))
    assert found, "the README has console blocks"
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path)
    try:
        for number, lines in found:
            for command, expected in commands(lines):
                try:
                    reader.follow(command, expected)
                except AssertionError as error:
                    raise AssertionError(f"README.md, block at line {number}: {error}") from error
    finally:
        for board in reader.boards:
            board.stop()
