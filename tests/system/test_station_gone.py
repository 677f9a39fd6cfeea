"""A station that leaves the access point: what it has with the services survives a short absence, and does not hold them for long."""

import pytest

from board import wait_for, wipy
from consoles import Console, connect

PRELUDE = r"""
def until(s, *words):
    said = b''
    while not any(each in said for each in words):
        part = s.recv(200)
        if not part:
            raise OSError('closed; it said %r' % said)
        said += part
    return said

def opened(port):
    s = socket.socket()
    s.settimeout(20)
    s.connect(('192.168.1.1', port))
    return s

def telnet():
    s = opened(23)
    for words, answer in ((b'Login as: ', b'micro\r\n'), (b'Password: ', b'python\r\n')):
        until(s, words)
        s.send(answer)
    return s, until(s, b'information.\r\n', b'take over?')

def ftp():
    s = opened(21)
    for words, answer in ((b'220 ', b'USER micro\r\n'), (b'331 ', b'PASS python\r\n')):
        until(s, words)
        s.send(answer)
    until(s, b'230 ')
    return s

def greeted(port):
    if port == 23:
        s, said = telnet()
    else:
        s = opened(port)
        said = s.recv(40)
    s.close()
    return said
"""
BUSY = {23: b"take over?", 21: b"421 Too many"}


def cut(place, mac):
    wipy("air", place, "set", f"cut={mac}", check=True)


def restore(place, mac):
    wipy("air", place, "set", f"restore={mac}", check=True)


@pytest.fixture
def place(tmp_path):
    """The air of `pair`."""
    return tmp_path / "air"


@pytest.fixture
def in_use(pair):
    """The station has the prompt, and all places for FTP."""
    connect(pair)
    for board in pair:
        board.run(PRELUDE)
    ap, sta = pair
    sta.run("t, _ = telnet()\nf = [ftp() for i in range(6)]")
    for port, words in BUSY.items():
        assert words in ap.value(f"greeted({port})")
    return pair


def is_free(board, port):
    return BUSY[port] not in board.value(f"greeted({port})")


@pytest.mark.parametrize("how", ["kill", "cut"])
def test_the_services_are_free_again(in_use, place, how):
    ap, sta = in_use
    if how == "kill":
        sta.board.kill9()
    else:
        cut(place, sta.board.status()["wlan"]["mac"])
    for port in BUSY:
        wait_for(lambda: is_free(ap, port), f"port {port} is free again")


def test_a_short_absence_ends_no_session(in_use, place):
    ap, sta = in_use
    mac = sta.board.status()["wlan"]["mac"]
    for number in range(10):
        cut(place, mac)
        wait_for(lambda: not ap.value("wlan.isconnected()"), "the station is away")
        restore(place, mac)
        wait_for(lambda: sta.value("wlan.isconnected()"), "the station is back")
        sta.run(f"t.send(b'{number} + 1000\\r')\nuntil(t, b'{number + 1000}\\r\\n>>> ')")
        sta.run("for s in f:\n    s.send(b'NOOP\\r\\n')\n    until(s, b'200 ')")


def test_others_keep_what_they_have(in_use, make_board, place):
    """Another station has an FTP session, and the station that goes a connection to a server of the program."""
    ap, sta = in_use
    other = Console(make_board("--no-laptop", "--air", place, name="other"))
    connect((ap, other))
    other.run(PRELUDE)
    sta.run("f[5].close()")
    wait_for(lambda: is_free(ap, 21), "a place for FTP")
    ap.run("listener = socket.socket()\nlistener.bind(('', 80))\nlistener.listen(1)")
    sta.run("c = opened(80)")
    ap.run("c, peer = listener.accept()\nc.settimeout(0)")
    other.run("mine = ftp()")
    sta.board.kill9()
    wait_for(lambda: is_free(ap, 23), "the prompt is free again")
    other.run("mine.send(b'NOOP\\r\\n')\nuntil(mine, b'200 ')")
    ap.fails("c.recv(1)", "OSError", "EAGAIN")
