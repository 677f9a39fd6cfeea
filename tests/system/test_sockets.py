"""Python's sockets where MicroPython's module socket had to be guarded: a peer that refuses, a peer that is gone already."""

from board import wipy
from consoles import connect

REFUSED = "[Errno 111] ECONNREFUSED"


def test_a_peer_that_refuses(pair):
    ap, sta = pair
    address = connect(pair)
    for host in ("127.0.0.1", address, "192.168.1.1"):
        sta.fails(f"socket.socket().connect(({host!r}, 9))", "OSError", REFUSED)
    # A connection that was there and is reset is another thing.
    sta.run("listener = socket.socket()\nlistener.bind(('', 80))\nlistener.listen(1)\ns = socket.socket()\ns.connect(('127.0.0.1', 80))\nlistener.close()")
    sta.fails("s.settimeout(20)\ns.recv(1)", "OSError", "ECONNRESET")


BEGIN = """
import select, asyncio

def begin(*address):
    s = socket.socket()
    s.setblocking(False)
    try:
        s.connect(address)
    except OSError as e:
        if e.errno != 115:
            raise
    return s
"""


def test_a_peer_that_refuses_who_does_not_wait(pair, tmp_path):
    sta = pair[1]
    connect(pair)
    sta.run(BEGIN)
    wipy("air", tmp_path / "air", "set", "delay=100ms", check=True)  # connect() looks once, and too early
    for operation in ("s.send(b'x')", "s.recv(1)", "s.read(1)"):
        sta.run("s = begin('192.168.1.1', 9)\np = select.poll()\np.register(s, select.POLLOUT)")
        assert sta.value("p.poll(20000)[0][1] & (select.POLLERR | select.POLLHUP)") != 0
        sta.fails(operation, "OSError", REFUSED)
    sta.run("""
async def call():
    reader, writer = await asyncio.open_connection('192.168.1.1', 9)
    writer.write(b'x')
    await writer.drain()
""")
    sta.fails("asyncio.run(call())", "OSError", REFUSED)


# What is scheduled runs within connect(), which looks at its connection only when that has returned.
QUICK = """
import micropython
data = b''

def answer(listener):
    s, peer = listener.accept()
    s.write(data)
    s.close()
    time.sleep_ms(300)

def serve(port):
    listener = socket.socket()
    listener.bind(('', port))
    listener.listen(1)
    return listener

listener = serve(80)
s = socket.socket()
s.settimeout(20)
"""


def test_a_peer_that_answers_and_closes_at_once(console):
    console.run(QUICK + BEGIN)
    for size in (0, 5, 5000):
        console.run(f"data = bytes({size})")
        for address in ("127.0.0.1", "192.168.1.1"):
            console.run(f"s = socket.socket(); micropython.schedule(answer, listener); s.connect(({address!r}, 80))")
            console.run("s.settimeout(20)")
            assert console.value("(s.read() == data, s.recv(10))") == (True, b"")
            console.run("s.close()")


def test_a_peer_that_closes_before_anybody_waits(pair):
    """Without connect() that waits the end comes whenever it comes."""
    ap, sta = pair
    connect(pair)
    ap.run(QUICK)
    sta.run(BEGIN)
    for _ in range(3):
        sta.run("s = begin('192.168.1.1', 80)")
        ap.run("data = b'hello'\nanswer(listener)")
        sta.run("s.settimeout(20)")
        assert sta.value("(s.read(), s.recv(10))") == (b"hello", b"")
        sta.run("s.close()")


NESTED = QUICK + """
other = serve(81)

def answer_and_connect(listener):
    inner = socket.socket()
    inner.connect(('127.0.0.1', 81))
    inner.close()
    answer(listener)
"""


def test_a_callback_that_connects_while_the_program_connects(console):
    console.run(NESTED)
    for _ in range(3):
        console.run("data = b'hello'\ns = socket.socket(); micropython.schedule(answer_and_connect, listener); s.connect(('127.0.0.1', 80))")
        assert console.value("s.read()") == b"hello"
        console.run("s.close()\nother.accept()[0].close()")


def test_ctrl_c_ends_connect(console):
    """... and what comes after it for that socket disturbs nobody."""
    console.run(QUICK)
    for _ in range(3):
        console.uart.send(b"s = socket.socket(); s.connect(('192.168.1.200', 80))\r")
        console.uart.expect(b"80))\r\n")
        console.uart.send(b"\x03")
        console.uart.expect(b"KeyboardInterrupt")
        console.uart.prompt()
    console.run("data = b'hello'\nc = socket.socket(); micropython.schedule(answer, listener); c.connect(('127.0.0.1', 80))")
    assert console.value("c.read()") == b"hello"
