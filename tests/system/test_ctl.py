"""Acting on a running board: `wipy ctl`, and the control socket for programs."""

import json
import os
import re
import time

import pytest

from board import wait_for, wipy
from stream import LIMIT


# ---- status


def test_status_members(shared):
    status = shared.status()
    assert {"state", "uptime_ms", "board_ms", "speed", "fault", "boot", "led", "pins", "addresses", "wlan", "sd"} <= set(status)
    assert status["state"] == "running" and status["speed"] == 1 and status["fault"] is None and status["sd"] is None
    assert 0 < status["uptime_ms"] <= status["board_ms"]
    boot = status["boot"]
    assert (boot["mode"], boot["image"], boot["slot"], boot["reset_cause"]) == ("normal", "factory", "factory", "power_on")
    assert re.fullmatch(r"\d+\.\d+\.\d+", boot["version"])
    assert set(status["led"]) >= {"on", "pattern"} and isinstance(status["led"]["on"], bool)
    assert status["pins"]["GP28"] == {"level": 0, "driver": "pull-down"}
    assert set(status["addresses"]) >= {"telnet", "ftp", "uart0"}
    assert status["addresses"]["uart0"].startswith("/dev/pts/")
    wlan = status["wlan"]
    assert wlan["mode"] == "ap" and wlan["ip"] == "192.168.1.1"
    assert re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", wlan["mac"])
    assert wlan["ssid"] == "wipy-wlan-" + wlan["mac"].replace(":", "")[-4:]


def test_version_is_one(shared):
    version = shared.status()["boot"]["version"]
    assert version in wipy("--version").stdout


def test_clocks_run(shared):
    before = shared.status()
    wait_for(lambda: shared.status()["uptime_ms"] > before["uptime_ms"] + 20, "time passes")
    after = shared.status()
    assert after["board_ms"] - before["board_ms"] == pytest.approx(after["uptime_ms"] - before["uptime_ms"], abs=2)


# ---- reset and power


def test_reset(board):
    session = board.telnet()
    session.python("x = 1")
    ftp = board.ftp()
    board.put("/flash/keep", "kept")
    before = board.status()
    board.reset()
    after = board.status()
    assert after["boot"]["reset_cause"] == "hard" and after["uptime_ms"] < before["uptime_ms"] + 10_000
    assert after["board_ms"] >= before["board_ms"]
    session.expect_end()
    with pytest.raises((EOFError, OSError)):
        while True:
            ftp.voidcmd("NOOP")
    board.wait_state("running")
    assert "NameError" in board.telnet().python("x"), "RAM does not survive"
    assert board.get("/flash/keep") == b"kept"


def test_no_status_of_the_old_run_after_reset(board):
    wait_for(lambda: board.status()["uptime_ms"] > 300, "some uptime")
    for _ in range(10):
        board.reset()
        before = time.monotonic()
        status = board.status()
        assert status["uptime_ms"] <= (time.monotonic() - before) * 1000 + 300
        wait_for(lambda: board.status()["uptime_ms"] > 300, "some uptime")


def test_power(board):
    session = board.telnet()
    assert board.power("off") is None
    status = board.status()
    assert status["state"] == "off" and not status["led"]["on"]
    session.expect_end()
    with pytest.raises((AssertionError, OSError)):
        board.telnet(limit=2)
    board.power("off")  # off is off
    board.power("on")
    status = board.wait_state("running")
    assert status["boot"]["reset_cause"] == "power_on"
    assert status["board_ms"] > status["uptime_ms"]
    assert board.telnet().python("1+1") == "2"
    before = board.status()["uptime_ms"]
    board.power("on")  # on is on: nothing happens
    assert board.status()["uptime_ms"] >= before


def test_reset_while_off_is_refused_or_does_nothing(board):
    board.power("off")
    result = board.ctl("reset", check=False)
    assert result.returncode == 1 and result.stderr.startswith("wipy ctl: ")
    assert board.status()["state"] == "off"


def test_resets_in_a_row(board):
    for _ in range(20):
        board.reset()
    board.wait_state("running")
    assert board.telnet().python("1+1") == "2"


# ---- pins


def test_pins(board):
    assert board.status()["pins"]["GP28"] == {"level": 0, "driver": "pull-down"}
    board.pin("GP28", 1)
    assert board.status()["pins"]["GP28"] == {"level": 1, "driver": "external"}
    assert "1" in board.pin("GP28")
    board.reset()
    assert board.status()["pins"]["GP28"]["level"] == 1, "who drives the pin drives it through a reset"
    board.pin("GP28", 0)
    assert board.status()["pins"]["GP28"] == {"level": 0, "driver": "external"}
    board.pin("GP28", "release")
    assert board.status()["pins"]["GP28"] == {"level": 0, "driver": "pull-down"}


def test_pin_from_the_start(make_board):
    board = make_board("--pin", "GP28=1", "--pin", "GP0=0", start=False)
    board.start()
    pins = board.status()["pins"]
    assert pins["GP28"] == {"level": 1, "driver": "external"}
    assert pins["GP0"] == {"level": 0, "driver": "external"}


# ---- faults


def test_crash_is_a_fault_with_the_led_on_until_reset(board):
    session = board.telnet()
    session.send(b"import machine; machine.mem32[0x10] = 1\r")
    status = board.wait_state("fault")
    assert isinstance(status["fault"], (str, dict)) and status["fault"]
    assert "10" in json.dumps(status["fault"]), "it says which address"
    assert status["led"]["on"]
    assert board.led_history()[-1][1]
    # services are gone, the board's are not
    session.expect_end()
    assert board.ctl("pin", "GP28").returncode == 0
    assert board.status()["state"] == "fault", "it is parked"
    board.reset()
    status = board.wait_state("running")
    assert status["fault"] is None and not status["led"]["on"]
    assert board.telnet().python("1+1") == "2"


def test_crash_in_main_is_a_fault_again_until_main_is_gone(board):
    board.put("/flash/main.py", "import machine\nmachine.mem8[0] = 1\n")
    board.reset()
    board.wait_state("fault")
    board.reset()
    board.wait_state("fault")
    board.stop()
    assert wipy("flash", "rm", board.directory, "/flash/main.py").returncode == 0
    board.start()
    assert board.telnet().python("1+1") == "2"


def test_deep_recursion_is_an_exception_not_a_fault(board):
    session = board.telnet()
    output = session.run("""
def f():
    return f()
try:
    f()
except RuntimeError as error:
    print('caught', error)
""")
    assert output.startswith("caught")
    session.python("eval('(' * 1000 + ')' * 1000)")
    assert session.python("1+1") == "2"
    assert board.status()["state"] == "running"


def test_memory_error_is_an_exception_not_a_fault(board):
    session = board.telnet()
    assert "MemoryError" in session.python("bytearray(100_000_000)")
    assert "MemoryError" in session.run("""
a = []
try:
    while True:
        a.append(bytearray(1000))
except MemoryError as error:
    a = None
    print('MemoryError', error)
""")
    assert session.python("1+1") == "2"


def test_heap_size(board):
    free = int(board.telnet().python("import gc; _ = gc.collect(); gc.mem_free() + gc.mem_alloc()"))
    assert 200 * 1024 < free <= 256 * 1024


# ---- the control socket


def test_socket_verbs(board):
    answer = json.loads(board.control('{"verb": "status"}'))
    assert answer["ok"] is True and answer["status"]["state"] == "running"
    assert json.loads(board.control('{"verb": "pin", "pin": "GP28", "value": 1}')) == {
        "ok": True, "pin": "GP28", "level": 1, "driver": "external",
    }
    assert json.loads(board.control('{"verb": "pin", "pin": "GP28"}'))["level"] == 1
    assert json.loads(board.control('{"verb": "power", "value": "off"}')) == {"ok": True}
    assert board.status()["state"] == "off"
    assert json.loads(board.control('{"verb": "power", "value": "on"}')) == {"ok": True}
    board.wait_state("running")
    assert json.loads(board.control('{"verb": "reset"}')) == {"ok": True}
    changes = json.loads(board.control('{"verb": "led"}'))
    assert changes["ok"] and all(len(change) == 2 for change in changes["changes"])


def test_socket_several_verbs_on_one_connection(board):
    with board.control_socket() as sock, sock.makefile() as answers:
        sock.sendall(b'{"verb": "pin", "pin": "GP1", "value": 1}\n{"verb": "pin", "pin": "GP1"}\n{"verb":')
        sock.sendall(b' "status"}\n')
        assert json.loads(answers.readline())["level"] == 1
        assert json.loads(answers.readline())["level"] == 1
        assert json.loads(answers.readline())["status"]["pins"]["GP1"]["level"] == 1


@pytest.mark.parametrize(
    "line",
    ["", "status", "{}", "[]", "null", '{"verb": 7}', '{"verb": "dance"}', '{"verb": "pin"}', '{"verb": "pin", "pin": 28}',
     '{"verb": "pin", "pin": "GP28", "value": 2}', '{"verb": "pin", "pin": "GP28", "value": "high"}', '{"verb": "power"}',
     '{"verb": "power", "value": 1}', '{"verb": "status"', "\x00\x01\x02", '{"verb": "status"} trailing', "{" * 2000, "[" * 4000,
     '{"verb": "' + "x" * 100_000 + '"}'],
    ids=lambda line: repr(line[:24]),
)
def test_socket_bad_input(shared, line):
    answer = json.loads(shared.control(line))
    assert answer["ok"] is False and answer["error"]
    assert shared.status()["state"] == "running"


def test_socket_follow_led(make_board):
    board = make_board("--speed", "50")
    with board.control_socket() as sock, sock.makefile() as answers:
        sock.sendall(b'{"verb": "led", "follow": true}\n')
        assert json.loads(answers.readline())["ok"] is True
        for _ in range(4):
            when, on = json.loads(answers.readline())["led"]
            assert when > 0 and on in (0, 1)


def test_socket_clients_that_come_and_go(shared, seeded):
    """Many at once, silent ones, ones that vanish: the next is served."""
    crowd = []
    for _ in range(100):
        sock = shared.control_socket()
        sock.sendall(seeded.choice([b"", b'{"verb":', b'{"verb": "status"}\n']))
        crowd.append(sock)
    for sock in crowd:
        sock.close()
    wait_for(lambda: json.loads(shared.control('{"verb": "status"}') or "{}").get("ok"), "service after the crowd", LIMIT)
    assert shared.status()["state"] == "running"


def test_files_of_the_board_are_the_owners(shared):
    assert shared.directory.stat().st_mode & 0o022 == 0
    assert (shared.directory / "control.sock").stat().st_mode & 0o077 == 0


# ---- the sandbox, as far as it is seen from outside


def test_mcu_is_locked_in(board):
    (mcu,) = board.mcu_pids
    with open(f"/proc/{mcu}/status") as status:
        fields = dict(line.split(":\t", 1) for line in status.read().splitlines() if ":\t" in line)
    assert fields["NoNewPrivs"].strip() == "1"
    assert fields["Seccomp"].strip() == "2"
    for fd in os.listdir(f"/proc/{mcu}/fd"):
        target = os.readlink(f"/proc/{mcu}/fd/{fd}")
        with open(f"/proc/{mcu}/fdinfo/{fd}") as info:
            flags = int(re.search(r"^flags:\s*(\d+)", info.read(), re.M)[1], 8)
        if target == str(board.directory / "flash.bin"):
            assert flags & os.O_ACCMODE == os.O_RDONLY, "the MCU only reads the flash; the board writes it"
        else:
            assert target.startswith(("socket:", "/memfd:", "anon_inode:")), target


def test_python_has_no_host(shared):
    """Nothing of the host shows through Python."""
    session = shared.telnet()
    for path in ("/etc/passwd", "/proc/self/maps", "../etc/passwd", "/flash/../../etc/passwd"):
        assert "OSError" in session.python(f"open('{path}')")
    assert session.python("import os; os.listdir('/')") == "['flash']"
    session.close()
