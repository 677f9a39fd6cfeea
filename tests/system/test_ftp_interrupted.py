"""What an interrupted upload leaves: the old file of a name that was there; of a new one, or behind REST and APPE, the part that came."""

import ftplib
import socket

import pytest

from board import retrieve, store, wait_for
from ftp_client import Control

LINGER = b"\x01\0\0\0\0\0\0\0"  # close() sends a RST
SYNC = 131_072  # what comes after the last multiple of it may be lost with the power


def begin(control, command, data):
    """Send `data` behind `command`, and say when all of it was taken."""
    connection = control.passive()
    control.send(command + "\r\n")
    assert control.reply().startswith("150 ")
    connection.sendall(data)

    def taken():
        return f"{len(data)} bytes" in control.command("STAT")

    wait_for(taken, "all of the data")
    return connection


def break_off(how, control, connection):
    if how == "abort":
        control.send("ABOR\r\n")
        assert control.reply().startswith("426 ")
        assert control.reply().startswith("226 ")
    elif how == "data reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
    elif how == "both reset":
        for sock in (control.socket, connection):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        control.close()
    connection.close()  # "killed": both connections end as if all were well, the data first or last
    control.close()


HOWS = ["abort", "data reset", "both reset", "killed"]


def settled(board, path):
    """The size of a file that nobody writes any more."""
    def size():
        with board.ftp() as ftp:
            try:
                ftp.rename(path, path)  # not while it is open
                return (ftp.size(path),)
            except ftplib.error_temp:
                return None

    return wait_for(size, "the end of the upload")[0]


@pytest.mark.parametrize("how", HOWS)
def test_new_name_keeps_what_came_and_is_gone_on_with(shared, seeded, how):
    data = seeded.randbytes(300_000)
    control = Control(shared)
    break_off(how, control, begin(control, "STOR /flash/new", data[:200_000]))
    size = settled(shared, "/flash/new")
    assert 190_000 < size <= 200_000
    with shared.ftp() as ftp:
        with ftp.transfercmd("STOR /flash/new", rest=size) as connection:
            connection.sendall(data[size:])
        assert ftp.voidresp().startswith("226")
        assert retrieve(ftp, "/flash/new") == data
        ftp.delete("/flash/new")


@pytest.mark.parametrize("how", HOWS[:3])
def test_existing_file_stays(shared, seeded, how):
    old = seeded.randbytes(50_000)
    shared.put("/flash/old", old)
    control = Control(shared)
    break_off(how, control, begin(control, "STOR /flash/old", seeded.randbytes(200_000)))
    assert settled(shared, "/flash/old") == 50_000
    with shared.ftp() as ftp:
        assert retrieve(ftp, "/flash/old") == old
        ftp.delete("/flash/old")


@pytest.mark.parametrize("how", HOWS[:3])
def test_rest_and_append_keep_what_came(shared, seeded, how):
    old, new = seeded.randbytes(100_000), seeded.randbytes(150_000)
    for command, begins in (("REST 30000\r\nSTOR /flash/old", 30_000), ("APPE /flash/old", 100_000)):
        shared.put("/flash/old", old)
        control = Control(shared)
        if "REST" in command:
            assert control.command("REST 30000").startswith("350 ")
        break_off(how, control, begin(control, command.split("\r\n")[-1], new))
        size = settled(shared, "/flash/old")
        assert begins + 140_000 < size <= begins + 150_000
        with shared.ftp() as ftp:
            assert retrieve(ftp, "/flash/old") == old[:begins] + new[: size - begins]
            ftp.delete("/flash/old")


def test_nothing_came(shared):
    for command in ("STOR /flash/nothing", "APPE /flash/nothing"):
        with Control(shared) as control:
            with control.passive():
                control.send(command + "\r\n")
                assert control.reply().startswith("150 ")
                control.send("ABOR\r\n")
                assert control.reply().startswith("426 ")
                assert control.reply().startswith("226 ")
            assert control.command("SIZE /flash/nothing").startswith("550 ")


def test_power_cut(board, seeded):
    data = seeded.randbytes(1_000_000)
    board.put("/flash/old", b"old")
    new, old = Control(board), Control(board)
    connections = [begin(old, "STOR /flash/old", data), begin(new, "STOR /flash/new", data)]
    board.power("off")
    for each in (new, old, *connections):
        each.close()
    board.power("on")
    with board.ftp() as ftp:
        assert retrieve(ftp, "/flash/old") == b"old"
        kept = retrieve(ftp, "/flash/new")
        assert data.startswith(kept) and len(kept) > len(data) - SYNC - 4096
        assert set(ftp.nlst("/flash")) == {"/flash/" + name for name in ("boot.py", "main.py", "sys", "lib", "cert", "old", "new")}


def test_flash_full(board, seeded):
    """The client reads why, whatever it had still to send; what was there before is there."""
    board.put("/flash/old", b"old")
    big = seeded.randbytes(9_000_000)
    for name, words in {"new": "552 .*no space", "old": "552 .*no space left beside the old file, .* delete it first"}.items():
        with board.ftp() as ftp:
            with pytest.raises(ftplib.error_perm, match=r"552 Only \d+ bytes are free"):
                ftp.sendcmd(f"ALLO {len(big)}")
            assert ftp.sendcmd("ALLO 5000000").startswith("202")
            with pytest.raises(ftplib.error_perm, match=words):
                store(ftp, f"/flash/{name}", big)
            assert ftp.voidcmd("NOOP").startswith("200")
    with board.ftp() as ftp:
        assert retrieve(ftp, "/flash/old") == b"old"
        with pytest.raises(ftplib.error_perm, match="550"):
            ftp.size("/flash/new")
        assert store(ftp, "/flash/new", big[:5_000_000]).startswith("226")
