"""FTP: login, names, and transfers, with the replies that clients rely on."""

import calendar
import ftplib
import io
import re
import socket
import time

import pytest

from board import retrieve, store
from ftp_client import Control, listing
from stream import LIMIT

NAMES = ["plain.txt", "two words.txt", "žluťoučký kůň.txt", "日本語.py", "quote'and\"quote.txt", " leading", "-dash", "100%.txt", "#hash;semi"]


# ---- sessions


def test_greeting_and_login(shared):
    with Control(shared, login=False) as control:
        assert control.greeting.startswith("220 ")
        assert re.match(r"331 ", control.command("USER micro"))
        assert re.match(r"230[ -]", control.command("PASS python"))
        assert control.command("QUIT").startswith("221 ")
        assert control.reply() == ""


@pytest.mark.parametrize("user, password", [("micro", "wrong"), ("nobody", "python"), ("micro", "")])
def test_wrong_password(shared, user, password):
    with Control(shared, login=False) as control:
        control.command(f"USER {user}")
        assert control.command(f"PASS {password}").startswith("530 ")
        assert control.command("RETR /flash/boot.py").startswith("530 ")
        control.command("USER micro")
        assert control.command("PASS python").startswith("230")


def test_nothing_without_login(shared):
    with Control(shared, login=False) as control:
        for line in ("PWD", "CWD /flash", "PASV", "EPSV", "LIST", "NLST", "RETR /flash/boot.py", "STOR /flash/x", "DELE /flash/boot.py",
                     "MKD /flash/x", "RMD /flash/lib", "RNFR /flash/boot.py", "SIZE /flash/boot.py", "MDTM /flash/boot.py"):
            assert control.command(line).startswith("530 "), line
    assert shared.get("/flash/boot.py")


def test_feat_and_syst_before_login(shared):
    with Control(shared, login=False) as control:
        features = control.command("FEAT")
        lines = features.split("\r\n")
        assert lines[0].startswith("211-") and lines[-2].startswith("211 ")
        assert all(line.startswith(" ") and not line.startswith("  ") for line in lines[1:-2])
        assert {"SIZE", "MDTM", "EPSV"} <= {line.strip().split()[0] for line in lines[1:-2]}
        assert control.command("SYST").startswith("215 UNIX")


def test_unknown_and_unsupported(control):
    assert control.command("XYZZY").startswith(("500 ", "502 "))
    assert control.command("AUTH TLS").startswith(("502 ", "500 ", "504 ")), "refused at once"
    assert control.command("").startswith("5")
    assert control.command("RETR").startswith("501 ")
    assert control.command("NOOP").startswith("200 ")
    assert control.command("noop").startswith("200 ")


def test_begins_in_root(ftp):
    assert ftp.pwd() == "/"
    assert [name.lstrip("/") for name in ftp.nlst()] == ["flash"]


def test_directories(ftp, folder):
    assert ftp.pwd() == folder
    ftp.mkd("a")
    ftp.mkd('a/b "quoted" b')
    ftp.cwd('a/b "quoted" b')
    assert ftp.pwd() == folder + '/a/b "quoted" b'
    ftp.cwd("..")
    assert ftp.pwd() == folder + "/a"
    ftp.cwd("../../..")
    assert ftp.pwd() == "/"
    ftp.cwd("..")
    assert ftp.pwd() == "/"
    ftp.cwd(folder + "/./a//")
    assert ftp.pwd() == folder + "/a"
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.cwd("missing")
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.rmd(folder)
    assert ftp.pwd() == folder + "/a"


@pytest.mark.parametrize("name", NAMES)
def test_names(ftp, folder, name):
    data = name.encode() * 50
    store(ftp, name, data)
    assert retrieve(ftp, name) == data
    assert retrieve(ftp, f"{folder}/{name}") == data
    assert [one.rpartition("/")[2] for one in ftp.nlst()] == [name]
    assert listing(ftp, folder) == {name: len(data)}
    assert ftp.size(name) == len(data)
    ftp.rename(name, "other " + name)
    assert retrieve(ftp, "other " + name) == data
    ftp.delete("other " + name)
    assert ftp.nlst() == []


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1460, 4095, 4096, 4097, 65536, 300_001])
def test_sizes(ftp, folder, size, seeded):
    data = seeded.randbytes(size)
    assert store(ftp, "file", data).startswith("226")
    assert ftp.size("file") == size
    assert retrieve(ftp, "file") == data


def test_type_a_changes_no_byte(ftp, folder):
    data = b"one\r\ntwo\nthree\r\n\xff\x00"
    store(ftp, "file", data)
    parts = []
    ftp.voidcmd("TYPE A")
    with ftp.transfercmd("RETR file") as connection:
        while part := connection.recv(4096):
            parts.append(part)
    ftp.voidresp()
    assert b"".join(parts) == data


def test_replaces_and_deletes(ftp, folder):
    store(ftp, "file", b"a long first version")
    store(ftp, "file", b"second")
    assert retrieve(ftp, "file") == b"second"
    ftp.mkd("directory")
    for wrong in ("directory", "missing/file", "/file", "/", ""):
        with pytest.raises(ftplib.error_perm, match="55[0-9]|501"):
            store(ftp, wrong, b"x")
    for wrong in ("directory", "missing", "/flash"):
        with pytest.raises(ftplib.error_perm, match="55[0-9]"):
            ftp.delete(wrong)
    store(ftp, "directory/in", b"x")
    with pytest.raises(ftplib.error_perm, match="55[0-9]"):
        ftp.rmd("directory")
    with pytest.raises(ftplib.error_perm, match="55[0-9]"):
        ftp.rename("missing", "other")
    assert listing(ftp, folder) == {"file": 6, "directory": "dir"}


def test_rename_moves_and_replaces(ftp, folder):
    store(ftp, "a", b"A")
    store(ftp, "b", b"B")
    ftp.mkd("d")
    ftp.rename("a", "d/a")
    ftp.rename("d/a", "b")
    assert retrieve(ftp, "b") == b"A"
    assert listing(ftp, folder) == {"b": 1, "d": "dir"}
    assert ftp.sendcmd("RNFR b").startswith("350")
    ftp.sendcmd("NOOP")
    with pytest.raises(ftplib.error_perm, match="503"):
        ftp.sendcmd("RNTO c")


def test_mdtm_is_utc(ftp, folder):
    before = int(time.time())
    store(ftp, "file", b"x")
    stamp = ftp.sendcmd("MDTM file")
    match = re.fullmatch(r"213 (\d{14})", stamp)
    assert match
    assert before - 2 <= calendar.timegm(time.strptime(match[1], "%Y%m%d%H%M%S")) <= time.time() + 2
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.sendcmd("MDTM missing")
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.size("missing")


def test_size_of_a_directory_is_refused(ftp):
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.size("/flash/lib")


def test_list_options_are_not_paths(ftp):
    ftp.cwd("/flash")
    for options in ("-a", "-la", "-al /flash"):
        lines = []
        ftp.retrlines(f"LIST {options}", lines.append)
        assert any(line.endswith(" main.py") for line in lines), options


def test_list_of_one_file(ftp):
    lines = []
    ftp.retrlines("LIST /flash/main.py", lines.append)
    assert len(lines) == 1 and lines[0].endswith("main.py")


def test_empty_directory_lists_as_nothing(ftp, folder):
    lines = []
    assert ftp.retrlines("LIST", lines.append).startswith("226")
    assert lines == [] and ftp.nlst() == []


def test_hundred_files(ftp, folder):
    names = {f"file {number:03}" for number in range(100)}
    for name in names:
        store(ftp, name, name.encode())
    assert set(ftp.nlst()) == names
    assert listing(ftp, folder) == {name: len(name) for name in names}
    for name in sorted(names)[::9]:
        assert retrieve(ftp, name) == name.encode()


def test_epsv(ftp, folder):
    ftp.set_pasv(True)
    match = re.match(r"229 .*\(\|\|\|(\d+)\|\)", ftp.sendcmd("EPSV"))
    assert match
    with socket.create_connection((ftp.host, int(match[1])), timeout=LIMIT) as data:
        assert ftp.sendcmd("STOR by-epsv").startswith("150")
        data.sendall(b"by EPSV")
    assert ftp.voidresp().startswith("226")
    assert retrieve(ftp, "by-epsv") == b"by EPSV"


def test_commands_in_one_segment_and_in_pieces(control):
    control.send(b"NOOP\r\nPWD\r\nNOOP\r\n")
    assert [control.reply()[:3] for _ in range(3)] == ["200", "257", "200"]
    for byte in b"PWD\r\n":
        control.send(bytes([byte]))
    assert control.reply().startswith('257 "/"')


def test_data_connection_after_the_command(control):
    numbers = re.search(r"\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)", control.command("PASV"))
    *host, high, low = map(int, numbers.groups())
    control.send("NLST /flash\r\n")
    with socket.create_connection((".".join(map(str, host)), high * 256 + low), timeout=LIMIT) as data:
        assert control.reply().startswith("150 ")
        received = b""
        while part := data.recv(4096):
            received += part
    assert b"main.py\r\n" in received
    assert control.reply().startswith("226 ")


def test_transfer_without_passive_is_refused(control):
    assert control.command("LIST").startswith("425 ")
    assert control.command("PWD").startswith("257 ")


def test_pasv_twice_and_unused(control):
    for _ in range(20):
        assert control.command("PASV").startswith("227 ")
        assert control.command("EPSV").startswith("229 ")
    data = control.passive()
    assert control.command("NLST /").startswith("150 ")
    assert b"flash" in data.recv(100)
    data.close()
    assert control.reply().startswith("226 ")


def test_reply_to_io_error_is_once(ftp, folder):
    """RETR of what cannot be read: one reply, and the session goes on."""
    for wrong in ("missing", "/", "/flash", folder):
        with pytest.raises(ftplib.error_perm, match="550"):
            ftp.retrbinary(f"RETR {wrong}", io.BytesIO().write)
    assert ftp.pwd() == folder
