#!/usr/bin/python3
"""First figures of a board: start, memory, idle CPU, FTP, Python; each next to a peer that is measured in the same run, where there is one.

usage: tests/bench/bench.py [-n RUNS]     $WIPY is the program, build/wipy unless set."""

import argparse
import ftplib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("WIPY", str(ROOT / "build/wipy"))
sys.path.insert(0, str(ROOT / "tests/system"))

from board import WIPY, Board, retrieve, store
from images import UPLOAD, padded
from stream import PROMPT, Telnet

MIB = 1024 * 1024
ROWS = []


def row(what, value, peer="", ratio=""):
    ROWS.append((what, value, peer, ratio))


def spread(values):
    return f"{min(values):.1f} to {max(values):.1f}"


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def first_prompt(folder, runs):
    """Milliseconds from the start of the process to the prompt after a telnet login, on a board that has run before."""
    port = free_port()
    board = Board(folder, "--telnet", str(port))
    with board:
        pass
    times = []
    for _ in range(runs):
        began = time.monotonic()
        process = subprocess.Popen(board.command(), stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        try:
            while True:
                try:
                    session = Telnet(("127.0.0.1", port), login=False)
                    break
                except ConnectionRefusedError:
                    time.sleep(0.0002)
            # All at once, as the fastest tool would.
            session.send(b"micro\r\npython\r\n")
            session.expect(PROMPT)
            times.append((time.monotonic() - began) * 1000)
            session.close()
        finally:
            process.terminate()
            process.wait()
    return times


def process_name(pid):
    return Path("/proc", str(pid), "comm").read_text().strip()


def memory(board):
    """Proportional set size in KiB, per process."""
    sizes = []
    for pid in board.pids:
        for line in Path("/proc", str(pid), "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                sizes.append((process_name(pid), int(line.split()[1])))
    return sizes


def memory_text(board):
    sizes = memory(board)
    parts = ", ".join(f"{name} {size / 1024:.1f}" for name, size in sizes)
    return f"{sum(size for _, size in sizes) / 1024:.1f} MiB ({parts})"


def cpu(pids):
    """Seconds of CPU that processes have used, in nanosecond resolution where the kernel tells it."""
    total = 0
    for pid in pids:
        for task in Path("/proc", str(pid), "task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def idle(board, seconds):
    pids = board.pids
    before, began = cpu(pids), time.monotonic()
    time.sleep(seconds)
    return 100 * (cpu(pids) - before) / (time.monotonic() - began)


def ftp_rates(ftp, path, data, rounds=3):
    """MiB/s up and down; the best of some rounds."""
    up = down = 0
    for _ in range(rounds):
        began = time.monotonic()
        store(ftp, path, data)
        up = max(up, len(data) / MIB / (time.monotonic() - began))
        began = time.monotonic()
        assert retrieve(ftp, path) == data
        down = max(down, len(data) / MIB / (time.monotonic() - began))
    ftp.delete(path)
    return up, down


class PlainServer:
    """A plain FTP server of this machine (pyftpdlib), on the loopback, which stores on the same disk."""

    def __init__(self, folder):
        self.port = free_port()
        home = folder / "plain"
        home.mkdir()
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-m", "pyftpdlib", "-i", "127.0.0.1", "-p", str(self.port), "-w", "-u", "micro", "-P", "python", "-d", str(home)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    def session(self):
        """None when there is no such server here."""
        end = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < end:
            try:
                ftp = ftplib.FTP()
                ftp.connect("127.0.0.1", self.port, timeout=10)
                ftp.login("micro", "python")
                return ftp
            except OSError:
                time.sleep(0.02)
        return None

    def close(self):
        self.process.terminate()
        self.process.wait()


PYTHON_TESTS = {
    "calls": "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\ndef run():\n    f(21)\n",
    "integers": "def run():\n    x = 0\n    for i in range(200000):\n        x = (x * 7 + i) & 0xffff\n",
    "floats": "def run():\n    x = 0.0\n    for i in range(100000):\n        x = x * 0.5 + i / 3\n",
    "dictionaries": "def run():\n    d = {}\n    for i in range(60000):\n        d[i % 100] = d.get(i % 97, 0) + 1\n",
    "strings": "def run():\n    n = 0\n    for i in range(20000):\n        n += len('%d,%s' % (i, 'abc' * (i % 5)))\n",
}
BEST = "\nbest = 0\nfor _ in range(5):\n    began = time.{clock}()\n    run()\n    took = {took}\n    best = min(best or took, took)\nprint(best)\n"


def on_board(session, code):
    """Microseconds that run() takes on the board."""
    return int(session.run("import time\n" + code + BEST.format(clock="ticks_us", took="time.ticks_diff(time.ticks_us(), began)"), 120))


def on_host(interpreter, code):
    if interpreter == "micropython":
        text = "import time\n" + code + BEST.format(clock="ticks_us", took="time.ticks_diff(time.ticks_us(), began)")
    else:
        text = "import time\n" + code + BEST.format(clock="perf_counter_ns", took="(time.perf_counter_ns() - began) // 1000")
    return int(subprocess.run([interpreter, "-c", text], text=True, check=True, stdout=subprocess.PIPE).stdout)


def measure(folder, runs, seconds):
    times = first_prompt(folder / "start", runs)
    row("power-on to telnet prompt", f"{statistics.median(times):.1f} ms ({spread(times)})", "aim: under 20 ms")
    with Board(folder / "wipy") as board:
        row("memory (PSS), first boot", memory_text(board))
    with board.start():
        row("memory (PSS), every other boot", memory_text(board), "aim: under 6 MiB")
        row("CPU when idle", f"{idle(board, seconds):.2f} % of a core", "aim: under 0.5 %")
        with board.telnet() as session:
            row("CPU when idle, telnet open", f"{idle(board, seconds):.2f} % of a core")
            began = time.monotonic()
            for _ in range(200):
                session.send(b"x")
                session.expect(b"x")
            row("telnet echo", f"{(time.monotonic() - began) / 200 * 1e6:.0f} us")
            session.send(b"\x03")
            session.expect(PROMPT)
            peer = "micropython" if shutil.which("micropython") else "/usr/bin/python3"
            for name, code in PYTHON_TESTS.items():
                here, there = on_board(session, code), on_host(peer, code)
                row(f"Python: {name}", f"{here / 1000:.1f} ms", f"{os.path.basename(peer)} {there / 1000:.1f} ms", f"{here / there:.2f} x")
        data = os.urandom(2 * MIB)
        plain = PlainServer(folder)
        try:
            with board.ftp(limit=120) as ftp:
                up, down = ftp_rates(ftp, "/flash/bench", data)
            there = plain.session()
            plain_up, plain_down = ftp_rates(there, "bench", data) if there else (None, None)
            for what, rate, peer in (("up", up, plain_up), ("down", down, plain_down)):
                row(f"FTP {what}", f"{rate:.1f} MiB/s", f"pyftpdlib {peer:.0f} MiB/s" if peer else "", f"1/{peer / rate:.0f}" if peer else "")
        finally:
            plain.close()
        times = [reset_to_running(board) for _ in range(runs)]
        row("reset to running", f"{statistics.median(times):.1f} ms ({spread(times)})")


def reset_to_running(board):
    """Milliseconds of a reset until the services are up, by way of the control socket."""
    with board.control_socket() as sock, sock.makefile() as answers:
        began = time.monotonic()
        sock.sendall(b'{"verb": "reset"}\n')
        answers.readline()
        while True:
            sock.sendall(b'{"verb": "status"}\n')
            if '"running"' in answers.readline():
                return (time.monotonic() - began) * 1000


def update(board, image):
    """Milliseconds of an upload until its reply, and until the new firmware, which the switch starts, is at its prompt after a telnet login."""
    address, before = board.address("telnet"), board.status()["boot"]["slot"]
    with board.ftp(limit=120) as ftp, board.control_socket() as sock, sock.makefile() as answers:
        began = time.monotonic()
        store(ftp, UPLOAD, image)
        stored = time.monotonic()
        sock.sendall(b'{"verb": "reset"}\n')
        answers.readline()
        session = Telnet(address, login=False)
        session.send(b"micro\r\npython\r\n")
        session.expect(PROMPT)
        ended = time.monotonic()
        session.close()
    after = board.status()["boot"]
    assert after["image"] == "latest" and after["slot"] != before, after
    return (stored - began) * 1000, (ended - began) * 1000


def measure_updates(folder, runs):
    image = padded((WIPY.parent / "mcuimg.bin").read_bytes(), MIB)
    with Board(folder / "update") as board:
        uploads, totals = zip(*(update(board, image) for _ in range(runs)))
    seed = 6000  # ms, what the seed says that the upload alone takes
    row("update, 1 MiB: upload", f"{statistics.median(uploads):.0f} ms ({spread(uploads)})", "the original: around 6 s", f"1/{seed / statistics.median(uploads):.0f}")
    row("update, 1 MiB: upload, reset, prompt", f"{statistics.median(totals):.0f} ms ({spread(totals)})", "aim: under 300 ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=15, metavar="RUNS", help="how often a start is measured")
    parser.add_argument("--seconds", type=float, default=5, help="how long an idle board is watched")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.n, arguments.seconds)
        measure_updates(Path(folder), arguments.n)
    widths = [max(len(one[column]) for one in ROWS) for column in range(3)]
    for one in ROWS:
        print("  ".join(part.ljust(width) for part, width in zip(one, [*widths, 0])).rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
