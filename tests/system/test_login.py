"""The login of telnet and FTP: kept when that is asked for, and never in the owner's way."""

import ftplib

import pytest

from board import PASSWORD, USER
from stream import PROMPT, Telnet

SAVE = "import network; network.Server().login('anna', 'žluťoučký kůň', save=True)"
ANNA = ("anna", "žluťoučký kůň")
FACTORY = (USER, PASSWORD)


def may_log_in(board, user, password):
    """By telnet and by FTP, which must agree."""
    with Telnet(board.address("telnet"), login=False) as telnet:
        telnet.expect(b"Login as: ")
        telnet.send(user.encode() + b"\r\n")
        telnet.expect(b"Password: ")
        telnet.send(password.encode() + b"\r\n")
        while b"Login succeeded!" not in telnet.text and b"Invalid" not in telnet.text and b"take over" not in telnet.text:
            assert telnet.pump(20), telnet.text
        by_telnet = b"Invalid" not in telnet.text
    ftp = board.ftp(login=False)
    try:
        ftp.login(user, password)
        by_ftp = True
    except ftplib.error_perm:
        by_ftp = False
    ftp.close()
    assert by_telnet == by_ftp
    return by_telnet


def test_saved_login_survives(make_board):
    board = make_board()
    with board.telnet() as session:
        session.run(SAVE)
    assert may_log_in(board, *ANNA) and not may_log_in(board, *FACTORY)
    board.kill9()
    board.start()
    assert may_log_in(board, *ANNA) and not may_log_in(board, *FACTORY)
    with board.telnet(login=False) as session:
        session.login(*(text.encode() for text in ANNA))
        assert b"factory" not in session.expect(PROMPT)
        session.run("network = __import__('network'); network.Server().init(login=('micro', 'python'), save=True)")
    board.reset()
    assert may_log_in(board, *FACTORY) and not may_log_in(board, *ANNA)


@pytest.mark.parametrize("call", ["network.Server(login=('a', 'b'))", "network.Server().init(login=('a', 'b'))", "network.server_login('a', 'b')", "network.Server().login('a', 'b')"])
def test_not_saved_lasts_until_the_next_reset(board, call):
    with board.telnet() as session:
        session.run(f"import network; {call}")
    assert may_log_in(board, "a", "b") and not may_log_in(board, *FACTORY)
    board.reset()
    assert may_log_in(board, *FACTORY) and not may_log_in(board, "a", "b")


def test_safe_boot_opens_the_door(make_board):
    """A forgotten password is undone with the pin; what is saved stays."""
    board = make_board("--speed", "20")
    with board.telnet() as session:
        session.run(SAVE)
    board.pin("GP28", "1")
    board.reset()
    assert board.wait_state("running")["boot"]["mode"] == "safe"
    board.pin("GP28", "release")
    assert may_log_in(board, *FACTORY) and not may_log_in(board, *ANNA)
    board.reset()
    assert board.wait_state("running")["boot"]["mode"] == "normal"
    assert may_log_in(board, *ANNA) and not may_log_in(board, *FACTORY)


def test_bad_settings_are_told(board):
    with board.telnet() as session:
        for bad in ("network.Server().init(save=True)", "network.Server().login('anna')", "network.Server().login('a', 'ž' * 33)", "network.Server().login('a\\n', 'b', save=True)", "network.server_login('', 'b')"):
            assert "Error" in session.python(f"import network; {bad}")
        session.run("network = __import__('network'); network.Server().login('u' * 64, 'ž' * 32)")
    assert may_log_in(board, "u" * 64, "ž" * 32)
