"""Uploads (good, bad, aborted), resets of every kind and safe boots in random order, against a model of what must run.

150 steps, 1,000 with WIPY_TEST_LONG=1 (`make test-long`); WIPY_TEST_SEED repeats a run."""

import ftplib
import io
import os
import socket

import pytest

from board import FIRST_BOOT, wait_for
from images import GOOD, UPLOAD, bad_images, built, version
from ota import Control, alive, python_reset, safe_boot, start_again
from test_boot import factory_version

STEPS = 1000 if os.environ.get("WIPY_TEST_LONG") else 150
FAILING = ("crash", "watchdog", "reset", "late_crash", "late_reset")


class Model:
    """What must be: the versions in their roles, and what runs. None in a role: there is no such update."""

    def __init__(self, factory):
        self.factory = factory
        self.latest = self.previous = None
        self.waiting = None  # (version, whether it works)
        self.mode, self.image, self.version = "normal", "factory", factory

    def uploaded(self, text, works):
        self.waiting = (text, works)

    def boot(self):
        if self.waiting and self.waiting[1]:
            self.previous, self.latest = self.latest, self.waiting[0]
        self.waiting = None
        self.mode = "normal"
        self.image, self.version = ("latest", self.latest) if self.latest else ("factory", self.factory)

    def safe_boot(self, role):
        chosen = {"latest": self.latest, "previous": self.previous, "factory": None}[role]
        self.mode = "safe"
        self.image, self.version = (role, chosen) if chosen else ("factory", self.factory)

    def __str__(self):
        return f"runs {self.mode} {self.image} {self.version}; latest {self.latest}, previous {self.previous}, waiting {self.waiting}"


class Player:
    """Does something to the board and to the model."""

    def __init__(self, board, random):
        self.board, self.random = board, random
        self.model = Model(factory_version())
        self.control = Control(board)
        self.bad = [image for image, _ in bad_images().values()]
        self.history = []

    # ---- uploads

    def store(self, image):
        """Returns the reply, whatever it is; an upload that was cut off may still be about to end."""

        def attempt():
            with self.board.ftp() as ftp:
                try:
                    return ftp.storbinary(f"STOR {UPLOAD}", io.BytesIO(image))
                except ftplib.error_perm as error:
                    return str(error)
                except ftplib.error_temp:
                    return None

        return wait_for(attempt, "an upload that is not told to come later")

    def good(self):
        text = self.random.choice(GOOD)
        assert self.store(built(text)).startswith("226")
        self.model.uploaded(text, True)
        return f"upload {text}"

    def failing(self):
        name = self.random.choice(FAILING)
        assert self.store(built(name)).startswith("226")
        self.model.uploaded(version(built(name)), False)
        return f"upload {name}"

    def refused(self):
        reply = self.store(self.random.choice(self.bad))
        assert reply.startswith("55"), reply
        return "upload what is refused"

    def begin(self):
        """The beginning of an upload; returns what the caller must end."""
        image = built(self.random.choice(GOOD))
        ftp = self.board.ftp()
        ftp.voidcmd("TYPE I")
        data = ftp.transfercmd(f"STOR {UPLOAD}")
        data.sendall(image[: self.random.randrange(len(image))])
        return ftp, data

    def aborted(self):
        ftp, data = self.begin()
        how = self.random.choice(("close", "reset", "vanish"))
        if how == "reset":
            data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        elif how == "vanish":
            ftp.close()
        data.close()
        if how == "close":
            with pytest.raises(ftplib.error_perm):
                ftp.voidresp()
        ftp.close()
        return f"upload cut off by {how}"

    # ---- resets

    def booted(self, what):
        self.model.boot()
        return what

    def switch(self):
        self.control.reset()
        return self.booted("switch")

    def python(self):
        python_reset(self.board)
        return self.booted("pyb.reset()")

    def power(self):
        self.control.ask({"verb": "power", "value": "off"}, {"verb": "power", "value": "on"})
        return self.booted("power")

    def kill(self):
        self.control.close()
        self.board.kill9()
        start_again(self.board)
        self.control = Control(self.board)
        return self.booted("kill -9")

    def kill_while_uploading(self):
        ftp, data = self.begin()
        self.kill()
        data.close()
        ftp.close()
        return "kill -9 in an upload"

    def safe(self):
        role = self.random.choice(("latest", "previous", "factory"))
        safe_boot(self.board, role)
        self.model.safe_boot(role)
        return f"safe boot {role}"

    # ---- the game

    def step(self):
        moves = {
            self.good: 6, self.failing: 3, self.refused: 3, self.aborted: 3,
            self.switch: 3, self.python: 2, self.power: 2, self.kill: 1, self.kill_while_uploading: 1, self.safe: 4,
        }
        (move,) = self.random.choices(list(moves), moves.values())
        self.history.append(move.__name__)
        self.history[-1] = f"{move()}: {self.model}"

    def check(self, thoroughly):
        model = self.model
        wanted = {"mode": model.mode, "image": model.image, "version": model.version}

        def there():
            status = self.control.status()
            return status["state"] == "running" and wanted.items() <= status["boot"].items()

        wait_for(there, "what must run")
        if thoroughly:
            assert alive(self.board, model.version)
            with self.board.ftp() as ftp:
                assert ftp.nlst("/flash/sys") == []
                assert {name.rpartition("/")[2] for name in ftp.nlst("/flash")} == FIRST_BOOT
            for role, text in (("latest", model.latest), ("previous", model.previous)):
                with self.board.telnet() as session:
                    shown = session.python(f"import wipy; [p for p in wipy.firmware() if '{role}' in p]")
                    assert (text in shown) if text else shown == "[]", (role, shown)


@pytest.mark.limit(90 if STEPS < 1000 else 1800)
def test_a_random_life(make_board, seeded):
    board = make_board("--speed", "20")
    player = Player(board, seeded)
    try:
        for number in range(STEPS):
            player.step()
            player.check(thoroughly=number % 10 == 9)
    except Exception as error:
        status = player.board.status() if player.board.process and player.board.process.poll() is None else None
        raise AssertionError("\n".join([f"{type(error).__name__}: {error}", "the last steps:", *player.history[-12:], f"the board: {status}"])) from error
    finally:
        player.control.close()
