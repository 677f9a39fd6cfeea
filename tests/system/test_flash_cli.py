"""`wipy flash`: the files on a board that is off, from outside."""

import pytest

from board import FIRST_BOOT, wipy


@pytest.fixture
def off(make_board):
    """A board that ran once and is off; its boot.py is the factory's."""
    board = make_board()
    board.put("/flash/lib/two words.py", "x = 'žluťoučký'\n")
    board.stop()
    return board


def flash(verb, board, *arguments, status=0):
    result = wipy("flash", verb, board.directory, *arguments)
    assert result.returncode == status, result
    if status:
        assert result.stderr.startswith("wipy flash: ") and len(result.stderr.splitlines()) == 1
    return result


def test_ls(off):
    text = flash("ls", off, "/flash").stdout
    assert all(name in text for name in FIRST_BOOT), text
    assert "two words.py" in flash("ls", off, "/flash/lib").stdout
    flash("ls", off, "/flash/missing", status=1)


def test_put_get_rm(off, tmp_path, seeded):
    local = tmp_path / "local.bin"
    local.write_bytes(seeded.randbytes(300_000))
    flash("put", off, local, "/flash/by flash.bin")
    flash("get", off, "/flash/by flash.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == local.read_bytes()
    flash("get", off, "/flash/lib/two words.py", tmp_path / "words.py")
    assert (tmp_path / "words.py").read_text() == "x = 'žluťoučký'\n"
    local.write_text("print('put from outside')\n")
    flash("put", off, local, "/flash/main.py")
    off.start()
    assert len(off.get("/flash/by flash.bin")) == 300_000
    session = off.telnet()
    session.send(b"\x04")
    session.expect(b"put from outside\r\n")
    off.stop()
    flash("rm", off, "/flash/by flash.bin")
    flash("rm", off, "/flash/by flash.bin", status=1)
    flash("get", off, "/flash/by flash.bin", tmp_path / "gone", status=1)
    assert not (tmp_path / "gone").exists()
    off.start()
    with off.ftp() as ftp:
        assert "by flash.bin" not in " ".join(ftp.nlst("/flash"))


def test_put_into_a_folder_keeps_the_name(off, tmp_path):
    (tmp_path / "small").write_bytes(b"x")
    flash("put", off, tmp_path / "small", "/flash/lib")
    assert "small" in flash("ls", off, "/flash/lib").stdout


def test_put_what_cannot_be(off, tmp_path):
    flash("put", off, tmp_path / "missing", "/flash/x", status=1)
    (tmp_path / "huge").write_bytes(bytes(9_000_000))
    flash("put", off, tmp_path / "huge", "/flash/main.py", status=1)
    (tmp_path / "small").write_bytes(b"x")
    for wrong in ("/x", "/flash/missing/x", "/", "x" * 300):
        flash("put", off, tmp_path / "small", wrong, status=1)
    off.start()
    assert off.get("/flash/main.py").decode().strip() == "# main.py -- put your code here!"


def test_info(off):
    text = flash("info", off).stdout
    for part in ("boot loader", "factory", "/flash"):
        assert part in text


def test_refused_while_the_board_runs(board, tmp_path):
    (tmp_path / "small").write_bytes(b"x")
    for arguments in (["info"], ["ls"], ["get", "/flash/main.py", tmp_path / "x"], ["put", tmp_path / "small", "/flash/x"], ["rm", "/flash/main.py"]):
        result = wipy("flash", arguments[0], board.directory, *arguments[1:])
        assert result.returncode == 1 and "running" in result.stderr or "in use" in result.stderr, result
    assert board.get("/flash/main.py")


def test_not_a_board(tmp_path):
    for verb in ("info", "ls"):
        result = wipy("flash", verb, tmp_path)
        assert result.returncode == 1 and str(tmp_path) in result.stderr
    assert list(tmp_path.iterdir()) == []
