"""FTP sessions beside each other, and clients that misbehave."""

import ftplib
import re
import socket

import pytest

from board import PASSWORD, USER, retrieve, store, wait_for
from ftp_client import Control
from stream import LIMIT

# ---- sessions beside each other


def test_several_sessions_each_with_a_transfer(shared, seeded):
    sessions = [shared.ftp() for _ in range(3)]
    data = [seeded.randbytes(100_000) for _ in sessions]
    connections = [ftp.transfercmd(f"STOR /flash/parallel{number}") for number, ftp in enumerate(sessions)]
    for at in range(0, 100_000, 10_000):
        for connection, one in zip(connections, data):
            connection.sendall(one[at : at + 10_000])
    for connection, ftp in zip(connections, sessions):
        connection.close()
        assert ftp.voidresp().startswith("226")
    for number, (ftp, one) in enumerate(zip(sessions, data)):
        assert retrieve(ftp, f"/flash/parallel{number}") == one
        ftp.delete(f"/flash/parallel{number}")
        ftp.quit()


def test_six_sessions_with_a_transfer_each(shared, seeded):
    """And a seventh is told why it has to wait; the place of one that ends is free at once."""
    data = seeded.randbytes(300_000)
    sessions = [shared.ftp() for _ in range(6)]
    for ftp in sessions:
        assert ftp.sendcmd("EPSV").startswith("229")  # six that listen at once
    connections = [ftp.transfercmd(f"STOR /flash/six{number}") for number, ftp in enumerate(sessions)]
    with Control(shared, login=False) as one_too_many:
        assert re.fullmatch(r"421 .*[a-z].*\r\n", one_too_many.greeting)
        assert one_too_many.reply() == ""
    for at in range(0, len(data), 50_000):
        for connection in connections:
            connection.sendall(data[at : at + 50_000])
    for connection, ftp in zip(connections, sessions):
        connection.close()
        assert ftp.voidresp().startswith("226")
    received = [[] for _ in sessions]
    connections = [ftp.transfercmd(f"RETR /flash/six{number}") for number, ftp in enumerate(sessions)]
    for connection, parts in zip(connections, received):
        while part := connection.recv(65536):
            parts.append(part)
        connection.close()
    for ftp, parts in zip(sessions, received):
        assert ftp.voidresp().startswith("226")
        assert b"".join(parts) == data
    for number, ftp in enumerate(sessions):
        ftp.delete(f"/flash/six{number}")
        ftp.quit()
        assert login_works(shared)


def test_who_has_not_logged_in_makes_place(shared):
    """At once, and is told so; who has logged in keeps the place."""
    idle = [Control(shared, login=False) for _ in range(6)]
    busy = idle[1:]
    for control in busy:
        control.command(f"USER {USER}")
        assert control.command(f"PASS {PASSWORD}").startswith("230")
    with shared.ftp() as owner:
        assert owner.pwd() == "/"
        assert re.fullmatch(r"421 .*not logged in.*\r\n", idle[0].reply())
        assert idle[0].reply() == ""
        with Control(shared, login=False) as one_too_many:
            assert re.fullmatch(r"421 .*again later.*\r\n", one_too_many.greeting)
    for control in busy:
        assert control.command("NOOP").startswith("200 ")
    for control in idle:
        control.close()


def test_silent_connections_keep_nobody_out(shared):
    """Also one that has failed to log in, or has said half a line, makes place; the oldest first."""
    silent = [Control(shared, login=False) for _ in range(6)]
    silent[0].send("USER mic")
    assert silent[1].command(f"USER {USER}").startswith("331 ")
    with shared.ftp() as one, shared.ftp() as two:
        assert one.pwd() == two.pwd() == "/"
        for control in silent[:2]:
            assert re.fullmatch(r"421 .*not logged in.*\r\n", control.reply())
        assert silent[2].command("NOOP").startswith("200 ")
    for control in silent:
        control.close()


def test_who_tries_passwords_goes_before_who_is_logging_in(shared):
    with Control(shared, login=False) as owner, Control(shared, login=False) as guesser:
        assert owner.command(f"USER {USER}").startswith("331 ")
        guesser.command(f"USER {USER}")
        assert guesser.command("PASS wrong").startswith("530 ")
        crowd = [Control(shared, login=False) for _ in range(5)]
        assert re.fullmatch(r"421 .*not logged in: connect again.*\r\n", guesser.reply())
        assert owner.command(f"PASS {PASSWORD}").startswith("230")
        for control in crowd:
            control.close()


def test_a_wrong_password_delays_nobody_else(shared):
    with Control(shared, login=False) as guesser, Control(shared) as owner:
        guesser.send("USER micro\r\n")
        assert guesser.reply().startswith("331")
        guesser.send("PASS wrong\r\nNOOP\r\n")
        assert owner.command("NOOP").startswith("200 ")
        assert login_works(shared)
        guesser.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            guesser.socket.recv(1)
        guesser.socket.settimeout(LIMIT)
        assert guesser.reply().startswith("530 ")
        assert guesser.reply().startswith("200 ")


def test_file_that_is_open_elsewhere_is_not_replaced(shared):
    shared.put("/flash/busy", b"old")
    with shared.ftp() as one, shared.ftp() as two:
        with one.transfercmd("STOR /flash/busy") as connection:
            connection.sendall(b"new")
            with pytest.raises(ftplib.error_temp, match="450"):
                store(two, "/flash/busy", b"other")
            with pytest.raises(ftplib.error_temp, match="450"):
                two.delete("/flash/busy")
        assert one.voidresp().startswith("226")
        assert retrieve(two, "/flash/busy") == b"new"
        two.delete("/flash/busy")


def test_two_hundred_connections(shared):
    """All are told something, none is left in silence, and the service is whole afterwards."""
    address = shared.address("ftp")
    greeted = refused = closed = 0
    sockets = []
    try:
        for _ in range(200):
            sock = socket.create_connection(address, timeout=60)
            sockets.append(sock)
        for sock in sockets:
            try:
                reply = sock.recv(200)
            except ConnectionResetError:
                reply = b""
            greeted += reply.startswith(b"220")
            refused += reply.startswith(b"421")
            closed += reply == b""
    finally:
        for sock in sockets:
            sock.close()
    assert greeted >= 1
    assert greeted + refused + closed == 200
    wait_for(lambda: login_works(shared), "a login after the crowd has gone")
    with shared.telnet() as session:
        assert session.python("1+1") == "2"


def test_two_hundred_telnet_connections(shared):
    address = shared.address("telnet")
    sockets = [socket.create_connection(address, timeout=60) for _ in range(200)]
    for sock in sockets:
        sock.close()

    def works():
        try:
            with shared.telnet() as session:
                return session.python("1+1") == "2"
        except (AssertionError, OSError):
            return False

    wait_for(works, "a login after the crowd has gone", 60)


def login_works(board):
    try:
        with board.ftp() as ftp:
            return ftp.pwd() == "/"
    except (ftplib.Error, OSError, EOFError):
        return False


# ---- clients that misbehave


def test_command_of_100_kB(shared):
    with Control(shared) as control:
        control.send(b"CWD /" + b"a" * 100_000 + b"\r\n")
        assert control.reply().startswith("500 ")
        assert control.command("PWD").startswith('257 "/"'), "one reply for it, and the next command works"
    with Control(shared, login=False) as control:
        control.send(b"a" * 100_000)
        control.send(b"\r\n")
        assert control.reply()[:1] == "5"
    assert login_works(shared)


def test_client_that_vanishes_in_upload(shared, seeded):
    """The old file stays, whether the client resets both connections or just dies."""
    old = seeded.randbytes(30_000)
    shared.put("/flash/precious", old)
    for linger in (True, False):
        for sent in (0, 1, 5000, 200_000):
            with Control(shared) as control:
                data = control.passive()
                control.send("STOR /flash/precious\r\n")
                assert control.reply().startswith("150 ")
                data.sendall(bytes(sent))
                if linger:
                    for sock in (control.socket, data):
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                    data.close()
                else:
                    control.file.close()
                    control.socket.close()
                    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                    data.close()

            def intact():
                try:
                    return shared.get("/flash/precious") == old
                except ftplib.error_temp:
                    return False  # the board has not noticed yet

            wait_for(intact, f"the old file after {sent} bytes")
    with shared.ftp() as ftp:
        assert "precious" in " ".join(ftp.nlst("/flash"))
        ftp.delete("/flash/precious")


def test_client_that_ends_its_half_gets_its_download(shared, seeded):
    """`... | nc`: it has said all that it has to say. What it uploads is not taken for whole, though."""
    content = seeded.randbytes(500_000)
    shared.put("/flash/big", content)
    for command, expected in (("RETR /flash/big", content), ("NLST /flash", None)):
        with Control(shared) as control, control.passive() as data:
            control.send(command + "\r\n")
            control.socket.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: data.recv(65536), b""))
            assert received == expected if expected else b"/flash/big" in received
            assert control.reply().startswith("150 ")
            assert control.reply().startswith("226 ")
            assert control.reply() == ""
    with shared.ftp() as ftp:
        ftp.delete("/flash/big")


def test_client_that_vanishes_in_download(shared, seeded):
    shared.put("/flash/big", seeded.randbytes(500_000))
    for _ in range(8):
        with Control(shared) as control:
            data = control.passive()
            control.send("RETR /flash/big\r\n")
            data.recv(1000)
            for sock in (control.socket, data):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            data.close()

    def removed():
        with shared.ftp() as ftp:
            try:
                return ftp.delete("/flash/big")
            except ftplib.error_temp:
                return False

    wait_for(removed, "the file is closed")


def test_garbage(shared, seeded):
    for _ in range(5):
        with socket.create_connection(shared.address("ftp"), timeout=LIMIT) as sock:
            try:
                sock.sendall(seeded.randbytes(20_000))
            except OSError:
                pass
    wait_for(lambda: login_works(shared), "a login after garbage")
    assert shared.status()["state"] == "running"
