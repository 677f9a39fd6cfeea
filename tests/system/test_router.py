"""The home router: a board that joins it, the laptop that follows the board, and what a station can reach."""

import contextlib
import os
import re
import socket
import subprocess
import threading

import pytest

from board import alive, processes_of, store, wait_for, wipy
from stream import PROMPT
from test_air import REFUSE, TAKEN, Place

SSID, KEY = "home net", "a very long key: yes"
ROUTER = "192.168.0.1"
JOIN = """
from network import WLAN
wlan = WLAN(mode=WLAN.STA)
wlan.connect({ssid!r}, auth=({auth}), timeout=20000)
"""


def join(uart, ssid=SSID, key=KEY):
    uart.prompt()
    uart.run(JOIN.format(ssid=ssid, auth=f"WLAN.WPA2, {key!r}" if key else "WLAN.OPEN, None"), 40)


@pytest.fixture
def home(make_board, tmp_path):
    """A board with a home router, in an air of its own."""
    return make_board("--air", tmp_path / "air", "--router", f"{SSID}:{KEY}")


# ---- joining


def test_a_board_joins_the_router_and_its_ports_follow_it(home):
    addresses = home.status()["addresses"]
    home.put("/flash/before.txt", b"stored while it was an access point")
    uart = home.uart()
    join(uart)

    address, netmask, gateway, dns = eval(uart.run("print(wlan.ifconfig())"))
    assert address.startswith("192.168.0.") and address != ROUTER
    assert (netmask, gateway, dns) == ("255.255.255.0", ROUTER, ROUTER)
    status = home.status()
    assert (status["wlan"]["mode"], status["wlan"]["ssid"], status["wlan"]["ip"]) == ("sta", SSID, address)
    assert status["addresses"] == addresses

    with home.telnet() as session:
        assert session.python("wlan.isconnected()") == "True"
    data = os.urandom(200_000)
    with home.ftp() as ftp:
        store(ftp, "/flash/there.bin", data)
    assert home.get("/flash/there.bin") == data
    assert home.get("/flash/before.txt") == b"stored while it was an access point"


def test_forwards_come_back_with_the_access_point(home):
    uart = home.uart()
    for _ in range(3):
        join(uart)
        with home.telnet() as session:
            assert session.python("WLAN().mode() == WLAN.STA") == "True"
        uart.run("WLAN(mode=WLAN.AP)")
        with home.telnet() as session:
            assert session.python("WLAN().mode() == WLAN.AP") == "True"
            assert session.python("len(WLAN().connections())") == "1"
    join(uart)
    with home.telnet():
        home.reset()
    with home.telnet() as session:
        assert session.python("from network import WLAN; WLAN().mode() == WLAN.AP") == "True"


def test_wrong_key_is_refused(home):
    uart = home.uart()
    uart.prompt()
    uart.run("from network import WLAN\nwlan = WLAN(mode=WLAN.STA)")
    said = uart.run(f"try:\n wlan.connect({SSID!r}, auth=(WLAN.WPA2, 'not the key'), timeout=20000)\nexcept OSError as e:\n print(e)")
    assert said.strip() and uart.run("print(wlan.isconnected())").strip() == "False"
    join(uart)
    with home.telnet() as session:
        assert session.python("wlan.isconnected()") == "True"


def test_nobody_takes_the_routers_address(home, tmp_path):
    bssid = "06" + home.status()["wlan"]["mac"].replace(":", "")[2:]
    sock, packet = Place(tmp_path / "air").join(bssid, bytes.fromhex("5255c0a80001"), KEY)
    sock.close()
    assert packet == bytes([REFUSE, 1, TAKEN, 0])


def test_open_router(make_board, tmp_path):
    board = make_board("--air", tmp_path / "air", "--router", "open house")
    uart = board.uart()
    uart.prompt()
    nets = eval(uart.run("from network import WLAN\nprint([(n.ssid, n.sec) for n in WLAN().scan()])"))
    assert nets == [("open house", 0)]
    join(uart, "open house", None)
    with board.telnet():
        pass


def test_a_fixed_address(home):
    uart = home.uart()
    uart.prompt()
    uart.run("from network import WLAN\nwlan = WLAN(mode=WLAN.STA)\nwlan.ifconfig(config=('192.168.0.107', '255.255.255.0', '192.168.0.1', '192.168.0.1'))")
    join(uart)
    with home.telnet() as session:
        assert "192.168.0.107" in session.python("wlan.ifconfig()")
    # It moves while somebody is there: that connection ends, and the port leads to the new address.
    with home.telnet() as session:
        uart.run("wlan.ifconfig(config=('192.168.0.108', '255.255.255.0', '192.168.0.1', '192.168.0.1'))")
        session.expect_end()
    with home.telnet() as session:
        assert "192.168.0.108" in session.python("wlan.ifconfig()")


@pytest.mark.parametrize(
    "address, why",
    [
        ("10.1.2.3", f"its address 10.1.2.3 does not fit the network {SSID}, 192.168.0.x"),
        ("192.168.0.1", f"its address 192.168.0.1 is that of the router of {SSID}"),
    ],
)
def test_a_fixed_address_that_does_not_fit(home, address, why):
    uart = home.uart()
    uart.prompt()
    uart.run(f"from network import WLAN\nwlan = WLAN(mode=WLAN.STA)\nwlan.ifconfig(config=('{address}', '255.255.255.0', '{address}0', '{address}0'))")
    join(uart)
    wait_for(lambda: home.status()["notices"] == [f"the laptop lost the board's network: {why}"], "the words")
    uart.run("wlan.ifconfig('dhcp')")
    assert home.telnet().python("1 + 1") == "2"


def test_stations_of_the_router_reach_each_other(home, make_board, tmp_path):
    other = make_board("--air", tmp_path / "air", "--no-laptop", name="other")
    first, second = home.uart(), other.uart()
    join(first)
    join(second)
    one, two = (eval(uart.run("print(repr(wlan.ifconfig()[0]))")) for uart in (first, second))
    assert one != two
    said = second.run(f"import socket\ns = socket.socket()\ns.settimeout(20)\ns.connect(({one!r}, 23))\nprint(s.recv(11))")
    assert said.strip() == "b'MicroPython'"


def test_two_routers_in_one_air_and_a_board_that_visits_the_other_one(home, make_board, tmp_path):
    other = make_board("--air", tmp_path / "air", "--router", f"neighbour:{KEY}", name="other")
    uart = home.uart()
    join(uart, "neighbour")
    assert uart.run("print(wlan.isconnected())").strip() == "True"
    assert home.status()["wlan"]["ip"].startswith("192.168.0.")
    # Its own laptop is in its own home, where the board is not.
    with pytest.raises(AssertionError, match="ended"):
        home.telnet(limit=10)
    with other.telnet() as session:
        session.python("1")
    join(uart)
    with home.telnet():
        pass


# ---- what a station can reach


@contextlib.contextmanager
def serving(server, serve):
    """Call `serve` again and again in the background, until the test is done with this socket."""
    going = True

    def loop():
        while going:
            with contextlib.suppress(OSError, TypeError):  # the socket is shut down
                serve()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    yield
    going = False
    with contextlib.suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@contextlib.contextmanager
def listener(host, kind=socket.SOCK_STREAM):
    """A service of this machine that answers; yields its port and the list of who came."""
    guests = []
    with socket.socket(socket.AF_INET, kind) as server:
        server.bind((host, 0))

        def datagram():
            data, guest = server.recvfrom(100)
            server.sendto(data.upper(), guest)
            guests.append(guest)

        def connection():
            connection, guest = server.accept()
            with connection:
                guests.append(guest)
                connection.sendall(b"hello")

        if kind == socket.SOCK_STREAM:
            server.listen()
        with serving(server, datagram if kind == socket.SOCK_DGRAM else connection):
            yield server.getsockname()[1], guests


def own_address():
    """An address of this machine that is not its loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.123", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


TRY = """
import socket
s = socket.socket()
s.settimeout({limit})
try:
    s.connect(({host!r}, {port}))
    print(s.recv(100))
except OSError as e:
    print('failed')
s.close()
"""


def reach(uart, host, port, limit=5):
    return uart.run(TRY.format(host=host, port=port, limit=limit), 30).strip()


def test_the_router_leads_nowhere(home):
    uart = home.uart()
    join(uart)
    with listener("0.0.0.0") as (port, guests):
        targets = [ROUTER, own_address() or "203.0.113.1"]
        assert [reach(uart, host, port) for host in targets] == ["failed"] * len(targets)
        assert not guests
    # The answer of its DNS server is quick, so that nobody waits for it.
    assert "OSError" in uart.run("try:\n socket.getaddrinfo('example.org', 80)\nexcept OSError as e:\n print('OSError')", 10)


def test_internet_is_what_the_host_reaches_but_not_its_loopback(make_board, tmp_path):
    host = own_address()
    if host is None:
        pytest.skip("this machine has no address but its loopback")
    board = make_board("--air", tmp_path / "air", "--router", f"{SSID}:{KEY}", "--internet")
    uart = board.uart()
    join(uart)
    with listener(host) as (port, guests):
        assert reach(uart, host, port, 20) == "b'hello'"
        assert guests[0][0] == host
    with listener("127.0.0.1") as (port, guests):
        assert reach(uart, ROUTER, port) == "failed"
        assert reach(uart, host, port) == "failed"
        assert not guests
    with listener(host, socket.SOCK_DGRAM) as (port, guests):
        said = uart.run(f"s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.settimeout(20)\ns.sendto(b'data', ({host!r}, {port}))\nprint(s.recv(100))", 30)
        assert said.strip() == "b'DATA'"
    data = os.urandom(300_000)
    board.put("/flash/with internet.bin", data)
    assert board.get("/flash/with internet.bin") == data


ASK = "import socket\nprint(socket.getaddrinfo('example.org', 80)[0][-1])"
ANSWER = "('203.0.113.7', 80)"


def with_resolv_conf(make_board, tmp_path, address):
    """A board with a router in a mount namespace, where /etc/resolv.conf names this DNS server; it is not yet started."""
    settings = tmp_path / "resolv.conf"
    settings.write_text(f"# no other\nnameserver {address}\n")
    inside = ["unshare", "--mount", "sh", "-c", f"mount --bind '{settings}' /etc/resolv.conf && exec \"$@\"", "sh"]
    if subprocess.run([*inside, "true"], capture_output=True).returncode != 0:
        pytest.skip("needs the right to make a mount namespace")
    board = make_board("--air", tmp_path / "air", "--router", f"{SSID}:{KEY}", "--internet", start=False)
    command = board.command()
    board.command = lambda: inside + command
    return board


@contextlib.contextmanager
def with_dns_server(make_board, tmp_path, address):
    """The UART of a board whose host has a DNS server of ours; it has joined its router."""
    board = with_resolv_conf(make_board, tmp_path, address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        try:
            server.bind((address, 53))
        except OSError:
            pytest.skip("needs the right to be a DNS server")

        def serve():
            query, guest = server.recvfrom(512)
            answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xcb\x00\x71\x07"  # 203.0.113.7
            server.sendto(query[:2] + b"\x81\x80" + query[4:6] + b"\0\1\0\0\0\0" + query[12:] + answer, guest)

        with serving(server, serve):
            board.start()
            uart = board.uart()
            join(uart)
            yield uart


def test_names_are_looked_up_by_the_dns_server_of_the_host(make_board, tmp_path):
    """On the loopback, as that of many machines."""
    with with_dns_server(make_board, tmp_path, "127.0.0.77") as uart:
        assert uart.run(ASK).strip() == ANSWER


def test_a_station_may_ask_the_dns_server_of_the_host_itself(make_board, tmp_path):
    host = own_address()
    if host is None:
        pytest.skip("this machine has no address but its loopback")
    with with_dns_server(make_board, tmp_path, host) as uart:
        uart.run(f"import network\nnetwork.ipconfig(dns={host!r})")
        assert uart.run(ASK).strip() == ANSWER
        uart.run(f"network.ipconfig(dns={ROUTER!r})")
        assert uart.run(ASK.replace("example", "example2")).strip() == ANSWER


def test_a_dns_server_that_the_router_hides(make_board, tmp_path):
    board = with_resolv_conf(make_board, tmp_path, "192.168.0.53").start()
    wait_for(lambda: "notice: the router finds no names: the DNS server of this machine, 192.168.0.53," in board.errors(), "the notice")
    uart = board.uart()
    join(uart)
    query = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1"
    code = f"s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.settimeout(5)\ns.sendto({query!r}, ({ROUTER!r}, 53))"
    assert uart.run(f"import socket\n{code}\nprint(s.recvfrom(100)[0][3] & 15)").strip() == "2"  # SERVFAIL


# ---- the process


def named(board, name):
    return [pid for pid in board.pids if open(f"/proc/{pid}/comm").read().strip() == name]


def test_the_router_ends_with_the_board(home, tmp_path):
    pids = named(home, "wipy-router") + named(home, "wipy-nat")
    assert len(pids) == 2
    assert len(list((tmp_path / "air").glob("06*.ap"))) == 1
    home.stop()
    assert not any(map(alive, pids))
    assert not list((tmp_path / "air").glob("06*"))

    home.start()
    pids = named(home, "wipy-router") + named(home, "wipy-nat")
    home.kill9()
    wait_for(lambda: not any(map(alive, pids)), "end of the router")
    home.start()
    uart = home.uart()
    join(uart)
    with home.telnet():
        pass


def test_a_killed_router_is_reported(make_board, tmp_path):
    board = make_board("--air", tmp_path / "air", "--router", SSID, start=False)
    for name in ("wipy-router", "wipy-nat"):
        board.start()
        os.kill(named(board, name)[0], 9)
        wait_for(lambda: "the router has ended" in board.errors(), "a word about the router")
        assert board.status()["state"] == "running"
        with board.telnet():
            pass
        board.stop()
        os.unlink(f"{board.directory}.stderr")


@pytest.mark.parametrize(
    "option, word",
    [
        (["--router", ""], "name"),
        (["--router", ":12345678"], "name"),
        (["--router", "x" * 33], "32 bytes"),
        (["--router", "net:1234567"], "8 to 63"),
        (["--router", "net:" + "k" * 64], "8 to 63"),
        (["--router", "net:"], "8 to 63"),
        (["--internet"], "--router"),
    ],
)
def test_usage_errors(tmp_path, option, word):
    result = wipy("run", tmp_path / "board", *option)
    assert result.returncode == 2 and word in result.stderr, result.stderr
    assert not (tmp_path / "board").exists()
