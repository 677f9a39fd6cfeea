"""What the tests of updates and safe boot do with a board: upload, reset in every way, hold GP28, look at what runs."""

import contextlib
import ftplib
import io
import json

from board import wait_for
from images import UPLOAD

PIN = "GP28"
# The windows of safe boot in ms of board time from the reset: start, end, how often the LED toggles, which role is selected.
WINDOWS = [(500, 3500, 500, "latest"), (3500, 6500, 250, "previous"), (6500, 8000, 100, "factory")]
DEBOUNCE = 50


def upload(board, image, name=UPLOAD):
    """Store it as a user's FTP client does; returns the last reply, raises ftplib.Error for a refusal."""
    with board.ftp() as ftp:
        return ftp.storbinary(f"STOR {name}", io.BytesIO(image))


def refused(board, image, name=UPLOAD):
    """Upload what must be refused; returns the reply."""
    try:
        reply = upload(board, image, name)
    except ftplib.error_perm as error:
        return str(error)
    raise AssertionError(f"it was taken: {reply}")


def python_reset(board, how="import pyb; pyb.reset()"):
    """Reset it from Python, by telnet. The session ends before the board does, so its next run is waited for."""
    before = board.status()["board_ms"]
    session = board.telnet(prompt=False)
    session.clean_prompt()
    session.send(how.encode() + b"\r")
    session.expect_end()
    session.close()
    wait_for(lambda: (now := board.status())["board_ms"] - now["uptime_ms"] > before, "the reset")


def runs(board, version=None, **members):
    """Wait until the services are up, with this version if one is given; returns `boot` of the status. `members` must be in it."""

    def there():
        status = board.status()
        return status if status["state"] == "running" and version in (None, status["boot"]["version"]) else None

    try:
        boot = wait_for(there, f"firmware {version} running")["boot"]
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {board.status()}\n{board.report()}") from None
    assert members.items() <= boot.items(), boot
    return boot


def alive(board, version):
    """It can be worked with: telnet and FTP are up, and both Python and the banner say which version it is."""
    with board.telnet() as session:
        assert version in session.python("import os; os.uname()")
        assert version.encode() in session.log.partition(b"Login as")[0], session.log
    with board.ftp() as ftp:
        assert "flash" in " ".join(ftp.nlst("/"))
    return True


def install(board, image, version):
    """Upload and reset; returns when it runs, confirmed."""
    assert upload(board, image).startswith("226")
    board.reset()
    return runs(board, version, mode="normal", image="latest")


def start_again(board):
    """Start it, whatever it boots: returns when it can be asked."""
    board.start(ready=False)
    wait_for(lambda: board.process.poll() is not None or board.ctl("status", check=False).returncode == 0, "a board that answers")


class Control:
    """A lasting connection to control.sock, for what has to be quick."""

    def __init__(self, board):
        self.socket = board.control_socket()
        self.answers = self.socket.makefile()

    def ask(self, *requests):
        """Send a request, or several at once, which the board carries out in one go; returns the last answer."""
        return self.ask_all(requests)[-1]

    def ask_all(self, requests):
        self.socket.sendall(b"".join(json.dumps(request).encode() + b"\n" for request in requests))
        answers = [json.loads(self.answers.readline()) for _ in requests]
        assert all(answer["ok"] for answer in answers), answers
        return answers

    def status(self):
        return self.ask({"verb": "status"})["status"]

    def drive(self, value):
        self.ask(pin(value))

    def reset(self):
        """Press the switch; returns board_ms of the reset."""
        status = self.ask({"verb": "reset"}, {"verb": "status"})["status"]
        return status["board_ms"] - status["uptime_ms"]

    def follow_led(self):
        """From now on next_change() returns the LED's changes; no more questions."""
        self.ask({"verb": "led", "follow": True})

    def next_change(self):
        """(board_ms, on), as soon as it happens."""
        ms, on = json.loads(self.answers.readline())["led"]
        return ms, bool(on)

    def wait_uptime(self, ms):
        """Return when that much board time has passed since the reset; the exact time, a little more, is returned."""
        while (uptime := self.status()["uptime_ms"]) < ms:
            pass
        return uptime

    def close(self):
        self.answers.close()
        self.socket.close()


def bounce(connection, level, times):
    """Let the pin, which is at `level`, bounce; returns how long that took, in ms of the board's clock: more than a few only when the machine is busy."""
    long_enough = [{"verb": "pin", "pin": PIN}] * 16  # for the MCU to see it
    answers = connection.ask_all([{"verb": "status"}, *[pin(1 - level), *long_enough, pin(level), *long_enough] * times, {"verb": "status"}])
    return answers[-1]["status"]["uptime_ms"] - answers[0]["status"]["uptime_ms"]


def pin(value):
    return {"verb": "pin", "pin": PIN, "value": value}


@contextlib.contextmanager
def control(board):
    connection = Control(board)
    try:
        yield connection
    finally:
        connection.close()


def press_switch(connection):
    connection.reset()


def hold(board, until=None, press=press_switch):
    """Reset it with GP28 high and release it `until` ms later, on the board's clock; None: when it has booted. Returns (board_ms of the reset,
    ms from the reset after which the release came, ms before which it came)."""
    with control(board) as connection:
        connection.drive(1)
        press(connection)
        status = connection.status()
        reset = status["board_ms"] - status["uptime_ms"]
        if until is None:
            wait_for(lambda: connection.status()["state"] == "running", "end of the safe boot")
            connection.drive("release")
            return reset, None, None
        if until >= WINDOWS[0][0]:  # a busy machine may take its time to start the boot loader; before that nobody looks at the pin
            wait_for(lambda: any(ms >= reset + WINDOWS[0][0] - 2 for ms, _ in connection.ask({"verb": "led"})["changes"]), "the LED of a safe boot")
        after = connection.wait_uptime(until)
        connection.drive("release")
        return reset, after, connection.status()["uptime_ms"]


# Moments in the middle of each window, and its end.
MIDDLE = {role: (start + end) // 2 for start, end, _, role in WINDOWS}
END = {role: end for _, end, _, role in WINDOWS}
# The first change of the LED that each window shows.
FIRST = {"latest": 1, "previous": 7, "factory": 19}


def safe_boot(board, role, press=press_switch):
    """Select `role` as a person does, who looks at the LED: GP28 is released as soon as the window shows. Returns when it runs."""
    for _ in range(10):
        with control(board) as connection, control(board) as led:
            connection.drive(1)
            led.follow_led()
            press(connection)
            status = connection.status()
            reset = status["board_ms"] - status["uptime_ms"]
            seen = 0
            while seen < FIRST[role]:
                seen += led.next_change()[0] > reset + WINDOWS[0][0] - 100
            connection.drive("release")
            late = connection.status()["uptime_ms"] + 2 * DEBOUNCE
        if role == "factory" or late < END[role]:
            return runs(board, mode="safe")
        press = press_switch  # the machine was too busy: the release may have come in the next window
    raise AssertionError("this machine is too busy for this speed")
