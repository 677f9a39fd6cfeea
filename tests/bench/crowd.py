#!/usr/bin/python3
"""Figures of many boards in one air: start, memory, idle CPU. Each must answer telnet, and be seen in the air by its name.

usage: tests/bench/crowd.py [-n BOARDS]     $WIPY is the program, build/wipy unless set."""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench import cpu, memory

from board import Board, wipy


def mib(kib):
    return f"{kib / 1024:.1f} MiB"


def timed(action):
    """Milliseconds that an action takes."""
    began = time.monotonic()
    action()
    return (time.monotonic() - began) * 1000


def start(board, crowd):
    crowd.callback(board.stop)  # whatever state it is in by then
    board.start(limit=120)


def ask(board):
    with board.telnet() as session:
        said = session.python("6 * 7")
        assert said == "42", said


def measure(folder, count, seconds):
    """Prints its figures; raises when a board does not do its part."""
    boards = [Board(folder / f"wipy{number}", "--air", folder / "air") for number in range(count)]
    with contextlib.ExitStack() as crowd:  # at the first boot, which makes the flash
        first = timed(lambda: [start(board, crowd) for board in boards])
    with contextlib.ExitStack() as crowd:
        starts = [timed(lambda board=board: start(board, crowd)) for board in boards]
        for board in boards:
            ask(board)
        seen = {line.split(maxsplit=3)[3] for line in wipy("air", folder / "air").stdout.splitlines()}
        assert seen == {board.status()["wlan"]["ssid"] for board in boards} and len(seen) == count
        print(f"boards in one air, each answering telnet   {count}")
        print(f"started one after the other, first boot    {first / 1000:.2f} s")
        print(f"started one after the other, every other   {sum(starts) / 1000:.2f} s; a board {statistics.median(starts):.1f} ms "
              f"(the first ten {statistics.median(starts[:10]):.1f}, the last ten {statistics.median(starts[-10:]):.1f})")
        sizes = [sum(size for _, size in memory(board)) for board in boards]
        print(f"memory (PSS)                               {mib(sum(sizes))}; a board {mib(statistics.median(sizes))}")
        pids = [pid for board in boards for pid in board.pids]
        before, began = cpu(pids), time.monotonic()
        time.sleep(seconds)
        used = 100 * (cpu(pids) - before) / (time.monotonic() - began)
        print(f"CPU when idle                              {used:.2f} % of a core; a board {used / count:.3f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=100, metavar="BOARDS", help="how many boards")
    parser.add_argument("--seconds", type=float, default=5, help="how long the idle boards are watched")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.n, arguments.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
