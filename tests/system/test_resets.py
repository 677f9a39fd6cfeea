"""Resets: each with its cause, in `status` and in Python."""

import pytest

from board import wait_for
from stream import PROMPT

CAUSES = {"power_on": 0, "hard": 1, "wdt": 2, "soft": 4}


def test_names_of_the_causes(shared):
    session = shared.telnet()
    session.python("import machine")
    names = ("PWRON_RESET", "POWER_ON", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")
    assert session.python(f"[getattr(machine, name) for name in {names}]") == "[0, 0, 1, 2, 3, 4]"
    session.close()


def cause_in_python(board):
    with board.telnet() as session:
        return int(session.python("import machine; machine.reset_cause()"))


def new_run(board, cause, limit=20):
    """Wait for a run with that cause, which the run before did not have; its services are up."""

    def look():
        status = board.status()
        return status["state"] == "running" and status["boot"]["reset_cause"] == cause and status

    status = wait_for(look, f"a run with the cause {cause}", limit)
    assert cause_in_python(board) == CAUSES[cause]
    assert status["boot"]["mode"] == "normal" and status["fault"] is None
    return status


def test_power(board):
    new_run(board, "power_on")
    board.reset()
    new_run(board, "hard")
    board.power("off")
    board.power("on")
    new_run(board, "power_on")


@pytest.mark.parametrize("line", ["import pyb; pyb.reset()", "import machine; machine.reset()"])
def test_reset_by_python(board, line):
    session = board.telnet()
    session.python("f = open('/flash/open.txt', 'w'); f.write('kept')")
    session.send(line.encode() + b"\r")
    status = new_run(board, "hard")
    assert status["uptime_ms"] < status["board_ms"]
    assert board.get("/flash/open.txt") == b"kept", "what Python had open is closed before"


def test_the_switch(board):
    board.reset()
    new_run(board, "hard")


def test_reset_during_a_busy_main(board):
    board.put("/flash/main.py", "while True: pass\n")
    board.reset()
    board.put("/flash/main.py", "")
    board.reset()
    new_run(board, "hard")


def test_soft_reset(board):
    """It is Python's alone: the hardware's cause stays what it was."""
    session = board.telnet()
    for ask in (b"\x04", b"import machine; machine.soft_reset()\r"):
        session.send(ask)
        session.expect(b"soft reboot\r\n")
        session.expect(PROMPT)
        assert session.python("import machine; machine.reset_cause()") == str(CAUSES["soft"])
    assert board.status()["boot"]["reset_cause"] == "power_on"
    board.reset()
    new_run(board, "hard")


# ---- the watchdog

START = {"pyb": "import pyb; dog = pyb.WDT({})", "machine": "import machine; dog = machine.WDT(timeout={})"}
FEED = {"pyb": "dog.kick()", "machine": "dog.feed()"}


@pytest.mark.parametrize("module", START)
@pytest.mark.parametrize("meanwhile", ["", "exec('while True: pass')", "import time; time.sleep(100)"])
def test_watchdog_bites(make_board, module, meanwhile):
    board = make_board("--speed", "10")
    session = board.telnet()
    session.send(f"{START[module].format(1000)}; {meanwhile}\r\r".encode())
    status = new_run(board, "wdt")
    assert status["uptime_ms"] < status["board_ms"]
    board.reset()
    new_run(board, "hard")


@pytest.mark.parametrize("module", START)
def test_watchdog_that_is_fed_does_not_bite(make_board, module):
    """On the board's clock: one and a half times its time-out, with a feeding every tenth of it; then it is left hungry."""
    board = make_board("--speed", "5")
    session = board.telnet()
    session.python(START[module].format(10_000))
    session.run(f"import time\nfor i in range(15):\n    {FEED[module]}\n    time.sleep_ms(1000)\n")
    status = board.status()
    assert status["boot"]["reset_cause"] == "power_on" and status["uptime_ms"] >= 15_000
    new_run(board, "wdt")


def test_watchdog_outlives_a_soft_reset(make_board):
    """Only a hard reset stops it. It can be started again, by who has no object of it any more, which feeds it."""
    board = make_board("--speed", "5")
    session = board.telnet()
    session.python(START["machine"].format(20_000))
    session.send(b"\x04")
    session.expect(b"soft reboot\r\n")
    session.expect(PROMPT)
    session.python(START["pyb"].format(5_000))
    new_run(board, "wdt")
    session = board.telnet()
    session.python("import time; time.sleep(25)")
    assert board.status()["uptime_ms"] >= 25_000, "after its reset there is none until it is started"


@pytest.mark.parametrize(
    "line",
    ["pyb.WDT(999)", "pyb.WDT(-1)", "pyb.WDT(3600001)", "machine.WDT(timeout=999)", "machine.WDT(0, 3600001)", "machine.WDT(1)", "machine.WDT(0, -1)"],
)
def test_watchdog_s_limits(shared, line):
    with shared.telnet() as session:
        session.python("import pyb, machine")
        assert "ValueError: " in session.python(line)
        assert shared.status()["boot"]["reset_cause"] == "power_on"


def test_machine_wdt_has_a_default(make_board):
    board = make_board("--speed", "50")
    session = board.telnet()
    session.send(b"import machine; machine.WDT()\r")
    new_run(board, "wdt")


def test_pyb_wdt_wants_a_time_out(shared):
    with shared.telnet() as session:
        session.python("import pyb")
        assert "TypeError: " in session.python("pyb.WDT()")
