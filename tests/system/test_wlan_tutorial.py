"""The WLAN tutorial of MicroPython's documentation, step by step as it is written: docs/wipy/tutorial/wlan.rst."""

import re

import pytest

from board import micropython, retrieve, store, wait_for
from stream import PROMPT

ADDRESS = "192.168.0.107"  # the tutorial's


def blocks():
    """The literal blocks of the tutorial (notes are none), without their indentation."""
    text = micropython("docs/wipy/tutorial/wlan.rst").read_text(encoding="utf-8")
    found = re.findall(r"(?<!note)::\n\n((?:   .*\n|\n)+)", text)
    return ["\n".join(line[len(re.match(" *", block)[0]) :] for line in block.rstrip().splitlines()) for block in found]


@pytest.fixture
def home(make_board, tmp_path):
    """A board at home, where the tutorial's network is."""
    return make_board("--air", tmp_path / "air", "--router", "mywifi:mywifikey")


def scripts():
    """(the lines for the prompt, how to become a station, how to connect, boot.py)"""
    prompt, mode, station, connect, boot = blocks()
    return (prompt + "\n" + mode).replace(">>> ", "").splitlines(), station, connect, boot


def test_wlan_step_by_step(home):
    lines, station, connect, _ = scripts()
    assert [line.split("#")[0].strip() for line in lines] == ["from network import WLAN", "wlan = WLAN()", "wlan.mode()"]
    uart = home.uart()
    with home.telnet() as session:
        for line in lines:
            said = session.python(line)
        assert said == session.python("WLAN.AP")
        # "When you change the WLAN mode ..., your WLAN connection to the WiPy will be broken."
        for line in station.splitlines():
            session.send(line.encode() + b"\r")
        session.expect_end()
    # "duplicate the REPL on UART": it is there.
    uart.prompt()
    said = uart.run("import machine\n" + connect, 30)
    assert said.splitlines() == ["Network found!", "WLAN connection succeeded!"]
    with home.telnet() as session:
        assert session.python("wlan.isconnected()") == "True"
    home.put("/flash/by ftp.txt", b"from home")
    assert home.get("/flash/by ftp.txt") == b"from home"


def wait_for_address(home):
    """Until boot.py has set it: whoever comes sooner is cut off when the mode changes."""
    wait_for(lambda: home.status()["wlan"]["ip"] == ADDRESS, "the address that boot.py sets")


def test_static_address_when_booting_and_soft_reset_in_a_telnet_session(home):
    boot = scripts()[3]
    assert ADDRESS in boot
    home.put("/flash/boot.py", boot)
    home.reset()
    wait_for_address(home)
    with home.telnet() as session, home.ftp() as ftp:
        assert session.python("wlan.ifconfig()") == f"('{ADDRESS}', '255.255.255.0', '192.168.0.1', '8.8.8.8')"
        store(ftp, "/flash/kept.txt", b"x" * 10000)
        # "this is crucial in order to be able to soft reset the WiPy during a telnet session without breaking the connection"
        for _ in range(3):
            session.send(b"\x04")
            session.expect(b"soft reboot")
            session.expect(PROMPT)
            assert session.python("import machine; machine.reset_cause() == machine.SOFT_RESET") == "True"
            assert session.python("from network import WLAN; WLAN().isconnected(), WLAN().ifconfig()[0]") == f"(True, '{ADDRESS}')"
        assert retrieve(ftp, "/flash/kept.txt") == b"x" * 10000

        session.send(b"machine.reset()\r")
        session.expect_end()
    wait_for_address(home)
    with home.telnet() as session:
        assert session.python("wlan.isconnected()") == "True"
    assert home.get("/flash/boot.py").decode() == boot
