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


@pytest.mark.parametrize(
    "call, words",
    [
        ("init(login='anna')", "TypeError: login must be (user, password)"),
        ("init(login=('anna',))", "TypeError: login must be (user, password)"),
        ("init(login=('anna', 5))", "TypeError: login must be (user, password)"),
        ("init(login=('a', 'ž' * 33))", "ValueError: login must be (user, password), each 1 to 64 bytes"),
        ("login('a\\n', 'b', save=True)", "ValueError: login must be"),
        ("init(save=True)", "ValueError: save=True needs login"),
        ("init(timeout='5')", "TypeError: timeout must be a number of seconds, 5 to 86400"),
        ("timeout(4)", "ValueError: timeout must be a number of seconds, 5 to 86400"),
        ("timeout(10**30)", "ValueError: timeout must be a number of seconds, 5 to 86400"),
    ],
)
def test_bad_settings_are_told(shared, call, words):
    with shared.telnet() as session:
        assert words in session.python(f"import network; network.Server().{call}")


@pytest.mark.parametrize("settings", ["login=('a', 'b'), timeout=1, save=True", "login=('a', ''), timeout=60"])
def test_refused_settings_change_nothing(shared, settings):
    with shared.telnet() as session:
        assert "ValueError" in session.python(f"import network; network.Server({settings})")
        assert session.python("network.Server()") == "Server(login=('micro', ...), timeout=300)"


def test_settings_are_shown(board):
    with board.telnet() as session:
        assert session.python("import network; network.Server()") == "Server(login=('micro', ...), timeout=300)"
        session.run("import network; network.Server().init(login=('u' * 64, 'ž' * 32), timeout=60)")
        assert session.python("network.Server()") == f"Server(login=('{'u' * 64}', ...), timeout=60)"
        assert "id must be 0" in session.python("network.Server(1)")
    assert may_log_in(board, "u" * 64, "ž" * 32)


CONFIGURATION, SECTOR = 0x842000, 4096


def test_damaged_login_opens_to_nobody(make_board):
    """Above all not to who knows the factory's. It is told on the UART, and undone there or with the pin."""
    board = make_board("--speed", "20")
    with board.telnet() as session:
        session.run(SAVE)
    board.stop()
    with open(board.directory / "flash.bin", "r+b") as flash:
        for copy in range(2):
            flash.seek(CONFIGURATION + copy * SECTOR + 40)
            flash.write(bytes(byte ^ 0x55 for byte in flash.read(8)))
    board.start()
    assert not may_log_in(board, *FACTORY) and not may_log_in(board, *ANNA) and not may_log_in(board, "", "")
    assert any("login is damaged" in notice for notice in board.status()["notices"])
    uart = board.uart()
    uart.expect(b"the saved login is damaged and opens to nobody")
    board.pin("GP28", "1")
    board.reset()
    assert board.wait_state("running")["boot"]["mode"] == "safe"
    board.pin("GP28", "release")
    assert may_log_in(board, *FACTORY)
    uart.prompt(60)
    uart.run(SAVE, 60)
    uart.close()
    board.reset()
    board.wait_state("running")
    assert may_log_in(board, *ANNA) and not may_log_in(board, *FACTORY)
