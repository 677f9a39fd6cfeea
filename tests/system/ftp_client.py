"""FTP as the tests speak it: a bare control connection, and listings as clients read them."""

import re
import socket

from board import PASSWORD, USER
from stream import LIMIT


class Control:
    """An FTP control connection, for what no client library would send."""

    def __init__(self, board, login=True):
        self.socket = socket.create_connection(board.address("ftp"), timeout=LIMIT)
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply()
        if login:
            assert self.command(f"USER {USER}").startswith("331")
            assert self.command(f"PASS {PASSWORD}").startswith("230")

    def reply(self):
        """One whole reply; '' when the connection has ended."""
        lines = []
        while True:
            line = self.file.readline().decode("utf-8", "replace")
            lines.append(line)
            if not line or re.match(r"\d\d\d ", line):
                return "".join(lines)

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def command(self, line):
        self.send(line + "\r\n")
        return self.reply()

    def passive(self):
        """Open a data connection."""
        numbers = re.search(r"\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)", self.command("PASV"))
        a, b, c, d, high, low = map(int, numbers.groups())
        return socket.create_connection((f"{a}.{b}.{c}.{d}", high * 256 + low), timeout=LIMIT)

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def remove_tree(ftp, path):
    for name, facts in listing(ftp, path).items():
        if facts == "dir":
            remove_tree(ftp, f"{path}/{name}")
        else:
            ftp.delete(f"{path}/{name}")
    ftp.rmd(path)


def listing(ftp, path):
    """{name: 'dir' or size}, from LIST as clients parse it."""
    lines = []
    ftp.cwd(path)
    ftp.retrlines("LIST", lines.append)
    found = {}
    for line in lines:
        fields = re.fullmatch(r"([-d])[rwxsStT-]{9}\s+\d+\s+\S+\s+\S+\s+(\d+)\s+(\w{3}\s+\d+\s+[\d:]+) (.*)", line)
        assert fields, f"no client can read the line {line!r}"
        found[fields[4]] = "dir" if fields[1] == "d" else int(fields[2])
    return found
