"""What else is asked of telnet programs and of mpremote; test_clients_telnet.py has what all of them can."""

import pytest

from board import setting
from clients.telnet_programs import PROGRAMS, at_prompt, run_mpremote
from stream import PROMPT


@pytest.mark.parametrize("program", PROGRAMS)
def test_window_size(program, shared):
    with at_prompt(program, shared) as client:
        client.send(b"import wipy; wipy.terminal_size()\r")
        client.expect(b"terminal_size()")
        client.expect(b"(132, 43)")


# ---- the commands that inetutils telnet sends on demand


def escape(client, command):
    client.send(b"\x1d")
    client.expect(b"telnet> ")
    client.send(command + b"\r")


@pytest.fixture
def telnet(shared):
    with at_prompt("telnet", shared) as client:
        yield client


@pytest.mark.parametrize("command", [b"send ip", b"send brk"])
def test_sends_interrupt(telnet, command):
    telnet.send(b"while True: pass\r\r")
    telnet.expect(b"pass")
    escape(telnet, command)
    telnet.expect(b"KeyboardInterrupt")
    telnet.expect(PROMPT)


def test_sends_are_you_there(telnet):
    escape(telnet, b"send ayt")
    telnet.expect(b"[WiPy: yes]")


def test_sends_erase(telnet):
    telnet.send(b"print('nonsense")
    telnet.expect(b"nonsense")
    escape(telnet, b"send el")
    telnet.expect(b"\x1b[")  # only then the client's terminal is its own again
    telnet.send(b"print(6 * 8")
    telnet.expect(b"6 * 8")
    escape(telnet, b"send ec")
    telnet.expect(b"\x1b[")
    telnet.send(b"7)\r")
    telnet.expect(b"42")


def test_sends_abort_output(telnet):
    telnet.send(b"for i in range(500): print('line', i)\r\r")
    telnet.expect(b"line 0")
    escape(telnet, b"send ao")
    telnet.expect(PROMPT)
    telnet.send(b"print('i', i)\r")
    telnet.expect(b"i 499")


@pytest.mark.skipif(not setting("MICROPYTHON_DIR"), reason="MICROPYTHON_DIR is not set")
def test_mpremote_lists_and_removes(shared, tmp_path):
    def mpremote(*arguments):
        return run_mpremote(shared, tmp_path, *arguments)

    data = bytes(range(256)) * 40
    (tmp_path / "up.bin").write_bytes(data)
    assert mpremote("cp", tmp_path / "up.bin", ":kůň.bin").returncode == 0
    listing = mpremote("ls").stdout
    assert "10240 kůň.bin" in listing and "main.py" in listing
    assert mpremote("cp", ":kůň.bin", tmp_path / "down.bin").returncode == 0
    assert (tmp_path / "down.bin").read_bytes() == data
    assert mpremote("rm", ":kůň.bin").returncode == 0
