"""The card is pulled out, and the board is killed, at random moments while FTP and Python write to it: the board lives, and what was confirmed is on the card, whole.

Without a seed of your own each run has other moments. WIPY_TEST_LONG=1 has 201 of them, and 48 kills."""

import ftplib
import os
import re
import threading
import time

import pytest

from board import retrieve, store
from cards import MIB
from pc_cards import Card, Exfat, tool

ROUNDS = 67 if os.environ.get("WIPY_TEST_LONG") else 10  # for each kind of card
NAMES = 9  # of each sort: all of them lie in the first cluster of exFAT's folder. storage/storage.h says why
KINDS = {"FAT16": 32 * MIB, "FAT32": 64 * MIB, "exFAT": 32 * MIB}

# What a card may need that was pulled out: the mark of a card in use, clusters that belong to nothing, and the count of the free ones.
HARMLESS = {
    "exFAT": r"exfatprogs version.*|.*card\.img: .*|",
    "FAT": r"fsck\.fat 4.*|Dirty bit is set\. Fs was not properly unmounted and some data may be corrupt\.|.*Automatically removing dirty bit\.|"
    r"FATs differ but appear to be intact\.|  Using first FAT\.|"  # the second one is written after the first
    r"Orphaned long file name part .*|  Auto-deleting\.|"  # of a name that lies across two blocks
    r"Reclaimed \d+ unused clusters? \(\d+ bytes\)\.?|Free cluster summary (wrong|uninitialized).*|  ?Auto-correcting\.|  ?Auto-setting\.|Leaving filesystem unchanged\.|.*: \d+ files, \d+/\d+ clusters|",
}

WRITER = """
import os
def write(name, seed, size):
    with open('/sd/' + name, 'wb') as file:
        while size > 0:
            piece = bytes((seed + i * 7) & 255 for i in range(min(size, 256))) * 4
            file.write(piece[:min(size, 1024)])
            size -= 1024
"""


def python_data(seed, size):
    out = bytearray()
    while size > 0:
        piece = bytes((seed + i * 7) & 255 for i in range(min(size, 256))) * 4
        out += piece[: min(size, 1024)]
        size -= 1024
    return bytes(out)


class Storm:
    """A board, a card, and what has to be on it: {name: data}. `flying`: what the writers were at: {name: data}, None: half of it may be there."""

    def __init__(self, board, card, seeded):
        self.board, self.card, self.random = board, card, seeded
        self.safe, self.flying, self.confirmed = {}, {}, 0
        self.board.start()

    def insert(self):
        self.board.ctl("sd", "insert", self.card.path)
        self.session = self.board.telnet(prompt=False)
        self.session.clean_prompt()
        assert self.session.python("import os, pyb; pyb.SD().mount(); os.listdir('/')") == "['flash', 'sd']"
        self.session.run(WRITER)

    def end_sessions(self):
        for stream in self.board.streams:
            stream.close()
        self.board.streams = []

    def by_ftp(self, ftp):
        random, files = self.random_of("ftp"), self.safe
        try:
            while True:
                name = f"by ftp, number {random.randrange(NAMES)}.bin"
                data = random.randbytes(random.choice((0, 10, 600, 5000, 60_000, 300_000)))
                if random.random() < 0.2 and name in files:
                    to = f"renamed {name}"
                    self.moving = name, to, files.pop(name), files.pop(to, None)
                    ftp.rename(f"/sd/{name}", f"/sd/{to}")
                    files[to] = self.moving[2]
                    self.moving = None
                self.flying[name] = data
                store(ftp, f"/sd/{name}", data)
                files[name] = self.flying.pop(name)
                self.confirmed += 1
        except (OSError, EOFError, ftplib.Error) as error:
            self.ftp_error = error

    def by_python(self):
        random = self.random_of("python")
        try:
            while True:
                name = f"by python, number {random.randrange(NAMES)}.bin"
                seed, size = random.randrange(256), random.choice((1, 100, 5000, 20_000))
                self.safe.pop(name, None)  # from open() on the old one is gone
                self.flying[name] = None
                printed = self.session.python(f"write({name!r}, {seed}, {size})")
                if printed:
                    assert "OSError" in printed, printed
                    return
                self.safe[name] = python_data(seed, size)
                del self.flying[name]
                self.confirmed += 1
        except (OSError, AssertionError) as error:
            self.python_error = error

    def random_of(self, who):
        return type(self.random)(f"{who} {self.random.random()}")

    def until(self, end, delay):
        """Both write until end() stops them, `delay` seconds after they began."""
        self.flying, self.moving = {}, None
        self.ftp_error = self.python_error = None
        writers = [threading.Thread(target=self.by_ftp, args=[self.board.ftp()]), threading.Thread(target=self.by_python)]
        for writer in writers:
            writer.start()
        time.sleep(delay)
        end()
        for writer in writers:
            writer.join(60)
            assert not writer.is_alive()

    def unexpected(self, kind, said):
        """Without what storage/storage.h tells of: a file that was growing has clusters that its size does not tell of yet, an interrupted rename leaves both names."""
        growing, both_names = {
            "FAT": (r"/(.+)\n +File size is \d+ bytes, cluster chain length is > \d+ bytes\.\n +Truncating file to \d+ bytes\.\n",
                    r"/.+  and\n/(.+)\n  share clusters\.\n  Truncating second to 0 bytes\.\n"
                    r"(?:/.+\n  File size is \d+ bytes, cluster chain length is 0 bytes\.\n  Truncating file to 0 bytes\.\n)?"),
            "exFAT": (r"ERROR: /(.+): more clusters are allocated\..*\n", r"ERROR: /(.+): cluster is already allocated for the other file\..*\n"),
        }[kind]
        text = "\n".join(said) + "\n"
        for pattern, names in (growing, self.flying), (both_names, self.moving[:2] if self.moving else ()):
            text = re.sub(pattern, lambda match, names=names: "" if match[1] in names else match[0], text)
        return [line for line in text.splitlines() if not re.fullmatch(HARMLESS[kind], line)]

    def check_card(self):
        """As a PC sees it; repairs it, as the PC asks its user to."""
        kind = "exFAT" if self.card.kind == "exFAT" else "FAT"
        said = self.card.ask_fsck("-n")
        said = (said.stdout + said.stderr).splitlines()
        assert not self.unexpected(kind, said), "\n".join([*said, f"in flight: {list(self.flying)}, being renamed: {self.moving and self.moving[:2]}"])
        self.card.ask_fsck("-a" if kind == "FAT" else "-y")
        self.card.fsck()
        if kind == "FAT":
            tool("mdel", "-i", self.card.drive, "::FSCK*.REC", check=False)  # what it made of lost clusters
            self.check_files(self.read_on_the_pc)
            names = {name.rpartition("/")[2] for name in tool("mdir", "-b", "-i", self.card.drive, "::").stdout.splitlines()}
        else:
            names = set(Exfat(self.card).files()) - {"LOST+FOUND"}
        missing = set(self.safe) - names
        assert not missing, missing
        if self.moving:  # FAT has no rename in one step
            old, new, data, replaced = self.moving
            assert names & {old, new}, self.moving[:2]
            self.safe.update((name, data) for name in names & {old, new})
            if names >= {old, new} and replaced is not None:
                self.flying[new] = replaced
        return names

    def read_on_the_pc(self, name):
        copy = self.card.path.with_suffix(".out")
        tool("mcopy", "-n", "-i", self.card.drive, f"::{name}", copy)
        return copy.read_bytes()

    def check_files(self, read):
        found = {name: read(name) for name in self.safe}
        for name, data in self.safe.items():
            now = found[name]
            whole = now == data or now == self.flying.get(name, b"?") or self.is_emptied_twin(name, found)
            assert whole, f"{name} has {len(now)} bytes, it was confirmed with {len(data)}"
        self.safe = found

    def is_emptied_twin(self, name, found):
        """A PC that repairs an interrupted rename leaves the contents to one of the two names."""
        if not self.moving or name not in self.moving[:2] or found[name] != b"":
            return False
        old, new, data, _ = self.moving
        return found.get(old if name == new else new) == data


def storm_of(make_board, tmp_path, seeded, kind):
    return Storm(make_board(start=False), Card(tmp_path / "card.img", KINDS[kind], kind), seeded)


def settle(storm, names):
    """What was in flight and has arrived is there from now on; what is half there is removed."""
    for name in names - set(storm.safe):
        with storm.board.ftp() as ftp:
            if storm.flying.get(name) is not None:
                came = retrieve(ftp, f"/sd/{name}")  # a new name keeps what was synced, for a client to resume
                assert storm.flying[name].startswith(came), f"{name} has what was never sent"
            else:
                # A short name: what a removal has left whose name lies across two blocks.
                assert name.startswith("by python") or "~" in name, name
            ftp.delete(f"/sd/{name}")


@pytest.mark.limit(1500)
@pytest.mark.parametrize("kind", KINDS)
def test_ejected_at_random_moments(make_board, tmp_path, seeded, kind):
    storm = storm_of(make_board, tmp_path, seeded, kind)
    board = storm.board
    for _ in range(ROUNDS):
        storm.insert()
        storm.until(lambda: board.ctl("sd", "eject"), seeded.uniform(0.0, 0.4))
        assert "451" in str(storm.ftp_error) or "550" in str(storm.ftp_error) or "553" in str(storm.ftp_error), repr(storm.ftp_error)
        assert storm.python_error is None, storm.python_error
        assert storm.session.python("1 + 1") == "2" and board.status()["state"] == "running"
        storm.end_sessions()
        names = storm.check_card()
        storm.insert()
        with board.ftp() as ftp:
            storm.check_files(lambda name: retrieve(ftp, f"/sd/{name}"))
        settle(storm, names)
        storm.session.python("pyb.SD().disable()")
        board.ctl("sd", "eject")
        storm.card.fsck()
        storm.end_sessions()
    assert storm.confirmed > ROUNDS
    assert board.status()["led"]["pattern"] == "heartbeat" and board.status()["fault"] is None
    beats = [ms for ms, state in board.led_history() if state]
    assert all(4000 < b - a < 9000 for a, b in zip(beats, beats[1:])), beats  # none was left out


@pytest.mark.limit(900)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_random_moments(make_board, tmp_path, seeded, kind):
    storm = storm_of(make_board, tmp_path, seeded, kind)
    board = storm.board
    for _ in range(max(3, ROUNDS // 4)):
        storm.insert()
        storm.until(board.kill9, seeded.uniform(0.0, 0.4))
        storm.end_sessions()
        names = storm.check_card()
        board.start()
        storm.insert()
        with board.ftp() as ftp:
            storm.check_files(lambda name: retrieve(ftp, f"/sd/{name}"))
        settle(storm, names)
        storm.session.python("pyb.SD().disable()")
        board.ctl("sd", "eject")
        storm.end_sessions()
    assert storm.confirmed > 3
