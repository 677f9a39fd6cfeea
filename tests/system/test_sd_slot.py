"""The SD slot as seen from the board: `wipy run --sd`, `wipy ctl sd`, `status.sd`, `wipy sd create`, the control socket."""

import fcntl
import json
import os
import struct
import subprocess

import pytest

from board import WIPY, wait_for, wipy
from stream import LIMIT
from test_bad_input import fails

BLOCK = 512
MIB = 1024 * 1024


def make_card(path, size=4 * MIB):
    with open(path, "wb") as card:
        card.truncate(size)
    return path


@pytest.fixture
def card(tmp_path):
    return make_card(tmp_path / "card.img")


@pytest.fixture
def slot(shared):
    """The shared board, its slot empty before and after."""
    shared.ctl("sd", "eject", check=False)
    yield shared
    shared.ctl("sd", "eject", check=False)


def locked(path):
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


# ---- insert, eject, look


def test_insert_and_eject(slot, card):
    assert slot.status()["sd"] is None
    assert slot.ctl("sd").stdout == "empty\n"
    assert slot.ctl("sd", "insert", card).stdout == f"{card}, 4 MiB\n"
    assert slot.ctl("sd").stdout == f"{card}, 4 MiB\n"
    sd = slot.status()["sd"]
    assert (sd["file"], sd["size"], sd["read_only"], sd["read_only_by"]) == (str(card), 4 * MIB, False, None)
    assert sd["insertion"] >= 1 and sd["failures"] == 0
    assert slot.ctl("sd", "eject").stdout == ""
    assert slot.status()["sd"] is None
    slot.ctl("sd", "insert", card)
    assert slot.status()["sd"]["insertion"] == sd["insertion"] + 1
    assert card.stat().st_size == 4 * MIB


def test_a_full_slot_and_an_empty_one(slot, card, tmp_path):
    fails(slot.ctl("sd", "eject", check=False), 1, "no card")
    slot.ctl("sd", "insert", card)
    fails(slot.ctl("sd", "insert", make_card(tmp_path / "other"), check=False), 1, card, "eject it first")
    assert slot.status()["sd"]["file"] == str(card)


def test_paths_are_those_of_the_callers_folder(slot, card, tmp_path):
    (tmp_path / "folder").mkdir()
    result = wipy("ctl", slot.directory, "sd", "insert", "../card.img", cwd=tmp_path / "folder")
    assert result.returncode == 0, result
    assert slot.status()["sd"]["file"] == str(card)
    slot.ctl("sd", "eject")
    fails(wipy("ctl", slot.directory, "sd", "insert", "card.img", cwd=tmp_path / "folder"), 1, tmp_path / "folder/card.img")


def test_names_of_all_kinds(slot, tmp_path):
    for name in ["a card.img", "Ä ö 卡.img", 'quo"te\\.img', "-card"]:
        path = make_card(tmp_path / name)
        slot.ctl("sd", "insert", path)
        assert slot.status()["sd"]["file"] == str(path)
        slot.ctl("sd", "eject")
    for name in [b"new\nline", b"\xff\xfe", b"\x1b[31m"]:
        path = make_card(os.fsencode(tmp_path) + b"/" + name)
        result = wipy("ctl", slot.directory, "sd", "insert", path.decode("utf-8", "surrogateescape"))
        assert result.returncode == 0 and "?" in result.stdout and "\x1b" not in result.stdout, result
        assert slot.status()["sd"]["size"] == 4 * MIB and locked(path)
        slot.ctl("sd", "eject")


@pytest.mark.parametrize("size, shown", [(BLOCK, "512 bytes"), (3 * BLOCK, "1536 bytes"), (64 * MIB, "64 MiB"), (64 * 1024 * MIB, "64 GiB")])
def test_sizes(slot, tmp_path, size, shown):
    path = make_card(tmp_path / "card", size)
    assert slot.ctl("sd", "insert", path).stdout == f"{path}, {shown}\n"
    assert slot.status()["sd"]["size"] == size
    assert path.stat().st_blocks * 512 < MIB, "it stays sparse"


def test_write_protect_switch(slot, card):
    assert slot.ctl("sd", "insert", card, "--read-only").stdout == f"{card}, 4 MiB, read-only\n"
    sd = slot.status()["sd"]
    assert sd["read_only"] is True and sd["read_only_by"] == "switch"
    slot.ctl("sd", "eject")
    slot.ctl("sd", "insert", "--read-only", card)
    assert slot.status()["sd"]["read_only"] is True


def test_file_that_cannot_be_written(slot, tmp_path):
    """A program that runs cannot be written, not even by root."""
    path = tmp_path / "sleep"
    data = open("/bin/sleep", "rb").read()
    path.write_bytes(data + bytes(-len(data) % BLOCK))
    path.chmod(0o755)
    with subprocess.Popen([path, "1000"]) as process:
        try:
            assert "read-only: the file cannot be written" in slot.ctl("sd", "insert", path).stdout
            sd = slot.status()["sd"]
            assert sd["read_only"] is True and sd["read_only_by"] == "file"
        finally:
            process.kill()


# ---- who has the card


def test_one_card_in_one_slot(slot, card, make_board, tmp_path):
    other = make_board("--no-laptop")
    slot.ctl("sd", "insert", card)
    fails(other.ctl("sd", "insert", card, check=False), 1, card, "in use")
    assert other.status()["sd"] is None
    fails(wipy("run", tmp_path / "third", "--telnet", "0", "--ftp", "0", "--sd", card), 1, card, "in use")
    slot.ctl("sd", "eject")
    other.ctl("sd", "insert", card)
    os.link(card, tmp_path / "same")
    fails(slot.ctl("sd", "insert", tmp_path / "same", check=False), 1, "in use")


def test_ejected_card_is_free(slot, card):
    slot.ctl("sd", "insert", card)
    assert locked(card)
    slot.ctl("sd", "eject")
    assert not locked(card)


def test_killed_board_lets_its_card_go(make_board, card):
    board = make_board("--no-laptop", "--sd", card)
    pids = board.pids
    board.kill9()
    wait_for(lambda: not locked(card), "the card is free")
    board.start()
    assert board.status()["sd"]["file"] == str(card)
    assert pids


# ---- from the start; resets and power


def test_card_from_the_start_stays(make_board, card):
    board = make_board("--sd", card)
    before = board.status()["sd"]
    assert before["file"] == str(card) and before["insertion"] == 1
    board.reset()
    assert board.status()["sd"]["insertion"] == 1
    board.power("off")
    assert board.status()["sd"]["insertion"] == 1
    board.ctl("sd", "eject")
    board.ctl("sd", "insert", card, "--read-only")
    board.power("on")
    board.wait_state("running")
    assert board.status()["sd"]["insertion"] == 2
    board.stop()
    assert not locked(card)
    board.options = ()
    board.start()
    assert board.status()["sd"] is None, "it was put in by hand: a new start begins with an empty slot"


def test_card_is_named_at_the_start(make_board, card, tmp_path):
    command = [WIPY, "run", tmp_path / "wipy", "--no-laptop", "--sd", "card.img"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = []
            while "ready" not in lines:
                lines.append(process.stdout.readline().rstrip("\n"))
                assert lines[-1], lines
            assert [line for line in lines if line.startswith("sd ")] == [f"sd       {card}"]
        finally:
            process.terminate()
            process.wait(LIMIT)


def test_missing_card_at_the_start(tmp_path):
    result = wipy("run", tmp_path / "wipy", "--telnet", "0", "--ftp", "0", "--sd", "nothing.img", cwd=tmp_path)
    fails(result, 1, "nothing.img", "wipy sd create")


def test_a_second_board_in_the_folder_hears_of_that_first(make_board, card):
    board = make_board("--sd", card)
    fails(wipy("run", board.directory, "--telnet", "0", "--ftp", "0", "--sd", card), 1, "is running already")
    assert board.status()["sd"]["file"] == str(card)


def test_eject_while_the_mcu_has_a_fault(board, card):
    board.ctl("sd", "insert", card)
    board.telnet().send(b"import machine; machine.mem32[0x10] = 1\r")
    board.wait_state("fault")
    board.ctl("sd", "eject")
    assert board.status()["sd"] is None and board.status()["state"] == "fault"


# ---- bad input


@pytest.mark.parametrize("size", [0, 1, 511, 513, 4 * MIB + 100, 2**32 * BLOCK])
def test_files_that_are_no_cards(slot, tmp_path, size):
    path = make_card(tmp_path / "file", size)
    fails(slot.ctl("sd", "insert", path, check=False), 1, path, f"{size} bytes", "512")
    assert slot.status()["sd"] is None


def test_things_that_are_no_files(slot, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    fails(slot.ctl("sd", "insert", tmp_path / "pipe", check=False), 1, "pipe", "plain file")
    fails(slot.ctl("sd", "insert", "/dev/null", check=False), 1, "/dev/null", "plain file")
    fails(slot.ctl("sd", "insert", tmp_path, check=False), 1, tmp_path, "folder")
    fails(slot.ctl("sd", "insert", tmp_path / "none", check=False), 1, tmp_path / "none", "wipy sd create")
    fails(slot.ctl("sd", "insert", tmp_path / "pipe" / "x", check=False), 1, "Not a directory")
    assert slot.status()["sd"] is None and slot.status()["state"] == "running"


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("sd", "remove"), ("remove", "insert", "eject")),
        (("sd", "insert"), ("FILE",)),
        (("sd", "insert", ""), ("FILE",)),
        (("sd", "insert", "a", "b"), ("b",)),
        (("sd", "eject", "a"), ("a",)),
        (("sd", "eject", "--read-only"), ("--read-only",)),
        (("sd", "--read-only"), ("--read-only",)),
        (("status", "--read-only"), ("--read-only",)),
    ],
)
def test_wrong_usage(slot, arguments, words):
    fails(slot.ctl(*arguments, check=False), 2, *words)
    assert slot.status()["sd"] is None


def test_socket(slot, card):
    def ask(**request):
        return json.loads(slot.control(json.dumps({"verb": "sd", **request})))

    assert ask() == {"ok": True, "sd": None}
    answer = ask(value="insert", file=str(card), read_only=True)
    assert answer == {"ok": True, "sd": slot.status()["sd"]} and answer["sd"]["read_only"]
    assert ask()["sd"]["file"] == str(card)
    assert ask(value="eject") == {"ok": True, "sd": None}
    for wrong in (
        {"value": "dance"},
        {"value": 1},
        {"value": None},
        {"value": "insert"},
        {"value": "insert", "file": 7},
        {"value": "insert", "file": "card.img"},
        {"value": "insert", "file": ""},
        {"value": "insert", "file": str(card), "read_only": 1},
        {"value": "insert", "file": "/" + "x" * 3000},
        {"value": "eject"},
    ):
        answer = ask(**wrong)
        assert answer["ok"] is False and answer["error"] and slot.status()["sd"] is None, wrong
    assert ask(value="insert", file=str(card))["sd"]["read_only"] is False


# ---- wipy sd create


def partition(path):
    """The first partition of a card: its first block, its blocks, its file system's name."""
    with open(path, "rb") as card:
        table = card.read(BLOCK)
        assert table[510:] == b"\x55\xaa"
        first, blocks = struct.unpack("<II", table[454:462])
        card.seek(first * BLOCK)
        boot = card.read(BLOCK)
    if boot[3:11] == b"EXFAT   ":
        return first, blocks, "exFAT"
    if boot[82:87] == b"FAT32":
        return first, blocks, "FAT32"
    cluster, reserved, fats, entries = struct.unpack("<BHBH", boot[13:19])
    fat_size = struct.unpack("<H", boot[22:24])[0]
    clusters = (blocks - reserved - fats * fat_size - entries * 32 // BLOCK) // cluster
    return first, blocks, "FAT16" if clusters >= 4085 else "FAT12"


@pytest.mark.parametrize(
    "size, option, name",
    [
        ("2M", None, "FAT12"),
        ("64M", None, "FAT16"),
        ("64M", "--fat16", "FAT16"),
        ("64M", "--exfat", "exFAT"),
        ("2G", "--fat32", "FAT32"),
        ("4G", None, "FAT32"),
        ("64G", None, "exFAT"),
    ],
)
def test_create(slot, tmp_path, size, option, name):
    path = tmp_path / "new.img"
    result = wipy("sd", "create", "new.img", size, *([option] if option else []), cwd=tmp_path)
    assert result.returncode == 0 and result.stdout == result.stderr == "", result
    whole = int(size[:-1]) * {"M": MIB, "G": 1024 * MIB}[size[-1]]
    assert path.stat().st_size == whole
    assert path.stat().st_blocks * 512 < 40 * MIB, "it is sparse"
    first, blocks, found = partition(path)
    assert found == name
    assert (first + blocks) * BLOCK <= whole and blocks * BLOCK > whole * 0.9
    assert not locked(path)
    slot.ctl("sd", "insert", path)
    assert slot.status()["sd"]["size"] == whole


def test_create_overwrites_nothing(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("mine", "link", "."):
        fails(wipy("sd", "create", name, "64M", cwd=tmp_path), 1, name, "there already")
    assert (tmp_path / "mine").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["link", "mine"]


@pytest.mark.parametrize("size, option", [("1G", "--fat12"), ("1K", None), ("2M", "--fat32"), ("64G", "--fat16")])
def test_create_what_cannot_be(tmp_path, size, option):
    result = wipy("sd", "create", "new.img", size, *([option] if option else []), cwd=tmp_path)
    fails(result, 2 if option == "--fat12" else 1, option if option == "--fat12" else size)
    assert os.listdir(tmp_path) == [], "nothing is left of it"


@pytest.mark.parametrize("size", ["", "64", "0M", "M", "64MB", "64.5M", "1e3M", "-64M", "99999999999999999999G", "2048G", "64T", "0x40M", " 64M"])
def test_create_sizes_that_make_no_sense(tmp_path, size):
    fails(wipy("sd", "create", "--", "new.img", size, cwd=tmp_path), 2, size)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((), ("create",)),
        (("create", "new.img"), ("SIZE",)),
        (("format", "new.img", "64M"), ("format",)),
        (("create", "new.img", "64M", "what"), ("what",)),
        (("create", "new.img", "64M", "--fat16", "--exfat"), ("FAT16", "exFAT")),
        (("create", "new.img", "64M", "--ext4"), ("--ext4",)),
    ],
)
def test_create_wrong_usage(tmp_path, arguments, words):
    fails(wipy("sd", *arguments, cwd=tmp_path), 2, *words)
    assert os.listdir(tmp_path) == []


def test_create_where_it_cannot_be(tmp_path):
    fails(wipy("sd", "create", tmp_path / "no" / "new.img", "64M"), 1, tmp_path / "no", "No such file")
    script = 'ulimit -f 100; exec "$1" sd create new.img 64M'
    result = subprocess.run(["sh", "-c", script, "sh", str(WIPY)], cwd=tmp_path, text=True, capture_output=True, timeout=LIMIT, check=False)
    fails(result, 1, "new.img", "too large")
    assert os.listdir(tmp_path) == []


def test_help_says_it():
    assert "--sd FILE" in wipy("help", "run").stdout
    assert "wipy sd create FILE SIZE" in wipy("help", "sd").stdout
    assert "wipy sd " in wipy("help").stdout
    words = wipy("help", "ctl").stdout
    assert "sd insert FILE" in words and "sd eject" in words and "--read-only" in words


def test_many_exchanges_while_python_is_busy(slot, card, tmp_path):
    """The firmware is told of each, and neither it nor the board minds."""
    other = make_card(tmp_path / "other")
    session = slot.telnet()
    session.send(b"while True: pass\r")
    for _ in range(20):
        slot.ctl("sd", "insert", card)
        slot.ctl("sd", "eject")
        slot.ctl("sd", "insert", other, "--read-only")
        slot.ctl("sd", "eject")
    session.send(b"\x03")
    session.expect(b">>> ")
    assert session.python("1+1") == "2"
    assert slot.status()["state"] == "running"
    session.close()
