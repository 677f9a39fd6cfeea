"""One card, a PC and a WiPy: made and filled there, changed here by FTP and Python, read back and checked there."""

import calendar
import io
import os
import subprocess
import time
from ftplib import error_perm

import pytest

from board import retrieve, store, wait_for
from cards import MIB
from pc_cards import MAKE, Card, Exfat, many_files, tool
from program import generate, tree
from test_alive import run_busy

GIB = 1024 * MIB
SIZES = {"FAT12": 8 * MIB, "FAT16": 64 * MIB, "FAT32": 600 * MIB, "exFAT": 256 * MIB}
LONG = bool(os.environ.get("WIPY_TEST_LONG"))


@pytest.fixture
def slot(shared):
    """The shared board with a prompt; its slot is empty and disabled before and after."""
    slot = Slot(shared)
    yield slot
    slot.out()
    slot.close()


class Slot:
    def __init__(self, board):
        self.board = board
        self.session = board.telnet(prompt=False)
        self.session.clean_prompt()
        self.session.python("import os, pyb, time")
        self.ftp = board.ftp()

    def mount(self, card, *options):
        self.board.ctl("sd", "insert", card.path, *options)
        assert self.session.python("pyb.SD().mount(); os.listdir('/')") == "['flash', 'sd']"
        return self.ftp

    def out(self):
        self.session.python("pyb.SD().disable()")
        self.board.ctl("sd", "eject", check=False)

    def close(self):
        for stream in (self.session, self.ftp):
            stream.close()
            self.board.streams.remove(stream)


def stamp(text):
    """MDTM's answer in seconds."""
    return calendar.timegm(time.strptime(text.split()[1], "%Y%m%d%H%M%S"))


def listing(ftp, folder):
    return sorted(name.rpartition("/")[2] for name in ftp.nlst(folder))


# ---- there and back


def check_times(slot, ftp, files, times):
    """On the WiPy, both ways, as on the PC."""
    for name in files:
        assert stamp(ftp.sendcmd(f"MDTM /sd/{name}")) == times[name], name
        year_to_second = time.gmtime(times[name])[:6]
        assert slot.session.run(f"import os, time\nprint(time.gmtime(os.stat('/sd/{name}')[8])[:6])\n") == f"{year_to_second}\n"


def change(slot, ftp, files):
    """By FTP and by Python; `files` is what the card has."""
    ftp.mkd("/sd/новая папка")
    for name, size in (("новая папка/" + "x" * 200 + ".bin", 100_000), ("main.py", 5000), ("empty one", 0)):
        files[name] = os.urandom(size)
        store(ftp, f"/sd/{name}", files[name])
    ftp.rename("/sd/read me.txt", "/sd/новая папка/was read me.txt")
    files["новая папка/was read me.txt"] = files.pop("read me.txt")
    ftp.delete("/sd/data/big one.bin")
    del files["data/big one.bin"]
    slot.session.run(
        """
import os
os.chdir('/sd')
os.mkdir('von Python')
with open('von Python/ä.txt', 'wb') as file:
    for i in range(300): file.write(b'%d\\n' % i)
with open('data/日本語/テスト ファイル.txt', 'ab') as file: file.write(b'more' * 1000)
with open('data/größer – žluťoučký.bin', 'r+b') as file:
    file.seek(70000); file.write(b'here' * 5000); file.truncate(90001)
os.rename('lib/single.py', 'von Python/SINGLE.PY')
os.remove('data/deep/er/and deeper still/x')
os.rmdir('data/deep/er/and deeper still')
os.chdir('/flash')
"""
    )
    files["von Python/ä.txt"] = b"".join(b"%d\n" % i for i in range(300))
    files["data/日本語/テスト ファイル.txt"] += b"more" * 1000
    old = files["data/größer – žluťoučký.bin"]
    files["data/größer – žluťoučký.bin"] = old[:70000] + b"here" * 5000 + old[90000:90001]
    files["von Python/SINGLE.PY"] = files.pop("lib/single.py")
    del files["data/deep/er/and deeper still/x"]


@pytest.mark.parametrize("table", [False, True], ids=["whole", "partition"])
@pytest.mark.parametrize("kind", ["FAT12", "FAT16", "FAT32"])
def test_filled_on_the_pc_changed_here_and_read_back(slot, tmp_path, seeded, kind, table):
    card = Card(tmp_path / "card.img", SIZES[kind], kind, table)
    generate(tmp_path / "pc", seeded)
    files, _ = tree(tmp_path / "pc")
    times = {}
    for name in files:
        times[name] = seeded.randrange(1_000_000_000, 1_700_000_000)
        os.utime(tmp_path / "pc" / name, (times[name], times[name]))
        times[name] &= ~1  # FAT keeps even seconds
    card.put(*(tmp_path / "pc").iterdir())

    ftp = slot.mount(card)
    for name, data in files.items():
        assert ftp.size(f"/sd/{name}") == len(data), name
        assert retrieve(ftp, f"/sd/{name}") == data, name
    check_times(slot, ftp, seeded.sample(sorted(files), 3), times)
    change(slot, ftp, files)
    written = {name: stamp(ftp.sendcmd(f"MDTM /sd/{name}")) for name in ("main.py", "empty one", "von Python/ä.txt", "data/größer – žluťoučký.bin")}
    assert {name: retrieve(ftp, f"/sd/{name}") for name in files} == files
    slot.out()
    assert abs(written["main.py"] - time.time()) < 100 and all(when % 2 == 0 for when in written.values())

    card.fsck()
    back = card.get_all(tmp_path / "back")
    found, folders = tree(back)
    assert found == files
    assert {"новая папка", "von Python", "data/deep/er"} <= folders and "data/deep/er/and deeper still" not in folders
    for name, when in {**times, **written}.items():
        if name in files and not name.startswith("data/日本語/テ"):
            assert int((back / name).stat().st_mtime) == when, name


@pytest.mark.parametrize("table", [False, True], ids=["whole", "partition"])
def test_exfat_there_and_back(slot, tmp_path, seeded, table):
    """No tool without privileges fills it on the PC: so its files are the WiPy's, and the PC's view of them."""
    card = Card(tmp_path / "card.img", SIZES["exFAT"], "exFAT", table)
    generate(tmp_path / "pc", seeded)
    files, folders = tree(tmp_path / "pc")
    ftp = slot.mount(card)
    for folder in sorted(folders):
        ftp.mkd(f"/sd/{folder}")
    for name, data in files.items():
        store(ftp, f"/sd/{name}", data)
    change(slot, ftp, files)
    stamps = {name: stamp(ftp.sendcmd(f"MDTM /sd/{name}")) for name in ("main.py", "empty one", "boot.py")}
    assert {name: retrieve(ftp, f"/sd/{name}") for name in files} == files
    slot.out()
    checked = card.fsck()
    assert f"directories {len(folders) + 2}, files {len(files)}" in checked, checked  # the root and two more, one fewer
    seen = Exfat(card).files()
    for name, when in stamps.items():
        assert seen[name][:2] == (len(files[name]), tuple(time.gmtime(when)[:6]))
    slot.mount(card)
    assert {name: retrieve(ftp, f"/sd/{name}") for name in files} == files


# ---- small and large


@pytest.mark.parametrize(
    "size, kind",
    [(2 * MIB, "FAT12"), (32 * MIB, "FAT16"), (2 * GIB, "FAT16"), (2 * GIB, "FAT32"), (32 * GIB, "FAT32"), (32 * MIB, "exFAT"), (64 * GIB, "FAT32"), (64 * GIB, "exFAT")],
)
def test_sizes(slot, tmp_path, seeded, size, kind):
    card = Card(tmp_path / "card.img", size, kind)
    ftp = slot.mount(card)
    data = seeded.randbytes(300_000)
    store(ftp, "/sd/a file.bin", data)
    assert retrieve(ftp, "/sd/a file.bin") == data
    free = slot.session.python("s = os.statvfs('/sd'); s[0] * s[2] // 1024, s[0] * s[3] // 1024")
    whole, rest = map(int, free.strip("()").split(","))
    assert 0.85 * size < whole * 1024 < size and whole - rest >= 293
    slot.out()
    card.fsck()
    assert card.path.stat().st_blocks * 512 < 100 * MIB, "it stays sparse"


def go_on_behind_4_gib(ftp, path, size):
    """REST and APPE at the end of "the end!", and behind it, where nothing is lost; it is as before afterwards."""

    def rest(offset):
        received = []
        ftp.retrbinary(f"RETR {path}", received.append, rest=offset)
        return b"".join(received)

    def stored(command, data, offset):
        ftp.storbinary(f"{command} {path}", io.BytesIO(data), rest=offset)
        return ftp.sendcmd(f"SIZE {path}")

    assert rest(size - 8) == b"the end!" and rest(size) == b""
    for offset in (size + 1, size + (1 << 32), 1 << 62):
        for command in ("RETR", "STOR"):
            with pytest.raises(error_perm, match="^554 .*the file ends before the offset of REST"):
                ftp.transfercmd(f"{command} {path}", rest=offset)
    with pytest.raises(error_perm, match="^503 .*APPE begins at the end"):
        ftp.transfercmd(f"APPE {path}", rest=size + 1)
    with pytest.raises(error_perm, match="^501 "):
        ftp.sendcmd(f"REST {1 << 63}")
    assert ftp.sendcmd(f"SIZE {path}") == f"213 {size}"
    assert stored("APPE", b"!!", size) == f"213 {size + 2}"
    assert stored("APPE", b"?", None) == f"213 {size + 3}" and rest(size - 8) == b"the end!!!?"
    assert stored("STOR", b"END!", size - 4) == f"213 {size}" and rest(size - 8) == b"the END!"
    assert stored("STOR", b"end!", size - 4) == f"213 {size}"


@pytest.mark.limit(1500 if LONG else 120)
def test_a_file_of_more_than_4_gib(slot, tmp_path):
    """SIZE, LIST and Python's positions; its last bytes are where they belong."""
    size = 5 * GIB + 12345
    card = Card(tmp_path / "card.img", 64 * GIB, "exFAT")
    ftp = slot.mount(card)
    store(ftp, "/sd/large.bin", b"x")
    slot.out()
    place = Exfat(card).enlarge("large.bin", size)
    with card.path.open("r+b") as file:
        file.seek(place + size - 7)
        file.write(b"the end")
    card.fsck()
    ftp = slot.mount(card)
    assert ftp.sendcmd("SIZE /sd/large.bin") == f"213 {size}"
    lines = []
    ftp.retrlines("LIST /sd", lines.append)
    assert [line.split()[4] for line in lines] == [str(size)]
    assert slot.session.python("os.stat('/sd/large.bin')[6]") == str(size)
    assert slot.session.python(f"f = open('/sd/large.bin', 'r+b'); f.seek(-7, 2), f.read(), f.write(b'!'), f.close()") == f"({size - 7}, b'the end', 1, None)"
    slot.out()
    card.fsck()
    assert Exfat(card).files()["large.bin"][0] == size + 1
    ftp = slot.mount(card)
    go_on_behind_4_gib(ftp, "/sd/large.bin", size + 1)
    slot.out()
    card.fsck()
    assert Exfat(card).files()["large.bin"][0] == size + 1
    if LONG:
        slot.mount(card)
        received = [0, b""]

        def take(data):
            received[0] += len(data)
            received[1] = (received[1] + data)[-8:]

        ftp.retrbinary("RETR /sd/large.bin", take, 1 << 20)
        assert received[0] == size + 1 and received[1].endswith(b"the end!")


# ---- 10,000 files


def test_ten_thousand_files(slot, tmp_path, seeded):
    card = Card(tmp_path / "card.img", 512 * MIB, "FAT32")
    files = many_files(card, 10_000)
    ftp = slot.mount(card)
    assert listing(ftp, "/sd/many") == sorted(files)
    for name in seeded.sample(sorted(files), 20):
        assert retrieve(ftp, f"/sd/many/{name}").decode() == files[name]
    store(ftp, "/sd/many/one more", b"the last\n")
    ftp.delete("/sd/many/file number 00007.txt")
    files["one more"] = "the last\n"
    del files["file number 00007.txt"]
    count = "sum(1 for entry in os.ilistdir('/sd/many')), sum(entry[3] for entry in os.ilistdir('/sd/many'))"
    assert slot.session.python(count) == f"(10000, {sum(map(len, files.values()))})"
    slot.out()
    card.fsck()
    names = tool("mdir", "-b", "-i", card.drive, "::many").stdout.splitlines()
    assert {name.rpartition("/")[2] for name in names} == set(files)


def heart_beats(board, count):
    """Wait for so many more, and check that none was left out; board time."""
    since = board.status()["board_ms"]

    def seen():
        on = [ms for ms, state in board.led_history() if state and ms > since]
        return len(on) > count and on

    on = wait_for(seen, f"{count} heart beats")
    periods = sorted(b - a for a, b in zip(on, on[1:]))
    assert periods[0] > 4000 and periods[len(periods) // 2] < 9000, periods


@pytest.mark.parametrize("what", ["mkfs", "listing"])
def test_long_operations_stall_nobody(make_board, tmp_path, what):
    """The LED's heart beat goes on, FTP answers, telnet echoes or interrupts."""
    board = make_board("--speed", "10")
    card = Card(tmp_path / "card.img", 64 * GIB if what == "mkfs" else 512 * MIB, "FAT32")
    if what == "listing":
        many_files(card, 10_000)
    slot = Slot(board)
    ftp = slot.mount(card)
    run_busy(slot.session, "import os\nwhile True: os.mkfs('/sd')\n" if what == "mkfs" else "import os\nwhile True: sum(1 for _ in os.ilistdir('/sd/many'))\n")
    heart_beats(board, 4)
    for _ in range(20):
        assert ftp.voidcmd("NOOP").startswith("200")
        slot.session.send_raw(b"\xff\xf6")  # Are you there?
        assert slot.session.expect(b"yes")
    slot.session.clean_prompt()
    if what == "listing":
        busy = client_of_many(board)
        try:
            heart_beats(board, 4)
            for i in range(50):
                assert slot.session.python(f"{i} + 1") == str(i + 1)
            assert busy.poll() is None, "the listings went on meanwhile"
        finally:
            busy.kill()
            busy.wait()
    assert board.status()["state"] == "running"


def client_of_many(board):
    """Another program that lists the folder again and again."""
    script = f"while curl -s '{board.ftp_url('/sd/many/')}' >/dev/null; do :; done"
    return subprocess.Popen(["sh", "-c", script])
