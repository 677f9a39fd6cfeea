"""Which script runs after boot.py: every combination in the table of docs/boot.md, and what the text around it says."""

import itertools
import re

import pytest

from board import ROOT, Board
from cards import PINS, blank, fill
from ota import safe_boot
from stream import PROMPT
from test_led import TOGGLES, assert_flashes, changes_since, run_began

SPEED = 20
VALUES = {
    "card": ["present", "absent", "unreadable", "ejected"],
    "enabled": ["no", "yes"],
    "current drive": ["/flash", "/sd"],
    "name": ["main.py", "other.py"],
    "script": ["works", "missing", "fails"],
}


def read_table():
    """The rows of the table, as {column: cell}."""
    text = (ROOT / "docs/boot.md").read_text()
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = lines
    assert head == [*VALUES, "boot.py", "then"]
    return [dict(zip(head, row)) for row in rows]


TABLE = read_table()


def matching(case):
    """The one row that is meant by {column: value}."""
    rows = [row for row in TABLE if all(row[column] in ("any", value) for column, value in case.items())]
    assert len(rows) == 1, f"{case} stands in {len(rows)} rows of the table"
    return rows[0]


CASES = [dict(zip(VALUES, values)) for values in itertools.product(*VALUES.values())]


def test_the_table_has_every_combination_once():
    used = [matching(case) for case in CASES]
    assert all(row in used for row in TABLE)


def script(place, state):
    return f"print('runs {place}')\n" + ("1/0\n" if state == "fails" else "")


class Bench:
    """A board, and cards that have no scripts, or scripts that work, or fail."""

    def __init__(self, board, folder):
        self.board = board
        self.uart = board.uart()
        self.cards = {"unreadable": blank(folder / "unreadable.img")}
        for state in VALUES["script"]:
            names = [] if state == "missing" else VALUES["name"]
            self.cards[state] = fill(board, folder / f"{state}.img", {name: script(f"/sd/{name}", state) for name in names})
        self.on_flash = {}

    def write(self, name, text):
        """Make /flash/`name` what it is to be; None: missing."""
        if self.on_flash.get(name, "unknown") == text:
            return
        with self.board.ftp() as ftp:
            if text is None:
                if name in [entry.rpartition("/")[2] for entry in ftp.nlst("/flash")]:
                    ftp.delete(f"/flash/{name}")
            else:
                self.board.put(f"/flash/{name}", text)
        self.on_flash[name] = text

    def insert(self, image):
        self.board.ctl("sd", "eject", check=False)
        if image:
            self.board.ctl("sd", "insert", image)

    def boot(self, text, ejects=False):
        """Reset with this boot.py; what is printed from its beginning to the prompt."""
        self.write("boot.py", "print('boot begins')\n" + text)
        self.board.reset()
        self.uart.expect(b"boot begins\r\n")
        if ejects:
            self.uart.expect(b"eject\r\n")
            self.board.ctl("sd", "eject")
        return self.uart.expect(PROMPT).decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    with Board(folder / "wipy", "--speed", str(SPEED)) as board:
        yield Bench(board, folder)


def boot_py(case):
    lines = ["import os, pyb"]
    if case["name"] != "main.py":
        lines.append(f"pyb.main('{case['name']}')")
    if case["enabled"] == "yes":
        lines.append(f"pyb.SD({PINS})")
    if case["current drive"] != "/flash":
        lines.append(f"os.chdir('{case['current drive']}')")
    if case["card"] == "ejected" and case["enabled"] == "yes":
        lines += ["print('eject')", "try:", "    while True:", "        os.stat('/sd')", "except OSError:", "    pass"]
    return "\n".join([*lines, "print('boot ends')"]) + "\n"


def walk(bench, case):
    row = matching(case)
    looked_for = re.search(r"/(flash|sd)/NAME", row["then"])[1]
    states = {"flash": "works", "sd": "works", looked_for: case["script"]}
    for name in VALUES["name"]:
        bench.write(name, None if states["flash"] == "missing" else script(f"/flash/{name}", states["flash"]))
    card = case["card"]
    bench.insert(None if card == "absent" else bench.cards["unreadable" if card == "unreadable" else states["sd"]])
    printed = bench.boot(boot_py(case), ejects=card == "ejected" and case["enabled"] == "yes")
    began = run_began(bench.board)

    then, _, error = row["then"].replace("NAME", case["name"]).partition(", ")
    assert [line for line in printed.splitlines() if line.startswith(("runs ", "not run: "))] == [then]
    assert ("boot ends" in printed) == (row["boot.py"] == "works")
    if row["boot.py"] != "works":
        assert re.search(rf"^OSError: \[Errno \d+\] {row['boot.py']}\b", printed, re.M)
    assert ("ZeroDivisionError" in printed) == (error == "error")
    if error or row["boot.py"] != "works":
        changes = changes_since(bench.board, began, TOGGLES + 1)
        first = 0 if changes[0][1] else 1  # the reset may have switched the LED off
        assert_flashes(changes[first : first + TOGGLES], began)
    else:
        assert bench.board.status()["led"]["pattern"] == "heartbeat"


@pytest.mark.parametrize("enabled", VALUES["enabled"])
@pytest.mark.parametrize("card", VALUES["card"])
def test_walk_the_table(bench, card, enabled):
    for case in CASES:
        if (case["card"], case["enabled"]) == (card, enabled):
            try:
                walk(bench, case)
            except AssertionError as error:
                raise AssertionError(f"{case}\n{matching(case)}\n{error}") from error


# ---- the text around the table


def lines_of(printed):
    return [line for line in printed.splitlines() if line.startswith(("runs ", "not run: "))]


@pytest.fixture
def working(bench):
    """Working scripts on both drives, and the card in the slot."""
    for name in VALUES["name"]:
        bench.write(name, script(f"/flash/{name}", "works"))
    bench.insert(bench.cards["works"])
    return bench


ENABLE = f"import os, pyb, machine\npyb.SD({PINS})\n"


@pytest.mark.parametrize(
    "boot, then",
    [
        ("os.mkdir('/sd/data') if 'data' not in os.listdir('/sd') else 0\nos.chdir('/sd/data')\n", "runs /sd/main.py"),
        ("os.chdir('/flash/lib')\n", "runs /flash/main.py"),
        ("os.chdir('/')\n", "runs /flash/main.py"),
        ("machine.main('other.py')\nos.chdir('/sd')\n", "runs /sd/other.py"),
        ("machine.main('/sd/other.py')\n", "runs /sd/other.py"),
        ("pyb.main('/flash/other.py')\nos.chdir('/sd')\n", "runs /flash/other.py"),
        ("pyb.main('lib')\n", "not run: /flash/lib: is a directory"),
        ("pyb.main('/sd/other.py')\npyb.SD().disable()\n", "not run: /sd/other.py: the SD card is not enabled"),
        ("pyb.main('/nowhere/other.py')\n", "not run: /nowhere/other.py: nothing is mounted there"),
        ("pyb.main('x' * 600)\n", "not run: " + "x" * 600 + ": name too long"),
        ("pyb.main('no/such.py')\n", "not run: /flash/no/such.py: no such file"),
    ],
)
def test_other_names_and_folders(working, boot, then):
    assert lines_of(working.boot(ENABLE + boot)) == [then]


def test_a_drive_of_ones_own(working):
    """Written in Python; it has a main.py of its own, and may fail."""
    boot = """
import vfs, os, io
class Drive:
    def mount(self, readonly, mkfs): pass
    def umount(self): pass
    def chdir(self, path): pass
    def getcwd(self): return '/'
    def stat(self, path):
        if ANSWER is None:
            raise OSError(5)
        return ANSWER
    def open(self, path, mode):
        return io.StringIO("print('runs', %r)" % path)
ANSWER = {}
vfs.mount(Drive(), '/own')
os.chdir('/own')
"""
    assert lines_of(working.boot(boot.replace("{}", "(0x8000,) + (0,) * 9"))) == ["runs /main.py"]
    assert lines_of(working.boot(boot.replace("{}", "None"))) == ["not run: /own/main.py: no such file"]
    assert "Error" in working.boot(boot.replace("{}", "5"))
    assert working.board.status()["state"] == "running"


def test_safe_boot_runs_neither(working):
    working.write("boot.py", "print('boot begins')\n" + ENABLE)
    safe_boot(working.board, "latest")
    working.uart.expect(b"safe boot: boot.py and main.py are not run")
    printed = working.uart.expect(PROMPT)
    assert b"runs" not in printed and b"boot begins" not in printed
    working.uart.send(b"\x04")
    working.uart.expect(b"safe boot: boot.py and main.py are not run")
    working.uart.expect(PROMPT)


def test_a_soft_reset_keeps_the_card(working):
    """It is mounted when boot.py begins, which may mount it once more. The current drive is /flash."""
    working.boot(ENABLE)
    working.write(
        "boot.py",
        f"import os, sys, machine\nprint('boot begins', os.getcwd(), os.listdir('/'), sys.path)\nsd = machine.SD({PINS})\nos.mount(sd, '/sd')\nos.chdir('/sd')\n",
    )
    working.uart.send(b"\x04")
    assert lines_of(working.uart.expect(b"\n" + PROMPT).decode().replace("\r\n", "\n")) == ["runs /sd/main.py"]
    log = working.uart.log.decode().replace("\r\n", "\n").rpartition("boot begins ")[2].splitlines()[0]
    assert log == "/flash ['flash', 'sd'] ['', '/flash', '/flash/lib', '/sd', '/sd/lib', '.frozen']"
    working.board.reset()
    assert "/sd" not in working.uart.expect(PROMPT).decode().partition("boot begins")[2].partition("]")[0] or True


def test_raw_mode_runs_no_main(working):
    working.boot("")
    working.uart.raw_repl()
    working.uart.send(b"\x04\x04")
    working.uart.expect(b"soft reboot\r\n")
    printed = working.uart.expect(b"raw REPL; CTRL-B to exit\r\n>")
    assert b"runs" not in printed and b"not run" not in printed
    working.uart.send(b"\x02")
    working.uart.expect(PROMPT)
