"""Thousands of logins and transfers in a row: afterwards the board is as it was before.

200 of each, 10,000 with WIPY_TEST_LONG=1 (`make test-long`, with the release build); WIPY_TEST_SEED repeats a run."""

import os
import re
import socket
import struct
from pathlib import Path

import pytest

from board import PASSWORD, USER, WIPY, store, wait_for
from ftp_client import Control
from stream import Telnet

LONG = bool(os.environ.get("WIPY_TEST_LONG"))
COUNT = 10_000 if LONG else 200
WARM_UP = max(COUNT // 10, 100)
SANITIZED = b"__asan_init" in WIPY.read_bytes() if WIPY.exists() else False
SESSIONS = 6  # of FTP, and of telnet
GROWTH_KIB = 128  # of the host's processes: the history of the LED, pages that the allocator keeps. 13 bytes lost in each of 10,000 rounds are more


def memory_kib(pid):
    rollup = Path("/proc", str(pid), "smaps_rollup").read_text()
    return sum(int(size) for size in re.findall(r"^Private_(?:Clean|Dirty): +(\d+) kB$", rollup, re.M))


def descriptors(board):
    return {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in board.pids}


def at_rest_now(board):
    """When the laptop is on the WLAN, which a client waits for."""
    with Control(board) as control:
        assert control.command("QUIT").startswith("221")
    return descriptors(board)


def no_more(now, at_rest):
    """The same processes; the first client may still have been on its way out."""
    return now.keys() == at_rest.keys() and all(now[pid] <= count for pid, count in at_rest.items())


class Memory:
    """Of Python's heap and of each process, when nobody is connected."""

    def __init__(self, board, at_rest):
        with board.telnet() as session:
            session.send(b"import gc; gc.collect(); print('heap', gc.mem_alloc())\r")
            self.heap = int(session.expect(re.compile(rb"\nheap (\d+)\r\n"))[1])
        wait_for(lambda: no_more(descriptors(board), at_rest), f"no more descriptors than at the start: {at_rest}")
        self.mcu = board.mcu_pids
        self.processes = {pid: memory_kib(pid) for pid in at_rest}

    def assert_same(self, before):
        print(f"memory in KiB before: {before.processes}, after: {self.processes}; MCU: {self.mcu}")
        assert self.heap == before.heap
        for pid, kib in self.processes.items():
            if pid in self.mcu:
                assert kib <= before.processes[pid] + 16  # it has no allocator, but pages that nothing has touched yet
            elif not SANITIZED:  # its allocator grows by itself, and looks for leaks at the end
                assert kib <= before.processes[pid] + GROWTH_KIB


def reset(sock):
    """Close it as a program does that crashes."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def assert_every_place_is_free(board):
    """Each can be taken, and one more is refused."""
    controls = [Control(board) for _ in range(SESSIONS)]
    for control in controls:
        assert control.command("EPSV").startswith("229")
    with Control(board, login=False) as one_too_many:
        assert one_too_many.greeting.startswith("421")
    for control in controls:
        control.command("QUIT")
        control.close()
    sessions = [Telnet(board.address("telnet"), login=False) for _ in range(SESSIONS)]
    for session in sessions:
        session.expect(b"Login as: ")
    for session in sessions:
        session.close()


def log_in_and_out(board, telnet, number):
    """Telnet and FTP by turns, with three ways to go."""
    if number % 2:
        with Control(board) as control:
            if number % 3 == 0:
                assert control.command("QUIT").startswith("221")
            elif number % 3 == 1:
                reset(control.socket)
    else:
        session = Telnet(telnet, login=False)
        session.expect(b"Login as: ")
        session.send(f"{USER}\r\n".encode())
        session.expect(b"Password: ")
        session.send(f"{PASSWORD}\r\n".encode())
        if b"take over" in session.expect(re.compile(rb"Login succeeded!|take over\? \[y/N\] "))[0]:
            session.send(b"y")  # the end of the one before is on its way
            session.expect(b"Login succeeded!")
        if number % 3 == 0:
            reset(session.socket)
        session.close()


def transfer(ftp, number, data):
    """Up, down, a listing."""
    name = f"/flash/endurance{number % 7}"
    if number % 3 == 0:
        assert store(ftp, name, data).startswith("226")
    elif number % 3 == 1:
        parts = []
        ftp.retrbinary("RETR /flash/endurance", parts.append)
        assert b"".join(parts) == b"endurance" * 500
    else:
        assert "/flash/endurance" in ftp.nlst("/flash")


@pytest.mark.limit(3600 if LONG else 120)
def test_logins(board):
    at_rest = at_rest_now(board)
    telnet = board.address("telnet")
    for number in range(WARM_UP):
        log_in_and_out(board, telnet, number)
    assert_every_place_is_free(board)  # all that is ever used has been used
    before = Memory(board, at_rest)
    for number in range(COUNT):
        log_in_and_out(board, telnet, number)
    assert_every_place_is_free(board)
    Memory(board, at_rest).assert_same(before)


@pytest.mark.limit(3600 if LONG else 120)
def test_transfers(board, seeded):
    at_rest = at_rest_now(board)
    board.put("/flash/endurance", b"endurance" * 500)

    def transfers(count):
        for first in range(0, count, 20):
            with board.ftp() as ftp:
                for number in range(first, first + 20):
                    transfer(ftp, number, seeded.randbytes(seeded.randrange(20_000)))

    transfers(WARM_UP)
    assert_every_place_is_free(board)  # all that is ever used has been used
    before = Memory(board, at_rest)
    transfers(COUNT)
    assert_every_place_is_free(board)
    Memory(board, at_rest).assert_same(before)
