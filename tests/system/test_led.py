"""The heart beat LED: its heart beat, off and on again, the quick flashing of a script's error, and a hard fault. All on the board's clock.

On a busy machine a change comes late, by milliseconds of real time (times --speed); it is never early."""

import pytest

from board import wait_for
from stream import PROMPT

SPEED = 20
PERIOD, FLASH, TOGGLE, TOGGLES = 5000, 80, 50, 20
HARD_FAULT = b"import machine; machine.mem32[0x12345678] = 1\r"


def run_began(board):
    """board_ms of the last hard reset, not too late."""
    status = board.status()
    return status["board_ms"] - status["uptime_ms"] - 2


def changes_since(board, ms, count):
    """The first `count` changes of the LED from board_ms `ms` on, as soon as there are so many."""
    return wait_for(lambda: len(found := [c for c in board.led_history() if c[0] >= ms]) >= count and found[:count], f"{count} changes")


def board_time(board, ms):
    """Wait until that much board time is over."""
    end = board.status()["board_ms"] + ms
    wait_for(lambda: board.status()["board_ms"] >= end, f"{ms} ms of board time")


def scripts(board, boot=None, main=None):
    """Put scripts on the board and reset it; returns board_ms of the reset."""
    for name, text in (("boot.py", boot), ("main.py", main)):
        if text is not None:
            board.put(f"/flash/{name}", text)
    board.reset()
    return run_began(board)


def assert_flashes(changes, after):
    """An error: 20 toggles, 50 ms apart, not before board_ms `after`."""
    assert [on for _, on in changes] == [True, False] * (TOGGLES // 2)
    assert changes[0][0] >= after
    assert all(b[0] - a[0] >= TOGGLE - 1 for a, b in zip(changes, changes[1:]))


def assert_beat(changes, after):
    """One flash of the heart beat, a period or more after board_ms `after`."""
    (on_ms, on), (off_ms, off) = changes
    assert on and not off
    assert on_ms - after >= PERIOD - 1 and off_ms - on_ms >= FLASH - 1


@pytest.fixture
def quick(make_board):
    return make_board("--speed", str(SPEED))


def test_a_reset_begins_a_period(quick):
    assert_beat(changes_since(quick, 0, 2), run_began(quick))
    quick.reset()
    reset = run_began(quick)
    assert_beat(changes_since(quick, reset, 2), reset)


@pytest.mark.parametrize(
    "off, on",
    [
        ("import pyb; pyb.HeartBeat().disable()", "pyb.HeartBeat().enable()"),
        ("import wipy; wipy.heartbeat(False)", "wipy.heartbeat(True)"),
        ("import pyb, wipy; pyb.HeartBeat().disable()", "wipy.heartbeat(True)"),
    ],
)
def test_off_and_on(quick, off, on):
    session = quick.telnet()
    changes_since(quick, 0, 2)
    session.python(off)
    assert session.python("import wipy; wipy.heartbeat()") == "False"
    before = quick.status()
    assert before["led"] == {"on": False, "pattern": "off"}
    history = quick.led_history()
    board_time(quick, 3 * PERIOD)
    assert quick.led_history() == history
    enabled = quick.status()["board_ms"]
    session.python(on)
    assert session.python("wipy.heartbeat()") == "True"
    assert quick.status()["led"]["pattern"] == "heartbeat"
    assert_beat(changes_since(quick, enabled, 2), enabled)


def test_a_soft_reset_enables_it(quick):
    session = quick.telnet()
    session.python("import wipy; wipy.heartbeat(False)")
    session.send(b"\x04")
    session.expect(b"soft reboot\r\n")
    session.expect(PROMPT)
    assert session.python("import wipy; wipy.heartbeat()") == "True"
    assert quick.status()["led"]["pattern"] == "heartbeat"


@pytest.mark.parametrize("name", ["boot", "main"])
@pytest.mark.parametrize("text", ["1/0\n", "this is no Python\n", "import nothing_like_this\n", "def f(): f()\nf()\n"])
def test_an_error_of_a_script_flashes(quick, name, text):
    reset = scripts(quick, **{name: text})
    changes = changes_since(quick, reset, TOGGLES + 2)
    assert_flashes(changes[:TOGGLES], reset)
    assert_beat(changes[TOGGLES:], changes[TOGGLES - 1][0])
    assert quick.status()["led"]["pattern"] == "heartbeat"


def test_each_script_that_fails_flashes_once(quick):
    """main.py runs also when boot.py failed."""
    reset = scripts(quick, boot="1/0\n", main="import time\ntime.sleep(2)\n1/0\n")
    changes = changes_since(quick, reset, 2 * TOGGLES)
    assert_flashes(changes[:TOGGLES], reset)
    assert_flashes(changes[TOGGLES:], reset + 2000)


def test_also_after_a_soft_reset(quick):
    scripts(quick, main="1/0\n")
    session = quick.telnet(prompt=False)
    session.prompt()
    board_time(quick, 2000)
    asked = quick.status()["board_ms"]
    session.send(b"\x04")
    session.expect(b"ZeroDivisionError")
    assert_flashes(changes_since(quick, asked, TOGGLES), asked)


def test_an_error_flashes_when_the_heart_beat_is_disabled(quick):
    reset = scripts(quick, boot="import pyb\npyb.HeartBeat().disable()\n", main="1/0\n")
    assert_flashes(changes_since(quick, reset, TOGGLES), reset)
    board_time(quick, 2 * PERIOD)
    assert len([c for c in quick.led_history() if c[0] >= reset]) == TOGGLES
    assert quick.status()["led"] == {"on": False, "pattern": "off"}


@pytest.mark.parametrize("name", ["boot", "main"])
@pytest.mark.parametrize("text", ["import sys\nsys.exit()\n", "raise SystemExit(1)\n", "raise KeyboardInterrupt\n", "try:\n    1/0\nexcept Exception:\n    pass\n"])
def test_no_error_no_flashing(quick, name, text):
    reset = scripts(quick, **{name: text})
    assert_beat(changes_since(quick, reset, 2), reset)


def test_ctrl_c_is_no_error(quick):
    reset = scripts(quick, main="while True: pass\n")
    session = quick.telnet(prompt=False)
    session.send(b"\x03")
    session.expect(b"KeyboardInterrupt")
    session.expect(PROMPT)
    board_time(quick, PERIOD + FLASH)
    since = [c for c in quick.led_history() if c[0] >= reset]
    assert all(b[0] - a[0] >= FLASH - 1 for a, b in zip(since, since[1:]))
    assert quick.status()["led"]["pattern"] == "heartbeat"


def test_an_error_at_the_prompt_is_not_shown(quick):
    session = quick.telnet()
    began = quick.status()["board_ms"]
    assert "ZeroDivisionError" in session.python("1/0")
    board_time(quick, 2 * PERIOD + FLASH)
    since = [c for c in quick.led_history() if c[0] >= began]
    assert all(b[0] - a[0] >= FLASH - 1 for a, b in zip(since, since[1:]))


@pytest.mark.parametrize("dark", [False, True])
def test_a_hard_fault_is_solid_until_the_reset(quick, dark):
    session = quick.telnet()
    if dark:
        session.python("import wipy; wipy.heartbeat(False)")
    session.send(HARD_FAULT)
    status = quick.wait_state("fault")
    assert status["led"] == {"on": True, "pattern": "on"}
    history = quick.led_history()
    assert history[-1][1]
    board_time(quick, 3 * PERIOD)
    assert quick.led_history() == history and quick.status()["state"] == "fault"
    quick.reset()
    reset = run_began(quick)
    status = quick.wait_state("running")
    assert status["fault"] is None and status["led"]["pattern"] == "heartbeat"
    (ms, on), *beat = changes_since(quick, reset, 3)
    assert not on, "the reset switches it off"
    assert_beat(beat, reset)


def test_a_read_of_nowhere_is_a_hard_fault_too(quick):
    session = quick.telnet()
    session.send(b"import machine; machine.mem8[0x10]\r")
    assert quick.wait_state("fault")["led"]["on"]


def test_a_fault_in_main_keeps_the_led_on(quick):
    """Of confirmed firmware: the script's fault neither resets nor rolls back."""
    quick.put("/flash/main.py", HARD_FAULT.decode().strip() + "\n")
    quick.reset()
    status = quick.wait_state("fault")
    assert status["led"] == {"on": True, "pattern": "on"} and status["boot"]["image"] == "factory"
