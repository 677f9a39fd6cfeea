"""Who has the console by telnet, who has one of its places, and how a session ends."""

import contextlib
import socket
import subprocess

import pytest

from board import wait_for
from stream import LIMIT, PROMPT, pattern

PLACES = 6


@pytest.fixture
def session(shared):
    with shared.telnet(prompt=False) as session:
        session.clean_prompt()
        yield session


def second_login(board, limit=LIMIT):
    """Log in while another session is open, up to the question."""
    second = board.telnet(login=False)
    second.expect(b"Login as: ")
    second.send(b"micro\r\n")
    second.expect(b"Password: ")
    second.send(b"python\r\n")
    second.expect(pattern(r"\r\nsession from [0-9.]+, idle [0-9]+ s: take over\? \[y/N\] "), limit)
    return second


@pytest.mark.parametrize("keys", [b"y", b"Y\r\n"])
def test_second_client_takes_over(shared, session, keys):
    session.python("answer = 42")
    session.send(b"answer")
    session.expect(b"answer")
    with second_login(shared) as second:
        second.send(keys)
        assert second.expect(b'Type "help()" for more information.\r\n') == b"y\r\nLogin succeeded!\r\n"
        assert b"Taken over by a session from" in session.expect_end()
        second.expect(PROMPT + b"answer")  # what is on the console's line, and it goes on from there
        second.send(b" + 1\r")
        second.expect(b"43\r\n" + PROMPT)


@pytest.mark.parametrize("keys", [b"n", b"\r\n", b"x"])
def test_second_client_lets_be(shared, session, keys):
    with second_login(shared) as second:
        second.send(keys)
        assert b"The other session stays." in second.expect_end()
    assert session.python("1+1") == "2"


def test_wrong_password_gets_no_question(shared, session):
    with shared.telnet(login=False) as second:
        second.send(b"micro\r\nwrong\r\n")
        assert b"session from" not in second.expect(b"Invalid credentials")
    assert session.python("1+1") == "2"


def test_question_does_not_wait_for_ever(shared, session):
    with second_login(shared) as second:
        assert b"No answer" in second.expect_end(45)
    assert session.python("1+1") == "2"


def test_dead_client_locks_nobody_out(shared):
    """A client that was switched off: its connection is open as far as the board can know, and takes nothing."""
    dead = shared.telnet()
    dead.send(b"for i in range(30000): print('0123456789' * 10)\r\r")
    with second_login(shared) as second:
        second.send(b"y")
        second.expect(b"Login succeeded!")
        second.clean_prompt(60)
    dead.close()


def test_refusals_keep_others_waiting_for_nothing(shared):
    """Many wrong tries at once: the right password is accepted at once, and the session is alive meanwhile."""
    guessers = [shared.telnet(login=False) for _ in range(4)]
    for guesser in guessers:
        guesser.expect(b"Login as: ")
        guesser.send(b"micro\r\nguess\r\n")
        guesser.expect(b"Password: ")
    with shared.telnet() as session:
        assert session.python("1+1") == "2"
        assert sum(b"Invalid" in guesser.text or guesser.pump(0) for guesser in guessers) < 4, "the right one overtakes them"
    for guesser in guessers:
        guesser.expect(b"Invalid credentials, try again.\r\n")
        guesser.close()


# ---- places


def test_silent_connections_keep_nobody_out(shared):
    """The oldest that has not logged in makes room, at once and with words; the others are left alone."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(shared.telnet(login=False)) for _ in range(PLACES)]
        for one in silent:
            one.expect(b"Login as: ")
        with shared.telnet() as session:
            assert b"Too many connections: this one makes room." in silent[0].expect_end()
            assert session.python("1+1") == "2"
        with shared.telnet() as session:  # in the place of the last one
            assert session.python("1+1") == "2"
        for one in silent[1:]:
            one.send(b"micro\r\n")
            one.expect(b"Password: ")


def test_guessers_make_room_first(shared):
    """Who has failed goes before who may just be typing the right password, however new."""
    with contextlib.ExitStack() as stack:
        owner = stack.enter_context(shared.telnet(login=False))
        owner.expect(b"Login as: ")
        owner.send(b"micro\r\n")
        guessers = [stack.enter_context(shared.telnet(login=False)) for _ in range(PLACES - 1)]
        for guesser in guessers:
            guesser.expect(b"Login as: ")
            guesser.send(b"micro\r\nguess\r\n")
            guesser.expect(b"Invalid credentials, try again.\r\n")
        for guesser in guessers:
            stack.enter_context(shared.telnet(login=False)).expect(b"Login as: ")
            assert b"this one makes room. Connect again." in guesser.expect_end()
        owner.send(b"python\r\n")
        owner.expect(b"Login succeeded!")


def test_crowd_does_not_end_a_session(shared, session):
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(shared.telnet(login=False)) for _ in range(4 * PLACES)]
        for one in crowd[: -PLACES + 1]:
            assert b"this one makes room" in one.expect_end()
        assert session.python("1+1") == "2"
        with second_login(shared) as second:  # who has given the password is not put out by the next crowd
            crowd = [stack.enter_context(shared.telnet(login=False)) for _ in range(2 * PLACES)]
            assert b"this one makes room" in crowd[0].expect_end()
            second.send(b"y")
            second.expect(b"Login succeeded!")


def test_many_guesses_at_once_are_all_answered(shared):
    with contextlib.ExitStack() as stack:
        guessers = [stack.enter_context(shared.telnet(login=False)) for _ in range(PLACES)]
        for guesser in guessers:  # who is greeted has a place: also one that an earlier test has hardly left
            guesser.expect(b"Login as: ")
        for guesser in guessers:
            guesser.send_raw(b"micro\r\nguess\r\n")
        for guesser in guessers:
            guesser.expect(b"Invalid credentials, try again.\r\n")


# ---- a client that has ended its half


def read_until(sock, wanted):
    seen = b""
    while wanted not in seen:
        data = sock.recv(65536)
        assert data, f"ended while {wanted!r} was expected; it said {seen[-600:]!r}"
        seen += data
    return seen


def read_to_end(sock):
    seen = b""
    while data := sock.recv(65536):
        seen += data
    return seen


def ended_half(board, said):
    """What a client sees that sends all it has to say, ends its half and reads."""
    with socket.create_connection(board.address("telnet"), timeout=LIMIT) as sock:
        sock.sendall(said)
        sock.shutdown(socket.SHUT_WR)
        return read_to_end(sock)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r\0"])
def test_half_closed_client_sees_what_it_made(shared, end):
    seen = ended_half(shared, end.join([b"micro", b"python", b"print(6 * 7)", b"import time; time.sleep(1); print(6 * 8)", b""]))
    assert seen.endswith(b"print(6 * 7)\r\n42\r\n>>> import time; time.sleep(1); print(6 * 8)\r\n48\r\n>>> ")


def test_half_closed_client_sees_long_output(shared):
    seen = ended_half(shared, b"micro\r\npython\r\nfor i in range(3000): print('line', i)\r\n\r\n")
    assert b"".join(b"line %d\r\n" % i for i in range(3000)) in seen and seen.endswith(PROMPT)


def test_half_closed_client_sees_what_it_interrupted(shared):
    with socket.create_connection(shared.address("telnet"), timeout=LIMIT) as sock:
        sock.sendall(b"micro\r\npython\r\ninput('name' + '? ')\r\n")
        seen = read_until(sock, b"name? ")
        sock.sendall(b"\x03")
        sock.shutdown(socket.SHUT_WR)
        seen += read_to_end(sock)
        assert b"KeyboardInterrupt" in seen and seen.endswith(PROMPT)


def test_half_closed_client_sees_why_it_is_refused(shared):
    assert b"Invalid credentials, try again." in ended_half(shared, b"micro\r\nwrong\r\n")
    assert ended_half(shared, b"micro\r\n").endswith(b"Password: ")


def said_to_next(board):
    """What the next one is told who logs in."""
    with board.telnet(login=False) as session:
        session.send(b"micro\r\npython\r\n")
        return session.expect(pattern(r"(take over\?|succeeded!)")).group()


def test_half_closed_client_gives_way(shared):
    """It cannot answer any more: who logs in next gets the console unasked."""
    with socket.create_connection(shared.address("telnet"), timeout=LIMIT) as sock:
        sock.sendall(b"micro\r\npython\r\nwhile True: pass\r\n\r\n")
        seen = read_until(sock, b"pass\r\n... \r\n")
        sock.shutdown(socket.SHUT_WR)
        wait_for(lambda: b"take over?" not in said_to_next(shared), "the board has heard of it")
        with shared.telnet(prompt=False) as session:
            session.clean_prompt()
        seen += read_to_end(sock)
        assert b"Taken over by a session from" in seen


def test_nc_with_input_from_a_pipe(shared):
    """telnet programs are no use for this: they hang up when their input ends, before they have sent it."""
    host, port = shared.address("telnet")
    result = subprocess.run(["nc", "-N", host, str(port)], input=b"micro\npython\nprint(6 * 7)\n", stdout=subprocess.PIPE, timeout=60)
    assert result.returncode == 0 and b"\r\n42\r\n" in result.stdout


# ---- the board goes


@pytest.mark.parametrize("reset", ["import machine; machine.reset()", "import pyb; pyb.reset()"])
def test_reset_by_program_says_goodbye(board, reset):
    """The client sees what was printed before, then an end, and no error."""
    with socket.create_connection(board.address("telnet"), timeout=LIMIT) as sock:
        sock.sendall(f"micro\r\npython\r\nprint('good' + 'bye'); {reset}\r\n".encode())
        seen = read_to_end(sock)
    assert seen.endswith(b"\r\ngoodbye\r\n")
    wait_for(lambda: board.status()["boot"]["reset_cause"] == "hard", "the reset")
    board.wait_state("running")
    with board.telnet() as session:
        assert session.python("1+1") == "2"
