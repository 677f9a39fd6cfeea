"""/sd by FTP: comes and goes, is full or write-protected; the card is pulled out in the middle of everything."""

import io
import socket
from ftplib import error_perm, error_temp

import pytest

from board import retrieve, store, wait_for
from cards import MIB, blank, fill
from test_sd_pc import Slot, listing

FILES = {"hello.txt": "hello\n", "other.txt": "other\n"}


@pytest.fixture
def card(shared, tmp_path):
    return fill(shared, tmp_path / "card.img", FILES)


@pytest.fixture
def slot(shared, card):
    """A board whose card is mounted; a prompt and an FTP session."""
    slot = Slot(shared)
    shared.ctl("sd", "insert", card)
    slot.session.python("pyb.SD().mount()")
    yield slot
    slot.session.clean_prompt()
    slot.out()
    slot.close()


def root(ftp):
    return listing(ftp, "/")


def gone(slot):
    slot.board.ctl("sd", "eject")
    wait_for(lambda: root(slot.ftp) == ["flash"], "/sd is gone")


def test_it_comes_and_goes(slot, card):
    assert root(slot.ftp) == ["flash", "sd"]
    lines = []
    slot.ftp.retrlines("LIST /", lines.append)
    assert [line.split()[0][0] + line.split()[-1] for line in lines] == ["dflash", "dsd"]
    slot.session.python("pyb.SD().disable()")
    assert root(slot.ftp) == ["flash"]
    slot.session.python("pyb.SD().enable()")
    assert root(slot.ftp) == ["flash", "sd"]
    gone(slot)
    slot.board.ctl("sd", "insert", card)
    wait_for(lambda: root(slot.ftp) == ["flash", "sd"], "/sd is back")
    assert retrieve(slot.ftp, "/sd/hello.txt") == b"hello\n"


def test_times_are_those_that_a_card_keeps(slot):
    """Even seconds, from 1980 on: the answer says what was kept."""
    name = "/sd/hello.txt"
    assert slot.ftp.sendcmd(f"MFMT 20200229123457 {name}") == f"213 Modify=20200229123456; {name}"
    assert slot.ftp.sendcmd(f"MDTM {name}") == "213 20200229123456"
    for command in ("MFMT 19791231235959", "SITE UTIME 19700101000000", "MDTM 19791231235959"):
        with pytest.raises(error_perm, match="^550 The time is not set: times on a card begin with 1980"):
            slot.ftp.sendcmd(f"{command} {name}")
    assert slot.ftp.sendcmd(f"MDTM {name}") == "213 20200229123456"
    assert slot.ftp.sendcmd(f"MFMT 19800101000000 {name}") == f"213 Modify=19800101000000; {name}"
    store(slot.ftp, "/flash/dated", b"x")
    assert slot.ftp.sendcmd("MFMT 19791231235959 /flash/dated") == "213 Modify=19791231235959; /flash/dated"
    with pytest.raises(error_perm, match="^553 Not renamed: the new name is on another volume: download and upload it, or copy it in Python"):
        slot.ftp.rename("/flash/dated", "/sd/dated")
    slot.ftp.delete("/flash/dated")


def test_the_folder_we_are_in_goes(slot, card):
    ftp = slot.ftp
    ftp.mkd("/sd/folder")
    ftp.cwd("/sd/folder")
    assert ftp.sendcmd("RNFR /sd/hello.txt").startswith("350")
    slot.board.ctl("sd", "eject")
    with pytest.raises((error_perm, error_temp), match="no card in the slot|has been taken out"):
        ftp.sendcmd("RNTO /sd/new.txt")
    wait_for(lambda: root(ftp) == ["flash"], "/sd is gone")
    assert ftp.pwd() == "/sd/folder"
    for command in ("CWD .", "CDUP", "SIZE /sd/hello.txt", "MDTM /sd/hello.txt", "DELE /sd/hello.txt", "MKD x", "RMD /sd/folder", "RNFR /sd/hello.txt"):
        with pytest.raises(error_perm, match="^550 .*: no card in the slot"):
            ftp.sendcmd(command)
    for transfer in (lambda: ftp.nlst(), lambda: ftp.retrbinary("RETR /sd/hello.txt", print), lambda: store(ftp, "x", b"x")):
        with pytest.raises(error_perm, match="^550 .*: no card in the slot"):
            transfer()
    ftp.cwd("/flash")
    assert "boot.py" in listing(ftp, "")
    slot.board.ctl("sd", "insert", card)
    wait_for(lambda: root(ftp) == ["flash", "sd"], "/sd is back")
    ftp.cwd("/sd/folder")
    assert ftp.nlst() == []


def drain(connection):
    """Read until the other side has closed or reset it."""
    size = 0
    try:
        while data := connection.recv(65536):
            size += len(data)
    except OSError:
        pass
    return size


WORDS = "451 .*: the card has been taken out"


def test_ejected_during_retr(slot, card):
    ftp, data = slot.ftp, bytes(2 * MIB)
    store(ftp, "/sd/large.bin", data)
    connection, _ = ftp.ntransfercmd("RETR /sd/large.bin")
    with connection:
        assert connection.recv(1000)
        slot.board.ctl("sd", "eject")
        assert drain(connection) < len(data)
    with pytest.raises(error_temp, match=WORDS):
        ftp.voidresp()
    assert ftp.voidcmd("NOOP").startswith("200") and "boot.py" in listing(ftp, "/flash")


def test_ejected_during_stor(slot, card):
    ftp = slot.ftp
    connection = ftp.transfercmd("STOR /sd/hello.txt")
    with connection:
        connection.sendall(bytes(100_000))
        slot.board.ctl("sd", "eject")
        connection.sendall(bytes(100_000))
    with pytest.raises(error_temp, match=WORDS):
        ftp.voidresp()
    assert ftp.voidcmd("NOOP").startswith("200")
    slot.board.ctl("sd", "insert", card)
    wait_for(lambda: root(ftp) == ["flash", "sd"], "/sd is back")
    assert retrieve(ftp, "/sd/hello.txt") == b"hello\n", "the old file"
    assert slot.session.python("sorted(os.listdir('/sd'))") == str(sorted(FILES)), "nothing is left of the new one"
    assert store(ftp, "/sd/hello.txt", b"new").startswith("226"), "it is not open any more"


def test_ejected_just_before_the_end_of_stor(slot):
    """All has been sent, and none of it is safe."""
    connection = slot.ftp.transfercmd("STOR /sd/late.txt")
    with connection:
        connection.sendall(b"late")
        slot.board.ctl("sd", "eject")
    with pytest.raises(error_temp, match=WORDS):
        slot.ftp.voidresp()


def test_ejected_during_list(slot):
    ftp = slot.ftp
    place = ftp.makepasv()
    assert ftp.sendcmd("NLST /sd").startswith("150")
    slot.board.ctl("sd", "eject")
    with socket.create_connection(place) as connection:
        drain(connection)
    with pytest.raises(error_temp, match=WORDS):
        ftp.voidresp()
    assert root(ftp) == ["flash"]


def test_many_ejects_leave_no_handles(slot, card):
    """More than there are handles."""
    ftp = slot.ftp
    for _ in range(30):
        connection = ftp.transfercmd("STOR /sd/again.txt")
        with connection:
            connection.sendall(bytes(5000))
            slot.board.ctl("sd", "eject")
        with pytest.raises(error_temp, match=WORDS):
            ftp.voidresp()
        slot.board.ctl("sd", "insert", card)
        wait_for(lambda: root(ftp) == ["flash", "sd"], "/sd is back")
    assert store(ftp, "/sd/again.txt", b"at last").startswith("226")
    slot.session.run("files = [open('/sd/hello.txt') for i in range(20)]\nfor file in files: file.close()\n")


def test_write_protected(slot, card):
    gone(slot)
    slot.board.ctl("sd", "insert", card, "--read-only")
    ftp = slot.ftp
    wait_for(lambda: root(ftp) == ["flash", "sd"], "/sd is back")
    assert retrieve(ftp, "/sd/hello.txt") == b"hello\n"
    for command in ("DELE /sd/hello.txt", "MKD /sd/x", "RMD /sd/x"):
        with pytest.raises(error_perm, match="^550 .*: the card is write-protected"):
            ftp.sendcmd(command)
    assert ftp.sendcmd("RNFR /sd/hello.txt").startswith("350")
    with pytest.raises(error_perm, match="^550 .*: the card is write-protected"):
        ftp.sendcmd("RNTO /sd/x")
    with pytest.raises(error_perm, match="^550 Not stored: the card is write-protected"):
        store(ftp, "/sd/hello.txt", b"x")
    assert retrieve(ftp, "/sd/hello.txt") == b"hello\n"


def test_full(slot, card):
    ftp = slot.ftp
    with pytest.raises(error_perm, match="^552 Not stored: no space left beside the old file, .* delete it first"):
        ftp.storbinary("STOR /sd/hello.txt", io.BytesIO(bytes(5 * MIB)))
    assert retrieve(ftp, "/sd/hello.txt") == b"hello\n", "the old file"
    assert store(ftp, "/sd/fits.bin", bytes(3 * MIB)).startswith("226"), "there is room again"


def test_no_file_system(slot, tmp_path):
    gone(slot)
    slot.board.ctl("sd", "insert", blank(tmp_path / "blank.img"))
    assert root(slot.ftp) == ["flash"]
    with pytest.raises(error_perm, match="^550"):
        slot.ftp.cwd("/sd")
