"""Telnet: the dialogue that tools parse, the protocol, and the real clients."""

import re
import socket

import pytest

from stream import DO, DONT, IAC, LIMIT, PROMPT, SB, SE, WILL, WONT, Client

ECHO, SGA, LINEMODE, NAWS = 1, 3, 34, 31
AYT, IP, NOP, AO, EC, EL, DM = 246, 244, 241, 245, 247, 248, 242


@pytest.fixture
def session(shared):
    with shared.telnet(prompt=False) as session:
        session.clean_prompt()
        yield session


def test_dialogue_byte_for_byte(shared):
    with shared.telnet(login=False) as session:
        greeting = session.expect(b"Login as: ").decode()
        assert re.fullmatch(r"MicroPython v\S+ on \d{4}-\d\d-\d\d; WiPy with [^\r\n]+\r\n", greeting)
        session.send(b"micro\r\n")
        assert session.expect(b"Password: ").strip(b"\r\n") in (b"", b"micro")
        session.send(b"python\r\n")
        assert session.expect(b'Type "help()" for more information.\r\n') == b"\r\nLogin succeeded!\r\n"
        session.expect(PROMPT)
        assert session.options == [
            *[(WONT, ECHO), (WONT, SGA), (WILL, LINEMODE)],
            *[(WILL, ECHO), (WONT, SGA), (WILL, LINEMODE)],
            *[(WILL, ECHO), (WILL, SGA), (WONT, LINEMODE)],
        ]
        first = bytes([IAC, WONT, ECHO, IAC, WONT, SGA, IAC, WILL, LINEMODE])
        assert session.wire.startswith(greeting.encode() + first + b"Login as: ")


def test_three_tries(shared):
    with shared.telnet(login=False) as session:
        for attempt in range(3):
            session.expect(b"Login as: ")
            session.send(b"micro\r\n")
            session.expect(b"Password: ")
            session.send(b"wrong\r\n")
            assert session.expect(b"Invalid credentials, try again.\r\n") == b"\r\n"
        assert b"Login as" not in session.expect_end()
    with shared.telnet() as session:
        assert session.python("1+1") == "2"


@pytest.mark.parametrize("user, password", [(b"micro", b""), (b"", b""), (b"Micro", b"python"), (b"micro", b"python "), (b"x" * 60, b"y" * 60)])
def test_wrong_login(shared, user, password):
    with shared.telnet(login=False) as session:
        session.expect(b"Login as: ")
        session.send(user + b"\r\n")
        session.expect(b"Password: ")
        session.send(password + b"\r\n")
        session.expect(b"\r\nInvalid credentials, try again.\r\n")
        session.login()  # the next try is as good as the first
        session.expect(PROMPT)


def test_password_is_not_echoed(shared):
    with shared.telnet(login=False) as session:
        session.expect(b"Login as: ")
        session.send(b"micro\r\n")
        session.expect(b"Password: ")
        session.send(b"python\r\n")
        session.expect(PROMPT)
        assert b"python\r\n" not in session.log


@pytest.mark.parametrize("end", [b"\r\n", b"\r\0", b"\r", b"\n"])
def test_line_ends(shared, end):
    with shared.telnet(login=False) as session:
        session.expect(b"Login as: ")
        session.send_raw(b"micro" + end)
        session.expect(b"Password: ")
        session.send_raw(b"python" + end)
        session.expect(PROMPT)
        session.send_raw(b"print(6 * 7)" + end)
        session.expect(b"42\r\n" + PROMPT)
        session.send_raw(b"print(6 * 8)" + end)
        assert session.expect(b"48\r\n" + PROMPT) == b"print(6 * 8)\r\n", "one line end is one line"


def test_one_byte_at_a_time(shared):
    with shared.telnet(login=False) as session:
        session.expect(b"Login as: ")
        for byte in b"micro\r\npython\r\nprint(6 * 7)\r\n":
            session.send(bytes([byte]))
        session.expect(b"42\r\n")


def test_everything_in_one_segment(shared):
    with shared.telnet(login=False) as session:
        session.send_raw(b"micro\r\npython\r\nprint(6 * 7)\r\n")
        session.expect(b"42\r\n")


def test_utf8(session):
    """Both ways, in paste mode: the line editor of MicroPython's prompt takes ASCII only."""
    session.send(b"\x05")
    session.expect(b"=== ")
    session.send("print(len('žluťoučký kůň'), 'žluťoučký kůň')\r\x04".encode())
    session.expect("\r\n13 žluťoučký kůň\r\n".encode() + PROMPT)


def test_are_you_there(session):
    session.send_raw(bytes([IAC, AYT]))
    assert session.pump(LIMIT), "AYT is answered"
    session.expect(b"\r\n")
    session.prompt()


def test_interrupt_process(session):
    session.send(b"while True: pass\r\r")
    session.expect(b"while True: pass\r\n")
    session.send_raw(bytes([IAC, IP]))
    session.expect(b"KeyboardInterrupt")
    session.expect(PROMPT)


def test_commands_leave_no_trace_in_the_data(session):
    noise = bytes([IAC, NOP]) + bytes([IAC, DO, ECHO]) + bytes([IAC, WILL, NAWS]) + bytes([IAC, SB, NAWS, 0, 80, 0, IAC, IAC, IAC, SE])
    for split in range(1, len(noise)):
        session.send_raw(b"print(6 " + noise[:split])
        session.send_raw(noise[split:] + b"* 7)\r\n")
        assert session.expect(b"42\r\n" + PROMPT) == b"print(6 * 7)\r\n"


def test_iac_iac_is_a_byte(session):
    session.raw_repl()
    session.send(b"import sys; b = sys.stdin.buffer.read(3); print(b)\x04")
    session.expect(b"OK")
    session.send(b"a\xffb")
    session.expect(b"b'a\\xffb'\r\n")
    session.expect(b"\x04\x04>")
    session.send(b"\x02")
    session.expect(PROMPT)


def test_options_are_answered_without_a_loop(session):
    """A client that repeats what it is told must not make an endless conversation (RFC 854, RFC 1143)."""
    before = len(session.options)
    for _ in range(50):
        session.send_raw(bytes([IAC, DO, ECHO, IAC, DO, SGA]))  # these are on already: no answer
    for option in (5, 24, 39):
        session.send_raw(bytes([IAC, DO, option, IAC, WILL, option]))
    assert session.python("1+1") == "2"
    answers = session.options[before:]
    assert len(answers) <= 8
    for option in (5, 24, 39):
        assert (WONT, option) in answers and (DONT, option) in answers


def test_next_client_after_one_that_vanished(shared):
    for _ in range(5):
        session = shared.telnet()
        session.vanish()
        with shared.telnet(login=True, prompt=True) as session:
            assert session.python("1+1") == "2"


def test_line_that_the_next_client_is_shown_is_escaped(shared):
    with shared.telnet() as session:
        session.send(b"import sys; _ = sys.stdout.buffer.write(b'<\\xff>'); _ = input()\r\n")
        session.expect(b"\r\n<\xff>")
    with shared.telnet(prompt=False) as session:
        session.expect(b"<\xff>")
        session.send(b"\r\n")
        session.clean_prompt()


def test_line_of_100_kB(session):
    """A line longer than any buffer: the board survives, and the next line works."""
    session.send(b"x = '" + b"a" * 100_000 + b"'\r\n")
    session.prompt(60)
    assert session.python("1+1") == "2"


@pytest.mark.parametrize("place", ["user", "password"])
def test_login_line_of_100_kB(shared, place):
    with shared.telnet(login=False) as session:
        session.expect(b"Login as: ")
        try:
            if place == "password":
                session.send(b"micro\r\n")
                session.expect(b"Password: ")
            session.send(b"a" * 100_000 + b"\r\n")
            if place == "user":
                session.expect(b"Password: ")
                session.send(b"python\r\n")
            session.expect(b"Invalid credentials, try again.\r\n")
        except (AssertionError, OSError):
            assert session.ended or session.expect_end() is not None  # or it hangs up
    with shared.telnet() as session:
        assert session.python("1+1") == "2"


def test_notice_of_the_factory_password(shared):
    with shared.telnet(login=False) as session:
        session.login()
        assert b"factory password" in session.expect(PROMPT)


BINARY = 0


def test_binary_both_ways(session):
    """With BINARY every byte is data, in both directions (RFC 856)."""
    session.accepts.add(BINARY)
    session.send_raw(bytes([IAC, WILL, BINARY, IAC, DO, BINARY]))
    session.raw_repl()
    assert (DO, BINARY) in session.options and (WILL, BINARY) in session.options
    every = bytes(range(256)).replace(b"\x03", b"") + b"\r\n\r\0\r\r\n"
    session.send(f"import sys; b = sys.stdin.buffer.read({len(every)}); sys.stdout.buffer.write(b)\x04".encode())
    session.expect(b"OK")
    session.send(every)
    assert session.expect(b"\x04\x04>") == every
    session.send_raw(bytes([IAC, WONT, BINARY, IAC, DONT, BINARY]))
    session.send_raw(b"print(1)\r\n\x04")
    session.expect(b"OK1\r\n\x04\x04>")
    session.send(b"\x02")
    session.expect(PROMPT)


def test_window_size(session):
    session.accepts.add(NAWS)
    session.send_raw(bytes([IAC, WILL, NAWS, IAC, SB, NAWS, 0, 132, 0, 43, IAC, SE]))
    assert session.python("import wipy; wipy.terminal_size()") == "(132, 43)"
    session.send_raw(bytes([IAC, SB, NAWS, 0, 255, 255, 0, 43, IAC, SE]))  # 255 is doubled
    assert session.python("wipy.terminal_size()") == "(255, 43)"


@pytest.mark.parametrize("columns", [0, 1, 2, 3, 65534])
def test_window_that_cannot_be(session, columns):
    """The prompt works whatever the client says of its window."""
    session.accepts.add(NAWS)
    session.send_raw(bytes([IAC, WILL, NAWS, IAC, SB, NAWS, *columns.to_bytes(2, "big"), 0, 43, IAC, SE]))
    session.prompt()
    session.send("x = 'ů日' + LEFT\x1b[D\x7f\x01\x05\x15\x1b[A\x15print(6 * 7)\r".encode())
    session.expect(b"\r\n42\r\n" + PROMPT)
    session.send(b"import wipy; print(wipy.terminal_size())\r")
    session.expect(f"\r\n{(columns, 43) if columns in (2, 3) else None}\r\n".encode() + PROMPT)


def test_abort_output(session):
    """AO: the program goes on, its output is not shown; the prompt that follows is."""
    session.send(b"for i in range(1000): print('line', i)\r\r")
    session.expect(b"line 0\r\n")
    session.send_raw(bytes([IAC, AO]))
    session.expect(PROMPT, 60)
    assert session.python("i") == "999"


def test_erase_commands(session):
    session.send_raw(b"print(6 * 8" + bytes([IAC, EC]) + b"7)\r\n")
    session.expect(b"42\r\n" + PROMPT)
    session.send_raw(b"nonsense" + bytes([IAC, EL]) + b"print(6 * 7)\r\n")
    session.expect(b"42\r\n" + PROMPT)


@pytest.mark.parametrize("interrupt", [b"\x03", bytes([IAC, IP]), bytes([IAC, 243])])
@pytest.mark.parametrize("ahead", [0, 100, 200_000])
def test_interrupt_gets_through(session, interrupt, ahead):
    """Whatever was typed ahead, and in whatever pieces it comes."""
    session.send(b"while True: pass\r\r")
    session.expect(b"while True: pass\r\n")
    session.send(b"x" * ahead)
    for byte in interrupt:
        session.send_raw(bytes([byte]))
    session.expect(b"KeyboardInterrupt")
    session.expect(PROMPT)
    session.prompt()


def test_urgent_interrupt(session):
    """As telnet programs send IP: with DM as TCP's urgent data."""
    session.send(b"while True: pass\r\r")
    session.expect(b"while True: pass\r\n")
    session.socket.send(bytes([IAC, IP]))
    session.socket.send(bytes([IAC, DM]), socket.MSG_OOB)
    session.expect(b"KeyboardInterrupt")
    session.expect(PROMPT)
    session.prompt()


def test_garbage(shared, seeded):
    """Random bytes, before and after login: nothing falls, the next session works."""
    for login in (False, True):
        session = shared.telnet(login=login)
        try:
            session.send_raw(seeded.randbytes(20_000).replace(b"\x04", b""))
        except OSError:
            pass
        session.close()
    with shared.telnet(prompt=False) as session:
        session.clean_prompt()
        assert shared.status()["state"] == "running"


def test_output_faster_than_the_client_reads(session):
    session.raw_repl()
    output, error = session.execute("for i in range(20000): print('line', i)", limit=60)
    assert not error
    assert output == "".join(f"line {i}\n" for i in range(20000))
    session.send(b"\x02")
    session.expect(PROMPT)


def test_client_that_does_not_read(shared):
    """It must not stop the board: neither Python nor the other services."""
    session = shared.telnet()
    session.send(b"for i in range(100000): print('0123456789' * 10)\r\r")
    with shared.ftp() as ftp:
        assert "main.py" in " ".join(ftp.nlst("/flash"))
    session.vanish()
    uart = shared.uart()
    uart.prompt(60)
    uart.close()


# ---- real clients


def test_client_telnet(shared):
    host, port = shared.address("telnet")
    with Client("telnet", host, str(port)) as telnet:
        telnet.expect(b"Login as: ")
        telnet.send(b"micro\r")
        telnet.expect(b"Password: ")
        telnet.send(b"python\r")
        telnet.expect(b'Type "help()" for more information.')
        telnet.expect(PROMPT)
        telnet.send(b"print('six times seven', 6 * 7)\r")
        telnet.expect(b"six times seven 42")
        telnet.expect(PROMPT)
        telnet.send(b"while True: pass\r\r")
        telnet.expect(b"pass")
        telnet.send(b"\x03")
        telnet.expect(b"KeyboardInterrupt")
        telnet.expect(PROMPT)
        telnet.send(b"\x1d")
        telnet.expect(b"telnet> ")
        telnet.send(b"quit\r")
        telnet.expect_end()


def test_client_plink(shared):
    host, port = shared.address("telnet")
    with Client("plink", "-telnet", "-P", str(port), host) as plink:
        plink.expect(b"Login as: ")
        plink.send(b"micro\r")
        plink.expect(b"Password: ")
        plink.send(b"python\r")
        plink.expect(PROMPT)
        plink.send(b"print('six times seven', 6 * 7)\r")
        plink.expect(b"six times seven 42")
        plink.expect(PROMPT)


def test_client_without_telnet(shared):
    """A bare TCP client that answers no option."""
    host, port = shared.address("telnet")
    with socket.create_connection((host, port), timeout=LIMIT) as sock:
        sock.sendall(b"micro\r\npython\r\nprint(6 * 7)\r\n")
        received = b""
        while b"42\r\n" not in received:
            data = sock.recv(4096)
            assert data, received
            received += data
