"""One loop: everything lives on while Python is busy; and nothing outlives the board."""

import os
import signal
import subprocess
import time

import pytest

from board import WIPY, alive, wait_for
from stream import PROMPT

BUSY = {
    "loop": "while True: pass",
    "arithmetic": "x = 0\nwhile True:\n    x = (x * 7 + 3) % 1000003",
    "allocation": "while True:\n    a = [bytearray(100) for i in range(100)]",
    "sleep": "import time\nwhile True: time.sleep(100)",
    "busy ticks": "import time\nwhile True: time.ticks_ms()",
    "except all": "while True:\n    try:\n        while True: pass\n    except Exception: pass",
}


def run_busy(session, code):
    session.raw_repl()
    session.send(code.encode() + b"\x04")
    session.expect(b"OK")


@pytest.mark.parametrize("name", BUSY)
def test_services_live_while_python_is_busy(shared, name, seeded):
    with shared.telnet() as session:
        run_busy(session, BUSY[name])
        data = seeded.randbytes(60_000)
        shared.put("/flash/while busy", data)
        assert shared.get("/flash/while busy") == data
        with shared.ftp() as ftp:
            assert "main.py" in " ".join(ftp.nlst("/flash"))
            ftp.delete("/flash/while busy")
        assert shared.status()["state"] == "running"
    with shared.telnet(prompt=False) as session:
        session.clean_prompt()
        assert session.python("1+1") == "2"


def test_uart_interrupts_what_telnet_started(board):
    telnet, uart = board.telnet(), board.uart()
    telnet.send(b"while True: pass\r\r")
    telnet.expect(b"pass\r\n")
    uart.expect(b"pass\r\n")
    uart.send(b"\x03")
    telnet.expect(b"KeyboardInterrupt")
    telnet.expect(PROMPT)


def test_busy_main_is_interrupted_from_the_network(board):
    """Always a prompt: also when main.py never ends."""
    board.put("/flash/main.py", "while True: pass\n")
    board.reset()
    session = board.telnet(prompt=False)
    session.send(b"\x03")
    session.expect(b"KeyboardInterrupt")
    session.expect(PROMPT)
    assert board.get("/flash/main.py") == b"while True: pass\n"


@pytest.mark.parametrize("busy", [False, True])
def test_heartbeat(make_board, busy):
    """80 ms on, every 5 s of board time; a busy Python does not stop it."""
    board = make_board("--speed", "20")
    if busy:
        session = board.telnet()
        session.send(b"while True: pass\r\r")
        session.expect(b"pass\r\n")
    changes = wait_for(lambda: len(changes := board.led_history()) >= 13 and changes, "six heart beats")
    on = [ms for ms, state in changes if state]
    off = [ms for ms, state in changes if not state]
    assert [state for _, state in changes] == [True, False] * (len(changes) // 2) + [True] * (len(changes) % 2)
    # On a machine that is busy at 20 times the speed a beat comes late by milliseconds of real time; it is never early.
    periods = [b - a for a, b in zip(on, on[1:])]
    lengths = [b - a for a, b in zip(on, off)]
    assert all(period > 4000 for period in periods) and all(length >= 79 for length in lengths)
    assert sorted(periods)[len(periods) // 2] < 5600 and sorted(lengths)[len(lengths) // 2] < 700
    assert board.status()["led"]["pattern"] == "heartbeat"


def test_led_is_followed(make_board):
    board = make_board("--speed", "50")
    follower = subprocess.Popen([str(WIPY), "ctl", str(board.directory), "led"], text=True, stdout=subprocess.PIPE)
    try:
        lines = [follower.stdout.readline().split() for _ in range(6)]
    finally:
        follower.kill()
        follower.wait()
        follower.stdout.close()
    assert [state for _, state in lines] == ["on", "off"] * 3
    times = [int(ms) for ms, _ in lines]
    assert times == sorted(times)


def test_speed(make_board):
    board = make_board("--speed", "100")
    session = board.telnet()
    began = time.monotonic()
    session.python("import time; time.sleep(50)")
    assert 0.4 < time.monotonic() - began < 20
    status = board.status()
    assert status["speed"] == 100 and status["uptime_ms"] >= 50_000
    passed = int(session.python("t = time.ticks_ms(); time.sleep_ms(5000); time.ticks_diff(time.ticks_ms(), t)"))
    assert passed >= 5000


@pytest.mark.parametrize("busy", [False, True])
def test_nothing_outlives_a_killed_board(make_board, busy):
    board = make_board()
    if busy:
        session = board.telnet()
        session.send(b"while True: pass\r\r")
        session.expect(b"pass\r\n")
    pids = board.pids
    assert len(pids) >= 3
    board.kill9()
    wait_for(lambda: not any(map(alive, pids)), "end of the board's children", 5)
    board.start()
    assert board.telnet().python("1+1") == "2"


def test_a_killed_child_is_noticed(board):
    """The MCU's sudden end is a fault, cured by reset; the board lives."""
    (mcu,) = board.mcu_pids
    os.kill(mcu, 9)
    status = board.wait_state("fault")
    assert status["fault"] and status["led"]["on"]
    board.reset()
    assert board.wait_state("running")["fault"] is None


def test_a_stopped_mcu_does_not_stop_the_board(board):
    """Whatever the MCU does, `status` and `reset` answer."""
    (mcu,) = board.mcu_pids
    os.kill(mcu, signal.SIGSTOP)
    assert board.status()["state"] == "running"
    board.reset()
    board.wait_state("running")
    assert board.telnet().python("1+1") == "2"


def test_idle_board_sleeps(board):
    """The exact share of a core is tests/bench's business; that an idle board does not spin is seen in any machine."""
    board.telnet().python("1+1")
    ticks = os.sysconf("SC_CLK_TCK")

    def used():
        total = 0
        for pid in board.pids:
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / ticks

    before, began = used(), time.monotonic()
    time.sleep(3)
    assert (used() - before) / (time.monotonic() - began) < 0.1
