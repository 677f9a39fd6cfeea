"""FTP: what clients ask for beyond the plain transfers: facts, times, active mode, going on, giving up."""

import calendar
import ftplib
import json
import re
import socket
import time

import pytest

from board import retrieve, store
from ftp_client import Control
from stream import LIMIT

URGENT_ABORT = b"\xff\xf4\xff\xf2ABOR\r\n"  # telnet's IAC IP IAC DM, then the command


# ---- facts and times


def test_mlsd(ftp, folder):
    store(ftp, "a file", b"12345")
    ftp.mkd("a folder")
    found = dict(ftp.mlsd())
    assert set(found) == {".", "..", "a file", "a folder"}
    assert found["."]["type"] == "cdir" and found[".."]["type"] == "pdir"
    assert found["a file"]["type"] == "file" and found["a file"]["size"] == "5"
    assert found["a file"]["unix.mode"] == "0644" and found["a folder"]["unix.mode"] == "0755"
    assert found["a folder"]["type"] == "dir" and "size" not in found["a folder"]
    assert abs(time.time() - calendar_seconds(found["a file"]["modify"])) < 60
    assert dict(ftp.mlsd(facts=["type"]))["a file"] == {"type": "file"}
    assert set(dict(ftp.mlsd("/"))) == {".", "flash"}
    with pytest.raises(ftplib.error_perm, match="501"):
        list(ftp.mlsd("a file"))
    with pytest.raises(ftplib.error_perm, match="550"):
        list(ftp.mlsd("nothing"))


def calendar_seconds(stamp):
    return calendar.timegm(time.strptime(stamp, "%Y%m%d%H%M%S"))


def test_mlst(control):
    lines = control.command("MLST /flash/main.py").split("\r\n")
    assert lines[0].startswith("250-") and lines[2].startswith("250 ")
    assert re.fullmatch(r" type=file;size=\d+;modify=\d{14};perm=\w+;UNIX\.mode=0644; /flash/main\.py", lines[1])


def test_features(control):
    lines = control.command("FEAT").split("\r\n")
    assert {"MDTM", "MFMT", "SIZE", "REST STREAM", "EPSV", "EPRT", "PASV", "UTF8", "TVFS"} <= {line[1:] for line in lines}
    assert any(re.fullmatch(r" MLST ([\w.]+\*?;)+", line) for line in lines)
    assert not any("AUTH" in line for line in lines)


def test_times_are_kept(board):
    """To the second, in any of the ways that clients have; over a hard reset, too."""
    board.put("/flash/a file", b"x")
    ways = {
        "20020717210715": "MFMT 20020717210715 /flash/a file",
        "20030101000001": "MDTM 20030101000001 /flash/a file",
        "20241231235959": "SITE UTIME 20241231235959 /flash/a file",
        "19991231235900": "SITE UTIME 199912312359 /flash/a file",
        "20110203040506": "SITE UTIME /flash/a file 20100101000000 20110203040506 20120101000000 UTC",
    }
    for stamp, command in ways.items():
        with board.ftp() as ftp:
            assert re.match("2", ftp.sendcmd(command)), command
            assert ftp.sendcmd("MDTM /flash/a file") == f"213 {stamp}"
    board.reset()
    with board.ftp() as ftp:
        assert ftp.sendcmd("MDTM /flash/a file") == f"213 {stamp}"
        assert dict(ftp.mlsd("/flash"))["a file"]["modify"] == stamp
    with board.telnet() as session:
        assert session.python("import os; os.stat('/flash/a file')[8]") == str(calendar_seconds(stamp))


def test_stat_on_the_control_connection(ftp, folder, control):
    names = {f"a file with quite a long name {number:03}" for number in range(60)}
    for name in names:
        store(ftp, name, b"x")
    reply = control.command(f"STAT {folder}")
    assert reply.startswith("212-") and re.search(r"\r\n212 .*\r\n$", reply)
    assert {line[-len("a file with quite a long name 000") :] for line in reply.split("\r\n")[1:-2]} == names
    assert control.command(f"STAT {folder}/{min(names)}").startswith("213-")
    assert control.command("STAT").startswith("211-")
    assert control.command("NOOP").startswith("200 ")


# ---- active mode


def port_command(listener):
    host, port = listener.getsockname()
    return f"PORT {host.replace('.', ',')},{port // 256},{port % 256}"


def listen(host):
    listener = socket.create_server((host, 0))
    listener.settimeout(LIMIT)
    return listener


def test_active_mode(ftp, folder, seeded):
    data = seeded.randbytes(200_000)
    ftp.set_pasv(False)
    assert store(ftp, "active", data).startswith("226")
    assert retrieve(ftp, "active") == data
    assert ftp.nlst() == ["active"]
    with listen(ftp.sock.getsockname()[0]) as listener:
        host, port = listener.getsockname()
        assert ftp.sendcmd(f"EPRT |1|{host}|{port}|").startswith("200")
        assert ftp.sendcmd("RETR active").startswith("150")
        connection, _ = listener.accept()
        with connection:
            received = b""
            while part := connection.recv(65536):
                received += part
        assert ftp.voidresp().startswith("226")
        assert received == data


def test_active_mode_to_nobody_else(control):
    host = control.socket.getsockname()[0]
    with listen(host) as listener:
        port = listener.getsockname()[1]
        numbers = host.replace(".", ",")
        for command, words in {
            f"PORT 127,0,0,99,{port // 256},{port % 256}": "504 .*address that you come from",
            f"PORT 192,168,1,1,{port // 256},{port % 256}": "504 .*address that you come from",
            f"EPRT |1|8.8.8.8|{port}|": "504 .*address that you come from",
            f"PORT {numbers},0,22": "504 .*no port below 1024",
            f"EPRT |1|{host}|1023|": "504 .*no port below 1024",
            f"PORT {numbers},0,0": "501 0 is no port",
            f"EPRT |1|{host}|0|": "501 0 is no port",
        }.items():
            assert re.match(words, control.command(command)), command
            assert control.command("NLST /").startswith("425 ")
        listener.settimeout(0.05)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert control.command("EPRT |2|::1|5000|").startswith("522 ")


def test_active_mode_without_a_listener(control):
    with listen(control.socket.getsockname()[0]) as listener:
        command = port_command(listener)
    assert control.command(command).startswith("200 ")
    reply = control.command("STOR /flash/nothing")
    if reply.startswith("150"):
        reply = control.reply()
    assert reply.startswith(("425 ", "426 "))
    assert control.command("SIZE /flash/nothing").startswith("550 ")


def test_passive_ports_are_not_to_be_guessed(shared):
    """As the board numbers them: the laptop has ports of its own, so the board asks itself."""
    shared.put("/flash/ports.py", """
import socket
def ports(n):
    s = socket.socket()
    s.connect(('192.168.1.1', 21))
    def c(x):
        s.send(x + b'\\r\\n')
        line = s.readline()
        while line[3:4] != b' ':
            line = s.readline()
        return line
    s.readline()
    c(b'USER micro')
    c(b'PASS python')
    found = [int(c(b'EPSV').split(b'|')[3]) for _ in range(n)]
    s.close()
    return found
""")
    with shared.telnet() as session:
        ports = json.loads(session.python("import ports; ports.ports(20)"))
    assert all(2024 <= port < 2056 for port in ports)
    steps = {b - a for a, b in zip(ports, ports[1:])}
    assert len(steps) > 5, f"a row that can be guessed: {ports}"
    with shared.ftp() as ftp:
        ftp.delete("/flash/ports.py")


# ---- going on


def test_rest_and_append(ftp, folder, seeded):
    data = seeded.randbytes(200_000)
    store(ftp, "file", data[:70_000])
    with ftp.transfercmd("STOR file", rest=70_000) as connection:
        connection.sendall(data[70_000:120_000])
    ftp.voidresp()
    with ftp.transfercmd("APPE file") as connection:
        connection.sendall(data[120_000:])
    ftp.voidresp()
    assert retrieve(ftp, "file") == data
    parts = []
    ftp.retrbinary("RETR file", parts.append, rest=199_000)
    assert b"".join(parts) == data[199_000:]
    parts.clear()
    ftp.retrbinary("RETR file", parts.append, rest=200_000)
    assert parts == []
    for command in ("RETR file", "STOR file"):
        with pytest.raises(ftplib.error_perm, match="554"):
            ftp.transfercmd(command, rest=200_001)
    with ftp.transfercmd("STOR file", rest=10) as connection:
        connection.sendall(b"end")
    ftp.voidresp()
    assert retrieve(ftp, "file") == data[:10] + b"end"


# ---- giving up


@pytest.mark.parametrize("pieces", ["whole", "split", "urgent", "bsd"])
def test_abort(shared, folder, seeded, pieces):
    """In all the ways that clients send it, with a transfer in either direction."""
    with shared.ftp() as ftp:
        store(ftp, f"{folder}/big", seeded.randbytes(6_000_000))
    with Control(shared) as control:
        for command in (f"RETR {folder}/big", f"STOR {folder}/big"):
            with control.passive():
                control.send(command + "\r\n")
                assert control.reply().startswith("150 ")
                if pieces == "whole":
                    control.send(URGENT_ABORT)
                elif pieces == "split":
                    for byte in URGENT_ABORT:
                        control.send(bytes([byte]))
                elif pieces == "urgent":
                    control.socket.send(URGENT_ABORT[:4], socket.MSG_OOB)
                    control.send(URGENT_ABORT[4:])
                else:  # 4.3BSD and its heirs: the urgent byte is the IAC, DM follows as data
                    control.socket.send(URGENT_ABORT[:3], socket.MSG_OOB)
                    control.send(URGENT_ABORT[3:])
                assert control.reply().startswith("426 ")
                assert control.reply().startswith("226 ")
            assert control.command("NOOP").startswith("200 ")
        assert control.command("ABOR").startswith("22")
        assert control.command(f"SIZE {folder}/big") == "213 6000000\r\n"


def test_abort_behind_commands_that_wait(control, ftp, folder):
    """However the client's commands are cut into segments, and before the data have ended."""
    for waiting in (["NOOP\r\nPWD\r\nABOR\r\n"], ["NOOP\r\n", "PWD\r\n", "ABOR\r\n"], ["NOOP\r\n"] * 20 + ["PWD\r\n", "AB", "OR\r\n"]):
        with control.passive() as data:
            control.send(f"STOR {folder}/slow\r\n")
            assert control.reply().startswith("150 ")
            data.sendall(b"x" * 10_000)
            for segment in waiting:
                control.send(segment)
            assert control.reply().startswith("426 ")
        for _ in range("".join(waiting).count("NOOP")):
            assert control.reply().startswith("200 ")
        assert control.reply().startswith("257 ")
        assert control.reply() == "226 Transfer aborted.\r\n"
    assert control.command("ABOR") == "226 No transfer to abort.\r\n"


def test_name_in_another_encoding(control, ftp, folder):
    """Latin-1's y with diaeresis is telnet's IAC, whatever stands behind it."""
    for name in (b"a\xffb", b"a\xff", b"\xff\xfab", b"a\xff\xff"):
        control.send(b"MKD " + folder.encode() + b"/" + name + b"\r\n")
        assert re.match(r"553 .*UTF-8", control.reply()), name
        control.send(b"SIZE " + folder.encode() + b"/" + name + b"\r\n")
        assert re.match(r"550 .*UTF-8", control.reply()), name
    assert ftp.nlst() == []


def test_stat_during_a_transfer(control, ftp, folder):
    with control.passive() as data:
        control.send(f"STOR {folder}/slow\r\n")
        assert control.reply().startswith("150 ")
        data.sendall(b"x" * 10_000)
        assert control.command("STAT").startswith("211-")
        control.send("NOOP\r\n")
    assert control.reply().startswith("226 ")
    assert control.reply().startswith("200 ")
    assert ftp.size("slow") == 10_000


# ---- polite


def test_refusals_let_clients_go_on(control):
    for command, code in (("AUTH TLS", "502"), ("PBSZ 0", "503"), ("PROT P", "503"), ("CCC", "503"), ("ADAT x", "503"), ("ACCT x", "202"), ("CLNT x", "200"),
                          ("LANG", "200"), ("LANG de", "504"), ("ALLO 5", "202"), ("STRU F", "200"), ("STRU R", "504"), ("MODE S", "200"), ("MODE Z", "504"),
                          ("SITE CHMOD 755 /flash/main.py", "200"), ("SITE XYZZY", "504"), ("EPSV 2", "522"), ("OPTS UTF8 ON", "200")):
        assert control.command(command).startswith(code + " "), command
    for command in ("HELP", "SITE HELP", "HELP SITE"):
        reply = control.command(command)
        assert reply.startswith("214-") and re.search(r"\r\n214 .*\r\n$", reply)
    assert "UTIME" in control.command("HELP SITE")


def test_names_with_bytes_of_telnet(control):
    """255 doubled is no UTF-8 and no name; the session goes on."""
    control.send(b"MKD /flash/\xff\xff\r\n")
    assert control.reply().startswith(("550 ", "553 "))
    control.send(b"MKD /flash/a\xff\xf1b\r\n")  # IAC NOP within
    assert control.reply().startswith('257 "/flash/ab"')
    assert control.command("RMD /flash/ab").startswith("250 ")
