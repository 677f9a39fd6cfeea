"""The air from outside: the place and its beacons, the laptop that loses its board and finds it again, copied folders, hostile members."""

import hashlib
import hmac
import json
import os
import shutil
import socket

import pytest

from board import wait_for, wipy
from stream import LIMIT

FACTORY_KEY = "www.wipy.io"
HELLO, NONCE, PROOF, ACCEPT, REFUSE = 1, 2, 3, 4, 5
WPA2 = 3
WRONG_KEY = 1
TAKEN = 6


class Place:
    """A directory of the air, as docs/spec.md describes it."""

    def __init__(self, path):
        self.path = path

    def beacons(self):
        """{bssid: beacon}"""
        return {file.stem: json.loads(file.read_text()) for file in self.path.glob("*.ap")}

    def connect(self, bssid):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        folder = os.open(self.path, os.O_PATH)
        try:
            sock.connect(f"/proc/self/fd/{folder}/{bssid}.sock")
        finally:
            os.close(folder)
        sock.settimeout(LIMIT)
        return sock

    def join(self, bssid, mac, key=FACTORY_KEY):
        """Associate; returns the socket and the access point's last packet."""
        ssid = bytes.fromhex(self.beacons()[bssid]["ssid"])
        sock = self.connect(bssid)
        sock.send(bytes([HELLO, 1, WPA2, len(ssid)]) + mac + ssid)
        packet = sock.recv(200)
        assert packet[:4] == bytes([NONCE, 1, 0, 0]) and len(packet) == 36
        nonces = packet[4:] + os.urandom(32)
        pmk = hashlib.pbkdf2_hmac("sha1", key.encode(), ssid, 4096, 32)
        agreed = bytes([1, WPA2, len(ssid)]) + bytes.fromhex(bssid) + mac + nonces + ssid

        def mic(kind):
            return hmac.new(pmk, bytes([kind]) + agreed, "sha1").digest()

        sock.send(bytes([PROOF, 1, 0, 0]) + nonces[32:] + mic(PROOF))
        packet = sock.recv(200)
        if packet[0] == ACCEPT:
            assert packet == bytes([ACCEPT, 1, 0, 0]) + mic(ACCEPT)
        return sock, packet


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "air")


def bssid_of(board):
    return board.status()["wlan"]["mac"].replace(":", "")


def python(board, code):
    """Run code at the UART, which needs no network."""
    uart = board.uart()
    uart.prompt()
    return uart.run(code)


def test_a_beacon_says_what_there_is(make_board, place):
    board = make_board("--air", place.path)
    bssid = bssid_of(board)
    ssid = board.status()["wlan"]["ssid"]
    assert place.beacons() == {bssid: {"ssid": ssid.encode().hex(), "channel": 5, "security": "wpa2"}}
    assert place.path.stat().st_mode & 0o777 == 0o700
    board.power("off")
    assert place.beacons() == {}
    board.power("on")
    wait_for(lambda: bssid in place.beacons(), "the beacon after power on")
    board.stop()
    assert list(place.path.iterdir()) == []


def test_without_air_all_boards_of_a_user_are_in_one(make_board, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    boards = [make_board(name="one"), make_board(name="two")]
    assert set(Place(tmp_path / "wipy-air").beacons()) == {bssid_of(board) for board in boards}
    for board in boards:  # each laptop is at its own board
        assert board.telnet().python("1 + 1") == "2"


def test_a_killed_board_vanishes_and_comes_back(make_board, place):
    one, two = make_board("--air", place.path, name="one"), make_board("--air", place.path, name="two")
    gone = bssid_of(one)
    one.kill9()
    assert python(two, "from network import WLAN; print([n.ssid for n in WLAN().scan()])").strip() == "[]"
    assert set(place.beacons()) == {bssid_of(two)}
    one.start()
    assert bssid_of(one) == gone
    assert one.telnet().python("1 + 1") == "2"
    assert set(place.beacons()) == {gone, bssid_of(two)}


def test_another_key_or_name_locks_the_laptop_out(make_board, place):
    board = make_board("--air", place.path)
    session = board.telnet()
    uart = board.uart()
    uart.prompt()
    uart.run("from network import WLAN\nwlan = WLAN()\nssid = wlan.ssid()")
    bssid = bssid_of(board)
    for change, undo in (
        ("wlan.auth((WLAN.WPA2, 'another key'))", f"wlan.auth((WLAN.WPA2, '{FACTORY_KEY}'))"),
        ("wlan.ssid('elsewhere')", "wlan.ssid(ssid)"),
        ("wlan.mode(WLAN.STA)", "wlan.mode(WLAN.AP)"),
    ):
        uart.run(change)
        session.expect_end()
        address = board.address("telnet")
        with pytest.raises(ConnectionResetError):  # at once, or when it has waited for the network in vain
            socket.create_connection(address, timeout=LIMIT).recv(1)
        uart.run(undo)
        session = board.telnet()  # waits for the network: it is there again
        assert session.python("1 + 1") == "2"
    assert list(place.beacons()) == [bssid]


LOST, BACK = "notice: the laptop lost the board's network: ", "notice: the laptop is back in the board's network"


def losses(board):
    return [line for line in board.errors().splitlines() if line.startswith(LOST) or line == BACK]


@pytest.mark.parametrize(
    "change, undo, why",
    [
        ("wlan.auth((WLAN.WPA2, 'another key'))", f"wlan.auth((WLAN.WPA2, '{FACTORY_KEY}'))", "{} wants another key than the factory's"),
        ("wlan.auth(None)", f"wlan.auth((WLAN.WPA2, '{FACTORY_KEY}'))", "{} is open now"),
        ("wlan.auth((WLAN.WEP, '12345'))", f"wlan.auth((WLAN.WPA2, '{FACTORY_KEY}'))", "{} has another security than WPA2 now"),
        ("wlan.ssid('elsewhere')", "wlan.ssid(ssid)", "its name is elsewhere now, and not {}"),
        ("wlan.mode(WLAN.STA)", "wlan.mode(WLAN.AP)", "{} is off the air"),
        ("wlan.mode(WLAN.STA); wlan.connect('nowhere')", "wlan.mode(WLAN.AP)", "it is a station now"),
    ],
)
def test_a_laptop_that_has_lost_the_board_says_why(make_board, place, change, undo, why):
    """From then on its ports keep nobody waiting."""
    board = make_board("--air", place.path)
    uart = board.uart()
    uart.prompt()
    uart.run("from network import WLAN\nwlan = WLAN()\nssid = wlan.ssid()")
    line = LOST + why.format(board.status()["wlan"]["ssid"])
    for round in (1, 2):
        uart.run(change)
        wait_for(lambda: losses(board) == [line, BACK] * (round - 1) + [line], "the words")
        assert board.status()["notices"] == [line.removeprefix("notice: ")]
        for service in ("telnet", "ftp"):
            with pytest.raises(ConnectionResetError):  # in less than the wait of one who may hope
                socket.create_connection(board.address(service), timeout=4).recv(1)
        uart.run(undo)
        assert board.telnet().python("1 + 1") == "2"  # from here on there is hope again
        assert losses(board) == [line, BACK] * round and board.status()["notices"] == []


def test_the_words_are_about_what_is_so_now(make_board, place):
    """One setting after the other is changed."""
    board = make_board("--air", place.path)
    uart = board.uart()
    uart.prompt()
    uart.run("from network import WLAN\nwlan = WLAN()\nssid = wlan.ssid()")
    ssid = board.status()["wlan"]["ssid"]
    for change, why in (
        ("wlan.ssid('elsewhere')", f"its name is elsewhere now, and not {ssid}"),
        ("wlan.auth((WLAN.WPA2, 'another key'))", f"its name is elsewhere now, and not {ssid}; it wants another key than the factory's"),
        ("wlan.auth(None)", f"its name is elsewhere now, and not {ssid}; it is open now"),
        ("wlan.ssid(ssid)", f"{ssid} is open now"),
        ("wlan.auth((WLAN.WPA2, 'another key'))", f"{ssid} wants another key than the factory's"),
    ):
        uart.run(change)
        wait_for(lambda: board.status()["notices"] == [(LOST + why).removeprefix("notice: ")], why)


def test_a_lost_board_is_found_by_a_reset(make_board, place):
    board = make_board("--air", place.path)
    uart = board.uart()
    uart.prompt()
    uart.run("from network import WLAN\nwlan = WLAN()\nwlan.auth((WLAN.WPA2, 'another key'))")
    wait_for(lambda: len(losses(board)) == 1, "the words")
    board.reset()
    assert board.telnet().python("1 + 1") == "2"
    assert len(losses(board)) == 2
    for _ in range(3):  # which alone is no loss
        board.reset()
        assert board.telnet().python("1 + 1") == "2"
    assert len(losses(board)) == 2


def test_no_laptop(make_board, place):
    board = make_board("--no-laptop", "--air", place.path)
    assert board.status()["addresses"] == {"telnet": None, "ftp": None, "uart0": board.status()["addresses"]["uart0"]}
    assert len(board.pids) == 2
    sock, packet = place.join(bssid_of(board), b"\x02\0\0\0\0\x01")
    assert packet[0] == ACCEPT
    assert python(board, "from network import WLAN; print(len(WLAN().connections()))").strip() == "1"
    sock.close()


def test_a_copied_folder_is_told_of(make_board, tmp_path, place):
    board = make_board("--air", place.path, name="wipy")
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("board.json", "flash.bin"):
        shutil.copy(board.directory / name, copy)
    result = wipy("run", copy, "--telnet", "0", "--ftp", "0", "--air", place.path)
    assert result.returncode == 1
    assert board.status()["wlan"]["mac"] in result.stderr and "--air" in result.stderr
    assert result.stderr.count("\n") == 1
    other = make_board("--air", tmp_path / "other", name="copy")
    assert other.telnet().python("1 + 1") == "2"


def networks(folder):
    return [line.rpartition("  ")[2] for line in wipy("air", folder, check=True).stdout.splitlines()]


def test_a_folder_that_has_gone_is_no_fault(make_board, tmp_path):
    """Logging out removes what is in XDG_RUNTIME_DIR."""
    session = tmp_path / "session"
    session.mkdir(mode=0o700)
    board = make_board("--air", session / "air", "--no-laptop", "--router", "home:www.wipy.io")
    shutil.rmtree(session)
    assert python(board, "from network import WLAN; WLAN().init(WLAN.AP, ssid='changed', auth=None)").strip() == ""
    assert f"not heard in the air {session}/air as long as that is so: No such file" in board.errors()
    board.reset()
    assert board.wait_state("running")["fault"] is None
    session.mkdir(mode=0o700)
    wait_for(lambda: (session / "air").exists(), "the folder")
    ssid = board.status()["wlan"]["ssid"]
    wait_for(lambda: sorted(networks(session / "air")) == ["home", ssid], "both networks")
    shutil.rmtree(session / "air")
    wait_for(lambda: (session / "air").exists(), "the folder")
    wait_for(lambda: sorted(networks(session / "air")) == ["home", ssid], "both networks")


def test_a_place_must_be_ones_own(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for name, words in (("file", "Not a directory"), ("open", "writable by nobody else"), ("no/such", "No such file")):
        result = wipy("run", tmp_path / "wipy", "--telnet", "0", "--ftp", "0", "--air", tmp_path / name)
        assert result.returncode == 1 and words in result.stderr and str(tmp_path / name) in result.stderr
        assert result.stderr.count("\n") == 1
    assert not (tmp_path / "wipy").exists()


def test_the_key_is_needed(make_board, place):
    board = make_board("--air", place.path)
    sock, packet = place.join(bssid_of(board), b"\x02\0\0\0\0\x01", "87654321")
    assert packet == bytes([REFUSE, 1, WRONG_KEY, 0])
    assert sock.recv(1) == b""
    sock.close()


def said_by_arp(mac, target, operation, sender, sender_mac, address):
    """A frame of ARP from `mac`."""
    return target + mac + b"\x08\x06\0\1\x08\0\6\4\0" + bytes([operation]) + sender_mac + socket.inet_aton(sender) + bytes(6) + socket.inet_aton(address)


ARP_REQUEST, ARP_REPLY = 1, 2
EVERYBODY = b"\xff" * 6


def test_a_member_that_lies_by_arp(make_board, place):
    """It says that the board's address, or the laptop's, is at its own MAC, or at one that nobody has. What goes on goes on."""
    board = make_board("--air", place.path)
    session = board.telnet()
    bssid, mac, nowhere = bytes.fromhex(bssid_of(board)), b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"
    laptop, ours, theirs, me = b"\x02" + bssid[1:], "192.168.1.1", "192.168.1.2", "192.168.1.200"
    sock, packet = place.join(bssid_of(board), mac)
    assert packet[0] == ACCEPT
    for liar in (mac, nowhere):
        for victim, lie, whole in ((laptop, ours, theirs), (bssid, theirs, ours), (bssid, ours, ours), (laptop, theirs, theirs)):
            for target in (victim, EVERYBODY):
                sock.send(said_by_arp(mac, target, ARP_REPLY, lie, liar, whole))
                sock.send(said_by_arp(mac, target, ARP_REQUEST, lie, liar, whole))
                sock.send(said_by_arp(mac, target, ARP_REQUEST, lie, liar, lie))
            sock.send(said_by_arp(mac, victim, ARP_REQUEST, me, mac, theirs if victim == laptop else ours))
            while (frame := sock.recv(2000))[6:14] != victim + b"\x08\x06" or frame[38:42] != socket.inet_aton(me):
                pass  # an answer to the honest question: the lies have been heard
            assert session.python("1 + 1") == "2"
    sock.close()
    assert session.python("1 + 1") == "2"


def test_hostile_members(make_board, place, seeded):
    """Random packets at the door, random frames from a member, others' addresses, floods: the board, its laptop and a neighbour go on."""
    board, neighbour = make_board("--air", place.path, name="one"), make_board("--air", place.path, name="two")
    bssid = bssid_of(board)
    session = board.telnet()
    laptop = bytes.fromhex("02" + bssid[2:])
    for _ in range(300):
        sock = place.connect(bssid)
        for _ in range(seeded.randrange(3)):
            try:
                sock.send(bytes([seeded.randrange(6), 1]) + seeded.randbytes(seeded.randrange(150)))
            except OSError:
                break
        sock.close()
    mac = b"\x02\0\0\0\0\x01"
    sock, packet = place.join(bssid, mac)
    assert packet[0] == ACCEPT
    sock.setblocking(False)
    targets = [bytes.fromhex(bssid), laptop, b"\xff" * 6, seeded.randbytes(6)]
    kinds = [b"\x08\x00", b"\x08\x06", b"\x86\xdd", seeded.randbytes(2)]
    for number in range(20000):
        source = mac if seeded.random() < 0.8 else seeded.choice(targets)
        body = seeded.randbytes(seeded.randrange(1500))
        if seeded.random() < 0.5:  # something like an IPv4 packet
            body = b"\x45\0" + len(body).to_bytes(2, "big") + body[4:9] + bytes([seeded.choice([1, 2, 6, 17])]) + body[10:]
        frame = seeded.choice(targets) + source + seeded.choice(kinds) + body
        try:
            sock.send(frame[: seeded.randrange(1, 1600)])
        except BlockingIOError:
            assert session.python(str(number)) == str(number)
        except OSError as error:
            raise AssertionError(f"the member was dropped: {error}") from error
    assert session.python("1 + 1") == "2"
    assert neighbour.telnet().python("1 + 1") == "2"
    assert board.status()["state"] == "running"
    sock.close()
