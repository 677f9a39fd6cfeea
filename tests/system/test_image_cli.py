"""`wipy image`: images are made as docs/spec.md says, and every broken one is found out; `wipy run --firmware` is as strict."""

import hashlib
import re
from pathlib import Path

import pytest

from board import WIPY, wipy
from images import MPS2, PLACE, FRAME, bad_images, built, header, pack, payload, version
from ota import alive, runs, upload

VERSION = wipy("--version").stdout.split()[1] if WIPY.exists() else ""


def image(*arguments, status=0):
    result = wipy("image", *arguments)
    assert result.returncode == status, result
    if status:
        assert not result.stdout and result.stderr.startswith("wipy image: "), result
        assert len(result.stderr.splitlines()) == status, "one clear line, and for wrong usage where to read more"
    return result.stdout if status == 0 else result.stderr


@pytest.fixture
def make(tmp_path):
    """make(bytes): a file with them."""

    def write(data, name="image.bin"):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


@pytest.mark.parametrize("target", [None, "virtual", "mps2"])
def test_pack(make, tmp_path, seeded, target):
    data = seeded.randbytes(seeded.randrange(1, 300_000))
    options = ["--target", target] if target else []
    assert image("pack", make(data), tmp_path / "out", "--version", "1.2.3-rc1", *options) == ""
    expected = pack(data, "1.2.3-rc1", target=MPS2 if target == "mps2" else 1)
    assert (tmp_path / "out").read_bytes() == expected
    assert image("verify", tmp_path / "out") == f"valid: firmware 1.2.3-rc1 for {target or 'virtual'}, {len(expected)} bytes\n"


def test_what_make_leaves_is_valid():
    path = WIPY.parent / "mcuimg.bin"
    assert image("verify", path) == f"valid: firmware {VERSION} for virtual, {path.stat().st_size} bytes\n"


def test_info(make):
    data = built("1.2.0")
    text = image("info", make(data))
    found = dict(re.findall(r"^(\w+) +(.*)$", text, re.M))
    assert found["version"] == "1.2.0" and found["target"] == "virtual"
    assert found["payload"] == f"{len(payload(data))} bytes"
    assert found["sha256"] == hashlib.sha256(payload(data)).hexdigest()
    assert found["md5"] == hashlib.md5(data[:-32]).hexdigest()
    assert "valid" in found["image"]


def test_info_on_a_broken_image_says_so(make):
    data = built("1.2.0")
    assert "MD5 mismatch" in image("info", make(data[:-40] + b"x" * 40))
    assert "truncated" in image("info", make(data[:-100]))
    assert "not a firmware image" in image("info", make(b"something else" * 100), status=1)
    # Its size, of a target that nobody knows, would wrap to 200 bytes.
    wrapping = header(b"", "1.2.0", target=77, size=2**32 - FRAME + 200)[:168] + b"a" * 32 + bytes(1000)
    text = image("info", make(wrapping))
    assert "another target" in text and "md5" not in text, text


@pytest.mark.parametrize("name", [name for name in bad_images() if name != "another target"] if WIPY.exists() else [])
def test_verify_finds_out(make, name):
    data, words = bad_images()[name]
    path = make(data)
    error = image("verify", path, status=1)
    assert re.search(words, error) and str(path) in error, error


@pytest.mark.parametrize("name", bad_images() if WIPY.exists() else [])
def test_run_refuses_it_at_once(make, tmp_path, name):
    data, words = bad_images()[name]
    result = wipy("run", tmp_path / "wipy", "--telnet", "0", "--ftp", "0", "--firmware", make(data))
    assert result.returncode == 1 and re.search(words, result.stderr) and len(result.stderr.splitlines()) == 1, result
    assert not (tmp_path / "wipy").exists(), "nothing was begun"


def test_the_version_is_that_of_the_packing(make, tmp_path, make_board):
    """Whatever the executable was built as: banner, os.uname(), pyb.info(), `status`, 226 and wipy.firmware() agree."""
    image("pack", make(payload(built("1.3.0"))), tmp_path / "mine.bin", "--version", "7.7.7-mine")
    board = make_board()
    assert upload(board, (tmp_path / "mine.bin").read_bytes()).startswith("226 Firmware 7.7.7-mine ")
    board.reset()
    runs(board, "7.7.7-mine")
    assert alive(board, "7.7.7-mine")
    with board.telnet() as session:
        assert "firmware=7.7.7-mine" in session.python("import pyb; pyb.info()")
        assert "7.7.7-mine" in session.python("import wipy; wipy.firmware()")
        assert b"1.3.0" not in session.log
        assert b"1.3.0" not in session.log


def test_factory_firmware_of_another_version(make, make_board):
    board = make_board("--firmware", make(built("1.3.0")))
    assert board.status()["boot"]["version"] == "1.3.0"
    assert "1.3.0" in board.telnet().python("import os; os.uname()")


def test_largest(make, tmp_path):
    limit = PLACE - FRAME
    image("pack", make(bytes(limit)), tmp_path / "out", "--version", "1.0.0")
    assert f"{PLACE} bytes" in image("verify", tmp_path / "out")
    error = image("pack", make(bytes(limit + 1)), tmp_path / "larger", "--version", "1.0.0", status=1)
    assert "too large" in error and not (tmp_path / "larger").exists()
    assert "too large" in image("verify", make(pack(bytes(limit + 1), "1.0.0")), status=1)


def test_no_payload(make, tmp_path):
    assert "empty" in image("pack", make(b""), tmp_path / "out", "--version", "1.0.0", status=1)
    assert "missing" in image("pack", tmp_path / "missing", tmp_path / "out", "--version", "1.0.0", status=1)
    assert not (tmp_path / "out").exists()


def test_pack_replaces_whole_or_not_at_all(make, tmp_path):
    payload_path = make(b"payload", "payload")
    (tmp_path / "out").write_bytes(b"old")
    image("pack", payload_path, tmp_path / "out", "--version", "1.0.0")
    assert (tmp_path / "out").read_bytes() == pack(b"payload", "1.0.0")
    (tmp_path / "folder").mkdir()
    image("pack", payload_path, tmp_path / "folder", "--version", "1.0.0", status=1)
    image("pack", payload_path, tmp_path / "no/such/folder", "--version", "1.0.0", status=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "out", "payload"]


def test_pack_into_what_is_no_file_of_its_own(make, tmp_path):
    data = make(b"payload" * 1000, "payload")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "target").write_bytes(b"old")
    image("pack", data, tmp_path / "link", "--version", "1")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_bytes() == pack(data.read_bytes(), "1")
    assert "No space" in image("pack", data, "/dev/full", "--version", "1", status=1)
    assert Path("/dev/full").is_char_device()
    assert "payload itself" in image("pack", data, data, "--version", "1", status=1)
    assert data.read_bytes() == b"payload" * 1000


@pytest.mark.parametrize(
    "arguments",
    [[], ["unpack"], ["pack"], ["pack", "a"], ["pack", "a", "b"], ["pack", "a", "b", "c", "--version", "1"], ["pack", "a", "b", "--version"],
     ["pack", "a", "b", "--version", "1", "--target", "esp32"], ["pack", "a", "b", "--speed", "1"], ["info"], ["info", "a", "b"],
     ["verify"], ["verify", "a", "b"], ["verify", "--all", "a"]],
    ids=" ".join,
)
def test_wrong_usage(arguments):
    image(*arguments, status=2)


@pytest.mark.parametrize("text", ["", "1 0", "1.0\n", "x" * 32, "ž"])
def test_versions_that_are_none(make, tmp_path, text):
    assert "--version" in image("pack", make(b"payload"), tmp_path / "out", "--version", text, status=2)
    assert not (tmp_path / "out").exists()


def test_longest_version(make, tmp_path):
    image("pack", make(b"payload"), tmp_path / "out", "--version", "x" * 31)
    assert version((tmp_path / "out").read_bytes()) == "x" * 31
    assert "x" * 31 in image("verify", tmp_path / "out")


def test_files_that_are_none(tmp_path):
    for what in ("info", "verify"):
        image(what, tmp_path / "missing", status=1)
        assert "directory" in image(what, tmp_path, status=1)
        image(what, "/dev/zero", status=1)


def test_header_of_junk(make, seeded):
    """Whatever the fields are: an answer in words, no crash."""
    for _ in range(30):
        junk = bytearray(header(b"", "1.0.0", size=seeded.choice([0, 1, 100, 0xFFFFFFFF, 0x80000000, PLACE])) + bytes(200))
        for _ in range(seeded.randrange(4)):
            junk[seeded.randrange(8, 256)] = seeded.randrange(256)
        image("verify", make(bytes(junk)), status=1)
        result = wipy("image", "info", make(bytes(junk)))
        assert result.returncode in (0, 1)


def test_help():
    result = wipy("help", "image")
    assert result.returncode == 0 and not result.stderr
    assert wipy("image", "--help").stdout == result.stdout
    assert all(word in result.stdout for word in ("pack", "info", "verify", "--version", "--target", "mps2"))
    assert "image" in wipy("help").stdout
