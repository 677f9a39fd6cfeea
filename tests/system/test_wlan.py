"""The WLAN from Python: network.WLAN in every spelling, the access point's settings, network.Server, and two boards that meet in one air."""

import socket

import pytest

from board import PASSWORD, USER, store, wait_for
from consoles import FACTORY_KEY, PRELUDE, Console, connect, ssid_of
from stream import PROMPT, Telnet

# ---- settings


def test_factory_settings_after_every_hard_reset(console):
    mac = console.value("wlan.mac()")
    factory = ("wipy-wlan-" + mac[4:].hex(), (3, FACTORY_KEY), 5, 0)
    assert console.value("(wlan.ssid(), wlan.auth(), wlan.channel(), wlan.antenna())") == factory
    assert console.value("wlan.mode() == WLAN.AP")
    assert console.value("wlan.ifconfig()") == ("192.168.1.1", "255.255.255.0", "192.168.1.1", "192.168.1.1")
    status = console.board.status()["wlan"]
    assert (status["mode"], status["ssid"], status["ip"]) == ("ap", factory[0], "192.168.1.1")

    console.run("wlan.init(ssid='mine', auth=(WLAN.WPA2, 'another key'), channel=11)\nnetwork.hostname('mine')\nwlan.mode(WLAN.STA)")
    assert console.board.status()["wlan"]["mode"] == "sta"
    console.soft_reset()
    assert console.value("(wlan.mode() == WLAN.STA, wlan.ssid(), wlan.channel(), network.hostname())") == (True, "mine", 11, "mine")
    console.board.reset()
    console.uart.prompt()
    console.run(PRELUDE)
    assert console.value("(wlan.ssid(), wlan.auth(), wlan.channel(), wlan.antenna())") == factory
    assert console.value("network.hostname()") == "wipy-" + mac[4:].hex()
    assert console.board.status()["wlan"]["ssid"] == factory[0]


AP_SPELLINGS = [
    "WLAN(mode=WLAN.AP, ssid='s', auth=(WLAN.WPA2, 'some key 1'), channel=7, antenna=WLAN.EXT_ANT)",
    "WLAN(0, WLAN.AP, ssid='s', auth=(WLAN.WPA2, 'some key 1'), channel=7, antenna=WLAN.EXT_ANT)",
    "WLAN(id=0, mode=WLAN.AP, ssid='s', auth=(WLAN.WPA2, 'some key 1'), channel=7, antenna=WLAN.EXT_ANT)",
    "WLAN(WLAN.AP, ssid='s', security=WLAN.WPA2, key='some key 1', channel=7, antenna=WLAN.EXT_ANT)",
    "wlan.init(WLAN.AP, ssid='s', auth=(WLAN.WPA2, 'some key 1'), channel=7, antenna=WLAN.EXT_ANT)",
    "wlan.init(mode=WLAN.AP, ssid='s', auth=(WLAN.WPA2, 'some key 1'), channel=7, antenna=WLAN.EXT_ANT)",
    "wlan.iwconfig(mode=WLAN.AP, ssid='s', security=WLAN.WPA2, key='some key 1', channel=7, antenna=WLAN.EXT_ANT)",
    "wlan.mode(WLAN.AP); wlan.ssid('s'); wlan.auth((WLAN.WPA2, 'some key 1')); wlan.channel(7); wlan.antenna(WLAN.EXT_ANT)",
]


def test_spellings_of_the_access_point(console):
    for spelling in AP_SPELLINGS:
        console.run("wlan.init(WLAN.AP, ssid='before', auth=None, channel=1, antenna=WLAN.INT_ANT)")
        assert console.value("wlan.auth()") is None
        console.run(spelling)
        got = console.value("(wlan.mode() == WLAN.AP, wlan.ssid(), wlan.auth() == (WLAN.WPA2, 'some key 1'), wlan.channel(), wlan.antenna())")
        assert got == (True, "s", True, 7, 1), spelling
        assert console.board.status()["wlan"]["ssid"] == "s"


def test_spellings_of_the_station(console):
    for spelling in [
        "WLAN(mode=WLAN.STA)",
        "WLAN(WLAN.STA)",
        "WLAN(0, WLAN.STA)",
        "wlan.init(WLAN.STA)",
        "wlan.init(mode=WLAN.STA)",
        "wlan.iwconfig(mode=WLAN.STA)",
        "wlan.mode(WLAN.STA)",
    ]:
        console.run("wlan.mode(WLAN.AP)")
        console.run(spelling)
        assert console.value("wlan.mode() == WLAN.STA"), spelling
        assert console.board.status()["wlan"]["mode"] == "sta"
    assert console.value("wlan.isconnected()") is False
    assert console.value("wlan.status() == network.STAT_IDLE")
    assert console.value("wlan.ifconfig()[0]") == "0.0.0.0"


def test_what_makes_no_sense_is_refused_and_changes_nothing(console):
    before = console.value("(wlan.mode(), wlan.ssid(), wlan.auth(), wlan.channel(), wlan.antenna(), wlan.ifconfig())")
    for statement, error, words in [
        ("WLAN(5)", "ValueError", "mode"),
        ("WLAN(1, WLAN.STA)", "OSError", ""),
        ("WLAN(id=3)", "OSError", ""),
        ("WLAN(color='red')", "TypeError", ""),
        ("wlan.mode(0)", "ValueError", "mode"),
        ("wlan.mode('STA')", "TypeError", ""),
        ("wlan.init(mode=WLAN.AP, ssid=None)", "TypeError", ""),
        ("wlan.init(1, mode=WLAN.AP)", "TypeError", ""),
        ("wlan.init(ssid='')", "ValueError", "ssid"),
        ("wlan.init(ssid='x' * 33)", "ValueError", "ssid"),
        ("wlan.init(ssid='a\\0b')", "ValueError", "ssid"),
        ("wlan.init(auth=(WLAN.WPA2, 'seven77'))", "ValueError", "key"),
        ("wlan.init(auth=(WLAN.WPA2, 'x' * 64))", "ValueError", "key"),
        ("wlan.init(auth=(WLAN.WPA2, 'x' * 1000))", "ValueError", "key"),
        ("wlan.init(auth=(WLAN.WEP, '1234'))", "ValueError", "key"),
        ("wlan.init(auth=(WLAN.OPEN, 'a key for nothing'))", "ValueError", "key"),
        ("wlan.init(auth=(9, 'some key 1'))", "ValueError", "security"),
        ("wlan.init(auth=(WLAN.WPA2,))", "ValueError", ""),
        ("wlan.init(auth='some key 1')", "TypeError", ""),
        ("wlan.channel(0)", "ValueError", "channel"),
        ("wlan.channel(12)", "ValueError", "channel"),
        ("wlan.antenna(2)", "ValueError", "antenna"),
        ("wlan.connect('home', auth=(WLAN.WPA2, 'some key 1'))", "OSError", "WLAN.STA"),
        ("wlan.ifconfig(('192.168.1.1', '255.255.255.0', '192.168.1.1'))", "ValueError", ""),
        ("wlan.ifconfig(('192.168.1.256', '255.255.255.0', '0.0.0.0', '0.0.0.0'))", "ValueError", "address"),
        ("wlan.ifconfig(('192.168.1', '255.255.255.0', '0.0.0.0', '0.0.0.0'))", "ValueError", "address"),
        ("wlan.ifconfig(('192.168.1.255', '255.255.255.0', '0.0.0.0', '0.0.0.0'))", "ValueError", "address"),
        ("wlan.ifconfig('dhcp')", "ValueError", ""),  # an access point
        ("wlan.ifconfig('static')", "ValueError", "dhcp"),
        ("wlan.ipconfig(addr4='192.168.1.1/33')", "ValueError", "address"),
        ("wlan.ipconfig(addr4='192.168.1.1/')", "ValueError", "address"),
        ("wlan.ipconfig(addr6='::1')", "ValueError", "unknown"),
        ("wlan.ipconfig('addr6')", "ValueError", "unknown"),
        ("wlan.ipconfig()", "TypeError", ""),
        ("network.ipconfig(dns='nowhere')", "ValueError", "address"),
        ("network.hostname('a b')", "ValueError", "hostname"),
        ("network.hostname('x' * 33)", "ValueError", "hostname"),
        ("wlan.irq(handler=5)", "TypeError", ""),
    ]:
        console.fails(statement, error, words)
    assert console.value("(wlan.mode(), wlan.ssid(), wlan.auth(), wlan.channel(), wlan.antenna(), wlan.ifconfig())") == before


def test_addresses_of_a_station(console):
    console.run("wlan.mode(WLAN.STA)")
    assert console.value("wlan.ipconfig('dhcp4')") is True
    console.run("network.ipconfig(dns='8.8.8.8')\nwlan.ipconfig(addr4='192.168.0.107/24', gw4='192.168.0.1')")
    fixed = ("192.168.0.107", "255.255.255.0", "192.168.0.1", "8.8.8.8")
    assert console.value("wlan.ifconfig()") == fixed
    assert console.value("(wlan.ipconfig('addr4'), wlan.ipconfig('gw4'), wlan.ipconfig('dhcp4'))") == (fixed[:2], fixed[2], False)
    assert console.value("network.ipconfig('dns')") == "8.8.8.8"
    assert console.board.status()["wlan"]["ip"] == "192.168.0.107"
    other = ("10.1.2.3", "255.255.0.0", "10.1.0.1", "10.1.0.2")
    for spelling in (f"wlan.ifconfig({other})", f"wlan.ifconfig(config={other})", f"wlan.ifconfig(0, {other})"):
        console.run(f"wlan.ifconfig({fixed})")
        console.run(spelling)
        assert console.value("wlan.ifconfig()") == other
    for spelling in ("wlan.ifconfig('dhcp')", "wlan.ifconfig(config='dhcp')", "wlan.ipconfig(dhcp4=True)"):
        console.run(f"wlan.ifconfig({fixed})")
        console.run(spelling)
        assert console.value("(wlan.ipconfig('dhcp4'), wlan.ifconfig()[0])") == (True, "0.0.0.0")
    console.run("wlan.mode(WLAN.AP)")
    assert console.value("wlan.ifconfig()[0]") == "192.168.1.1"


def test_clock(console):
    console.run("rtc = machine.RTC()\nrtc.init((2031, 2, 28, 23, 59, 58))")
    assert console.value("rtc.now()[:5]") in ((2031, 2, 28, 23, 59), (2031, 3, 1, 0, 0))
    console.run("rtc.datetime((2040, 12, 31, 0, 12, 30, 0, 0))")
    assert console.value("rtc.datetime()[:6]") == (2040, 12, 31, 1, 12, 30)
    assert console.value("time.localtime()[:5]") == (2040, 12, 31, 12, 30)
    for bad in ("(2031, 2, 29)", "(1969, 1, 1)", "(2031, 13, 1)", "(2031, 1, 1, 24)", "(2031, 1)"):
        console.fails(f"rtc.init({bad})", "ValueError")


# ---- the services


def test_a_bare_constructor_disturbs_nobody(make_board):
    board = make_board()
    session = board.telnet()
    session.run("from network import WLAN, Server\nfor i in range(3):\n    WLAN()\n    WLAN(0)\n    WLAN(id=0)\n    Server()\n")
    assert session.python("WLAN() is WLAN(0)") == "True"
    assert session.python("WLAN().init(); WLAN().isconnected()") == "True"  # the laptop is its station
    assert session.python("len(WLAN().connections()[0].mac), WLAN().connections()[0].ip") == "(6, '192.168.1.2')"


def test_a_changed_network_drops_its_sessions_and_comes_back(make_board):
    board = make_board()
    session, ftp, console = board.telnet(), board.ftp(), Console(board)
    ssid = ssid_of(console)
    session.send(b"from network import WLAN; WLAN(mode=WLAN.STA)\r")
    session.expect_end()
    with pytest.raises((EOFError, OSError)):
        ftp.voidcmd("NOOP")
    assert console.value("wlan.mode() == WLAN.STA")
    console.run("wlan.mode(WLAN.AP)")
    assert ssid_of(console) == ssid

    def back():
        try:
            return board.telnet(limit=5)
        except (OSError, AssertionError):
            return None

    assert wait_for(back, "telnet after the network came back").python("1 + 1") == "2"


def test_soft_reset_leaves_network_and_session_alone(make_board):
    board = make_board()
    session = board.telnet()
    lease = session.python("import network; network.WLAN().connections()")
    session.send(b"\x04")
    session.expect(b"soft reboot")
    session.expect(PROMPT)
    assert session.python("import network; network.WLAN().connections()") == lease


def test_server_login_and_timeout(make_board):
    board = make_board()
    session = board.telnet()
    session.run("from network import Server\nimport network\nserver = Server(login=('anna', 'more secret'), timeout=60)")
    assert session.python("server.timeout(), network.server_timeout(), server.isrunning()") == "(60, 60, True)"
    session.run("server.timeout(120)\nnetwork.server_timeout(90)")
    assert session.python("Server().timeout()") == "90"
    for bad in ("Server(timeout=4)", "server.init(0)", "Server(login=('', 'x'))", "Server(login=('a', 'x' * 65))", "Server(login='ab')", "Server(1)"):
        assert "Error" in session.python(bad)
    session.close()

    refused = Telnet(board.address("telnet"), login=False)
    for name, password, answer in ((USER, PASSWORD, b"Invalid credentials"), ("anna", "more secret", b"Login succeeded!")):
        refused.expect(b"Login as: ")
        refused.send(name.encode() + b"\r\n")
        refused.expect(b"Password: ")
        refused.send(password.encode() + b"\r\n")
        refused.expect(answer)
    refused.close()
    ftp = board.ftp(login=False)
    ftp.login("anna", "more secret")
    ftp.close()

    board.reset()
    assert board.telnet().python("import network; network.Server().timeout()") == "300"


def test_server_stops_and_starts(make_board):
    board = make_board()
    session, ftp, console = board.telnet(), board.ftp(), Console(board)
    store(ftp, "/flash/kept", b"before")
    console.run("server = network.Server()\nserver.deinit()")
    session.expect_end()
    with pytest.raises((EOFError, OSError)):
        ftp.voidcmd("NOOP")
    assert console.value("(server.isrunning(), network.server_running())") == (False, False)
    try:
        with socket.create_connection(board.address("telnet"), timeout=20) as refused:
            assert refused.recv(1) == b""
    except ConnectionResetError:  # it may come while connect() is at it
        pass
    console.run("server.init()")
    assert board.telnet().python("1 + 1") == "2"
    assert board.get("/flash/kept") == b"before"
    console.run("network.server_running(False)")
    assert console.value("server.isrunning()") is False
    console.run("network.server_running(True)")
    assert board.get("/flash/kept") == b"before"


def test_server_starts_whole_or_not_at_all(make_board):
    board = make_board()
    console = Console(board)
    console.run("server = network.Server()\nserver.deinit()\nmine = socket.socket()\nmine.bind(('0.0.0.0', 21))\nmine.listen(1)")
    console.fails("server.init()", "OSError", "a program has port 21 or 23")
    assert console.value("server.isrunning()") is False
    console.run("other = socket.socket()\nother.bind(('0.0.0.0', 23))\nother.close()\nmine.close()\nserver.init()")
    assert board.telnet().python("1 + 1") == "2"


# ---- two boards


def test_scan_and_connect(pair):
    ap, sta = pair
    ssid = ssid_of(ap)
    ap.run("wlan.channel(9)")
    sta.run("wlan.mode(WLAN.STA)\nnets = wlan.scan()")
    assert sta.value("[tuple(n)[:4] for n in nets]") == [(ssid, ap.value("wlan.mac()"), 3, 9)]
    assert sta.value("(nets[0].ssid, nets[0].bssid, nets[0].sec, nets[0].security, nets[0].channel, nets[0].rssi < 0)") == (
        ssid, ap.value("wlan.mac()"), 3, 3, 9, True,
    )  # fmt: skip
    sta.fails(f"wlan.connect({ssid!r}, auth=(WLAN.WPA2, 'a wrong key'), timeout=20000)", "OSError", "wrong key")
    assert sta.value("wlan.status() == network.STAT_WRONG_PASSWORD")
    sta.fails("wlan.connect('nobody', auth=(WLAN.WPA2, 'some key 1'), timeout=500)", "OSError", "no such network")
    sta.fails(f"wlan.connect({ssid!r}, auth=(WLAN.WPA, {FACTORY_KEY!r}), timeout=500)", "OSError", "security")
    sta.fails(f"wlan.connect({ssid!r}, auth=None, timeout=500)", "OSError", "security")
    sta.fails(f"wlan.connect({ssid!r}, bssid=bytes(5))", "ValueError", "bssid")
    assert sta.value("wlan.isconnected()") is False
    assert ap.value("(wlan.isconnected(), wlan.connections())") == (False, [])

    address = None
    for spelling in [
        f"wlan.connect({ssid!r}, auth=(WLAN.WPA2, {FACTORY_KEY!r}), timeout=20000)",
        f"wlan.connect(ssid={ssid!r}, security=WLAN.WPA2, key={FACTORY_KEY!r}, timeout=20000)",
        f"wlan.connect({ssid!r}, auth=(nets[0].sec, {FACTORY_KEY!r}), bssid=nets[0].bssid, timeout=20000)",
        f"wlan.connect({ssid!r}, auth=(WLAN.WPA2, {FACTORY_KEY!r}))\nwhile not wlan.isconnected(): machine.idle()",
    ]:
        sta.run(spelling)
        assert sta.value("(wlan.isconnected(), wlan.status() == network.STAT_GOT_IP, wlan.ipconfig('has_dhcp4'))") == (True, True, True)
        address = address or sta.value("wlan.ifconfig()[0]")
        assert sta.value("wlan.ifconfig()") == (address, "255.255.255.0", "192.168.1.1", "192.168.1.1")
        assert ap.value("[tuple(c) for c in wlan.connections()]") == [(sta.value("wlan.mac()"), address)]
        assert ap.value("wlan.isconnected()") is True
        assert sta.board.status()["wlan"] == {"mode": "sta", "ssid": ssid, "mac": sta.board.status()["wlan"]["mac"], "ip": address}
        sta.run("wlan.disconnect()")
        assert sta.value("(wlan.isconnected(), wlan.ifconfig()[0])") == (False, "0.0.0.0")
        wait_for(lambda: ap.value("wlan.connections()") == [], "the station is gone")


@pytest.mark.parametrize("auth", ["None", "(WLAN.WEP, 'ABC1DE45BF')", "(WLAN.WPA, 'some key 1')"])
def test_other_securities(pair, auth):
    ap, sta = pair
    ap.run(f"wlan.init(ssid='other one', auth={auth})")
    sta.run(f"wlan.mode(WLAN.STA)\nwlan.connect('other one', auth={auth}, timeout=20000)")
    assert sta.value("wlan.isconnected()") is True


def test_an_ssid_that_is_no_text(pair):
    ap, sta = pair
    ap.run("wlan.init(ssid='Stra\\xdfe 7')")
    sta.run("wlan.mode(WLAN.STA)")
    assert sta.value("wlan.scan()[0].ssid") == "Straße 7"


SERVER = """
listener = socket.socket()
listener.bind(('', 80))
listener.listen(1)
"""
SERVE = """
s, peer = listener.accept()
request = b''
while not request.endswith(b'\\r\\n\\r\\n'):
    request += s.recv(100)
s.send(b'HTTP/1.0 200 OK\\r\\n\\r\\n')
for i in range(100):
    s.write(bytes(range(256)) * 4)
s.close()
print(request.split()[1].decode(), peer[0])
"""
GET = """
s = socket.socket()
s.connect(socket.getaddrinfo('{host}', 80)[0][-1])
s.write(b'GET /page HTTP/1.0\\r\\n\\r\\n')
head, size, right = s.readline(), 0, s.readline() == b'\\r\\n'
while True:
    part = s.recv(1000)
    if not part:
        break
    right = right and part == bytes((size + i) % 256 for i in range(len(part)))
    size += len(part)
s.close()
print(head.split()[1].decode(), size, right)
"""


def serve_one_page(server, client, host):
    """`client` gets a page of `server`; both UARTs are in use at once."""
    server.uart.raw_repl()
    server.uart.send(SERVE.encode() + b"\x04")
    server.uart.expect(b"OK")
    assert client.run(GET.format(host=host)).split() == ["200", "102400", "True"]
    said = server.uart.expect(b"\x04").decode()
    server.uart.expect(b"\x04>")
    server.uart.send(b"\x02")
    server.uart.expect(PROMPT)
    return said.split()


def test_pages_between_boards_and_names(pair):
    ap, sta = pair
    address = connect(pair)
    ap.run(SERVER)
    sta.run(SERVER)
    assert serve_one_page(ap, sta, "192.168.1.1") == ["/page", address]
    assert serve_one_page(sta, ap, address) == ["/page", "192.168.1.1"]
    # By the names that they announce; both ways.
    names = ap.value("network.hostname()"), sta.value("network.hostname()")
    assert names[0] == "wipy-" + ap.value("wlan.mac()")[4:].hex()
    assert serve_one_page(ap, sta, names[0] + ".local") == ["/page", address]
    assert serve_one_page(sta, ap, names[1] + ".local") == ["/page", "192.168.1.1"]
    sta.run("network.hostname('sensor-7')")
    assert ap.value("socket.getaddrinfo('sensor-7.local', 80)[0][-1]") == (address, 80)


MDNS_QUESTION = """
def ask(service):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(2)
    question = bytes((0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    for label in (service, '_tcp', 'local'):
        question += bytes((len(label),)) + label.encode()
    for i in range(10):
        s.sendto(question + bytes((0, 0, 12, 0x80, 1)), ('224.0.0.251', 5353))
        try:
            answer = s.recv(600)
            s.close()
            return answer
        except OSError:
            pass
"""


def test_services_are_announced(pair):
    ap, sta = pair
    connect(pair)
    sta.run(MDNS_QUESTION)
    name = ap.value("network.hostname()").encode()
    for service, port in (("_telnet", 23), ("_ftp", 21)):
        answer = sta.value(f"ask({service!r})")
        assert answer is not None and name in answer, service
        assert port.to_bytes(2, "big") + bytes([len(name)]) + name in answer or port.to_bytes(2, "big") in answer


def test_the_access_point_is_reset_and_the_station_comes_back(pair):
    ap, sta = pair
    address = connect(pair)
    sta.run("s = socket.socket()\ns.connect(('192.168.1.1', 23))\ns.recv(10)")
    for _ in range(3):
        ap.board.reset()
        wait_for(lambda: sta.value("wlan.isconnected()"), "the station is connected again", 60)
        assert sta.value("wlan.ifconfig()[0]") == address
        ap.uart.prompt()
        ap.run(PRELUDE + SERVER)
        assert serve_one_page(ap, sta, "192.168.1.1") == ["/page", address]
    # The connection of before is no more: a write is answered by a reset.
    sta.fails("s.settimeout(30)\nfor i in range(50):\n    s.send(b'x')\n    time.sleep_ms(100)", "OSError", limit=60)


def test_a_station_that_leaves_gives_its_address_back(pair):
    ap, sta = pair
    connect(pair)
    assert ap.value("wlan.connections()[0].ip") == "192.168.1.2"
    sta.run("wlan.disconnect()")
    fixed = ("192.168.1.77", "255.255.255.0", "192.168.1.1", "192.168.1.1")
    sta.run(f"wlan.ifconfig({fixed})\nwlan.connect({ssid_of(ap)!r}, auth=(WLAN.WPA2, {FACTORY_KEY!r}), timeout=20000)")
    assert ap.value("wlan.connections()[0].ip") is None


def test_another_key_locks_the_station_out_until_it_is_told(pair):
    ap, sta = pair
    connect(pair)
    ssid = ssid_of(ap)
    ap.run("wlan.auth((WLAN.WPA2, 'another key'))")
    wait_for(lambda: sta.value("wlan.status() == network.STAT_WRONG_PASSWORD"), "the station sees that the key is wrong")
    sta.run(f"wlan.connect({ssid!r}, auth=(WLAN.WPA2, 'another key'), timeout=20000)")
    assert sta.value("wlan.isconnected()") is True
    ap.run("wlan.mode(WLAN.STA)")
    wait_for(lambda: not sta.value("wlan.isconnected()"), "the station sees that the access point has gone")
    ap.run("wlan.mode(WLAN.AP)")
    wait_for(lambda: sta.value("wlan.isconnected()"), "the station is connected again", 60)


TELNET = """
s = socket.socket()
s.settimeout(20)
s.connect(('{address}', 23))
said = b''
def until(words):
    global said
    while words not in said:
        part = s.recv(200)
        if not part:
            raise OSError('closed; it said %r' % said)
        said += part
    said = said.split(words, 1)[1]
until(b'Login as: ')
s.send(b'micro\\r\\n')
until(b'Password: ')
s.send(b'python\\r\\n')
until(b'>>> ')
s.send(b'\\x04')
until(b'soft reboot')
until(b'>>> ')
s.send(b'6 * 7\\r')
until(b'42\\r\\n')
print('still there')
"""


def test_tutorial_with_a_fixed_address(pair):
    """MicroPython's docs/wipy/tutorial/wlan.rst: boot.py as it stands there; a soft reset during a telnet session breaks nothing."""
    ap, sta = pair
    ssid = ssid_of(ap)
    boot = f"""
import machine, network
from network import WLAN
wlan = WLAN()
if machine.reset_cause() != machine.SOFT_RESET:
    wlan.init(WLAN.STA)
    network.ipconfig(dns='8.8.8.8')
    wlan.ipconfig(addr4='192.168.1.107/24', gw4='192.168.1.1')
if not wlan.isconnected():
    wlan.connect({ssid!r}, auth=(WLAN.WPA2, {FACTORY_KEY!r}), timeout=20000)
    while not wlan.isconnected():
        machine.idle()
"""
    sta.run(f"file = open('/flash/boot.py', 'w')\nfile.write({boot!r})\nfile.close()")
    sta.board.reset()
    wait_for(lambda: ap.value("wlan.isconnected()"), "boot.py connects")
    wait_for(lambda: sta.board.status()["wlan"]["ip"] == "192.168.1.107", "boot.py sets the address")
    sta.uart.prompt(60)
    sta.run(PRELUDE)
    assert sta.value("(wlan.isconnected(), wlan.ifconfig())") == (True, ("192.168.1.107", "255.255.255.0", "192.168.1.1", "8.8.8.8"))
    assert "still there" in ap.run(TELNET.format(address="192.168.1.107"))
    assert sta.value("wlan.isconnected()") is True
    assert ap.value("[c.mac for c in wlan.connections()]") == [sta.value("wlan.mac()")]


def test_handler_is_told_and_forgotten_by_a_soft_reset(pair):
    ap, sta = pair
    ap.run("told = []\nirq = wlan.irq(trigger=WLAN.ANY_EVENT, handler=lambda w: told.append(w.isconnected()))")
    sta.run("told = []\nwlan.callback(lambda w: told.append(w.status()))")
    connect(pair)
    wait_for(lambda: True in ap.value("told"), "the access point's handler was called")
    wait_for(lambda: sta.value("network.STAT_GOT_IP in told"), "the station's handler was called")
    ap.run("irq.disable()\ntold.clear()")
    sta.run("wlan.disconnect()")
    wait_for(lambda: not ap.value("wlan.isconnected()"), "the station is gone")
    assert ap.value("told") == []
    ap.run("irq()")
    assert ap.value("told") == [False]
    ap.run("irq.enable()")
    ap.soft_reset()
    connect(pair)
    assert ap.value("wlan.isconnected()") is True
    assert ap.value("1 + 1") == 2


DNS_SERVER = """
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 53))
query, peer = s.recvfrom(512)
answer = query[:2] + bytes((0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0)) + query[12:]
answer += bytes((0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 20, 30, 40))
s.sendto(answer, peer)
s.close()
"""
SNTP_SERVER = """
import struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 123))
query, peer = s.recvfrom(100)
first = bytes((0x24, {stratum})) + bytes(22)
s.sendto(first + query[40:48] + bytes(8) + struct.pack('>II', {seconds}, 0), peer)
s.close()
"""


def run_both(server, code, client, statement):
    """Run `code` on one board while the other one runs a statement; returns what that prints."""
    server.uart.raw_repl()
    server.uart.send(code.encode() + b"\x04")
    server.uart.expect(b"OK")
    wait_for(lambda: client.value("wlan.isconnected()"), "connected")
    said = client.run(statement)
    server.uart.expect(b"\x04\x04>")
    server.uart.send(b"\x02")
    server.uart.expect(PROMPT)
    return said.strip()


def test_dns_server_that_dhcp_gave(pair):
    ap, sta = pair
    connect(pair)
    said = run_both(ap, DNS_SERVER, sta, "print(socket.getaddrinfo('some.where', 80)[0][-1])")
    assert said == "('10.20.30.40', 80)"
    # Without an answer the wait has an end; and Ctrl-C ends it at once.
    sta.fails("socket.getaddrinfo('no.where', 80)", "OSError")
    sta.uart.send(b"socket.getaddrinfo('no.where.else', 80)\r")
    sta.uart.expect(b"else', 80)\r\n")
    sta.uart.send(b"\x03")
    sta.uart.expect(b"KeyboardInterrupt")
    sta.uart.expect(PROMPT)


def test_time_from_the_network(pair):
    ap, sta = pair
    connect(pair)
    sta.run("import ntptime\nntptime.host = '192.168.1.1'\nntptime.timeout = 30\nimport time")
    seconds = 4102444800 + 2208988800 - (1 << 32)  # 2100-01-01: the second era of NTP
    said = run_both(ap, SNTP_SERVER.format(stratum=2, seconds=seconds), sta, "print(ntptime.time())")
    assert said == "4102444800"
    seconds = 1900000000 + 2208988800
    run_both(ap, SNTP_SERVER.format(stratum=2, seconds=seconds), sta, "ntptime.settime()")
    assert 0 <= sta.value("time.time()") - 1900000000 < 60
    said = run_both(ap, SNTP_SERVER.format(stratum=0, seconds=seconds), sta, "print(failed('ntptime.settime()'))")
    assert "does not know the time" in said
    sta.run("ntptime.timeout = 1")
    sta.fails("ntptime.time()", "OSError")
