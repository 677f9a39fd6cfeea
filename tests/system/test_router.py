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

SSID, KEY = "home net", "a very long key: yes"
ROUTER = "192.168.178.1"
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
    assert address.startswith("192.168.178.") and address != ROUTER
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
    uart.run("from network import WLAN\nwlan = WLAN(mode=WLAN.STA)\nwlan.ifconfig(config=('192.168.178.107', '255.255.255.0', '192.168.178.1', '192.168.178.1'))")
    join(uart)
    with home.telnet() as session:
        assert "192.168.178.107" in session.python("wlan.ifconfig()")
    # It moves while somebody is there: that connection ends, and the port leads to the new address.
    with home.telnet() as session:
        uart.run("wlan.ifconfig(config=('192.168.178.108', '255.255.255.0', '192.168.178.1', '192.168.178.1'))")
        session.expect_end()
    with home.telnet() as session:
        assert "192.168.178.108" in session.python("wlan.ifconfig()")
