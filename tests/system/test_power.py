"""Power that fails at random moments: every file whose 226 arrived is there afterwards, every other one is the old one or the new one."""

import ftplib
import os
import signal
import threading

import pytest

from board import FIRST_BOOT, retrieve, store

NAMES = [f"file {number:02}" for number in range(20)]


def upload_until_it_dies(board, random, versions, limit):
    """Store random files until `limit` are done or the board dies; returns how many got their 226 and what was in flight."""
    done, flying = 0, None
    try:
        with board.ftp() as ftp:
            while done < limit:
                name = random.choice(NAMES)
                data = random.randbytes(random.choice([0, 1, 100, 4096, 5000, 20_000, 60_000]))
                flying = (name, data)
                store(ftp, f"/flash/{name}", data)
                versions[name] = data
                done, flying = done + 1, None
    except (ftplib.Error, OSError, EOFError):
        return done, flying
    return done, None


def check(board, versions, flying, where):
    with board.ftp() as ftp:
        names = {name.rpartition("/")[2] for name in ftp.nlst("/flash")}
        for name, data in versions.items():
            now = retrieve(ftp, f"/flash/{name}")
            if flying and name == flying[0] and now == flying[1]:
                versions[name] = now  # its end was on flash, only the 226 did not arrive
                continue
            assert now == data, f"{where}: {name} has {len(now)} bytes, its 226 was for {len(data)}"
        known = FIRST_BOOT | set(versions)
        if flying and flying[0] in names and flying[0] not in versions:
            came = retrieve(ftp, f"/flash/{flying[0]}")  # a new name keeps what was synced, for a client to resume
            assert flying[1].startswith(came), f"{where}: {flying[0]} has what was never sent"
            versions[flying[0]] = came
            known.add(flying[0])
        assert names == known, f"{where}: nothing is left of what was cut off"


@pytest.mark.limit(240)
@pytest.mark.parametrize("how", ["kill -9", "power off"])
def test_uploads_survive_at_random_moments(board, seeded, how):
    wanted = 200 if how == "kill -9" else 100
    versions, done, cuts = {}, 0, 0
    while done < wanted:
        delay = seeded.uniform(0.0, 0.04)
        cut_off = cut if how == "kill -9" else cut_power
        timer = threading.Timer(delay, cut_off, [board])
        address = board.address("ftp")
        board.address = lambda service, address=address: address
        timer.start()
        count, flying = upload_until_it_dies(board, seeded, versions, wanted - done)
        timer.join()
        del board.address
        done += count
        cuts += 1
        if how == "kill -9":
            board.kill9()
            board.start()
        else:
            board.power("on")
            board.wait_state("running")
        check(board, versions, flying, f"after cut {cuts}, {delay:.3f} s after the start, {done} uploads done")
    assert cuts >= 3
    assert board.telnet().python("1+1") == "2"


def cut(board):
    os.kill(board.process.pid, signal.SIGKILL)


def cut_power(board):
    board.power("off")


def test_python_writes_survive(board, seeded):
    """A file that Python has closed or flushed is there after the power failed; one that is being written is old or new in its blocks."""
    session = board.telnet()
    session.run("""
f = open('closed', 'w'); f.write('closed ' * 1000); f.close()
g = open('flushed', 'w'); g.write('flushed ' * 1000); g.flush()
h = open('open', 'w'); h.write('open ' * 1000)
""")
    board.kill9()
    board.start()
    assert board.get("/flash/closed") == b"closed " * 1000
    assert board.get("/flash/flushed") == b"flushed " * 1000


def test_many_restarts(board):
    """Starting and dying again and again wears nothing out."""
    board.put("/flash/keep", "kept")
    for _ in range(10):
        board.kill9()
        board.start()
        assert board.status()["boot"]["reset_cause"] == "power_on"
    assert board.get("/flash/keep") == b"kept"
