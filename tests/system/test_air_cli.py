"""`wipy air`: the networks in range, and how bad the air is."""

import os
import re
import socket
import subprocess

import pytest

from board import WIPY, wait_for, wipy


def networks(place):
    """[[bssid, channel, security, ssid], ...]"""
    result = wipy("air", place)
    assert result.returncode == 0, result.stderr
    return [line.split(maxsplit=3) for line in result.stdout.splitlines()]


def conditions(place):
    return wipy("air", place, "set").stdout.strip()


def mac_of(board):
    return board.status()["wlan"]["mac"]


def test_nothing_in_range(tmp_path):
    result = wipy("air", tmp_path / "air")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"wipy air: no such folder: {tmp_path / 'air'}\n"
    assert not (tmp_path / "air").exists()
    (tmp_path / "air").mkdir(mode=0o700)
    result = wipy("air", tmp_path / "air")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == f"no networks in {tmp_path / 'air'}\n"


def test_boards_come_and_go(make_board, tmp_path):
    place = tmp_path / "air"
    one, two = (make_board("--air", place, "--no-laptop", name=name) for name in ("one", "two"))
    wanted = sorted([mac_of(board), "5", "WPA2", board.status()["wlan"]["ssid"]] for board in (one, two))
    assert networks(place) == wanted
    beacon = place / (mac_of(one).replace(":", "") + ".ap")
    assert beacon.exists()
    one.kill9()  # leaves its beacon behind, which must not be seen
    assert networks(place) == [entry for entry in wanted if entry[0] == mac_of(two)]
    assert not beacon.exists()
    two.power("off")
    assert networks(place) == []


def test_a_name_cannot_disturb_the_list(make_board, tmp_path):
    board = make_board("--air", tmp_path / "air", "--no-laptop")
    uart = board.uart()
    uart.prompt()
    uart.send(b"import network; network.WLAN().init(network.WLAN.AP, ssid='a b\\n\\\\c', auth=None)\r")
    wait_for(lambda: networks(tmp_path / "air") == [[mac_of(board), "5", "open", r"a b\x0a\x5cc"]], "the new name")


def test_the_air_of_all_boards(make_board, tmp_path):
    (tmp_path / "run").mkdir(mode=0o700)
    result = wipy("air", env={"XDG_RUNTIME_DIR": str(tmp_path / "run")})
    assert result.returncode == 0 and result.stderr == f"no networks in {tmp_path / 'run/wipy-air'}\n"
    result = wipy("air", "set", "loss=50%", env={"XDG_RUNTIME_DIR": str(tmp_path / "run")})
    assert result.returncode == 0 and "loss=50%" in conditions(tmp_path / "run/wipy-air")


def test_conditions_are_kept(tmp_path):
    place = tmp_path / "air"
    assert conditions(place) == "loss=0% delay=0ms jitter=0ms rate=0kbps"
    one, two = "d4:f5:13:5e:00:01", "d4:f5:13:5e:00:02"
    wipy("air", place, "set", "loss=1%", "delay=20ms", "jitter=5ms", f"cut={one}", f"cut={two}", check=True)
    wipy("air", place, "set", "rate=1000kbps", f"restore={one}", check=True)
    assert conditions(place) == f"loss=1% delay=20ms jitter=5ms rate=1000kbps cut={two}"
    wipy("air", place, "set", *conditions(place).split(), check=True)  # what it prints is what it takes
    wipy("air", place, "set", "clear", "delay=7ms", check=True)
    assert conditions(place) == "loss=0% delay=7ms jitter=0ms rate=0kbps"


def test_two_who_set_at_a_time(tmp_path):
    place = tmp_path / "air"
    macs = [f"d4:f5:13:5e:00:{number:02x}" for number in range(24)]
    for process in [subprocess.Popen([WIPY, "air", place, "set", f"cut={mac}"], stderr=subprocess.DEVNULL) for mac in macs]:
        assert process.wait() == 0
    assert sorted(re.findall(r"cut=(\S+)", conditions(place))) == macs
    assert [file.name for file in place.iterdir()] == ["conditions.json"]


@pytest.mark.parametrize(
    "setting", ["loss=101%", "loss=1", "delay=20", "jitter=5ms", "rate=fast", "cut=here", "restore=d4:f5", "range=5m", "loss", ""]
)
def test_settings_that_make_no_sense(tmp_path, setting):
    place = tmp_path / "air"
    result = wipy("air", place, "set", "loss=3%", setting)
    assert result.returncode == 2 and result.stdout == ""
    assert re.match(r"wipy air: .*\n`wipy help air`", result.stderr) and setting in result.stderr
    assert conditions(place) == "loss=0% delay=0ms jitter=0ms rate=0kbps"  # all or nothing


NO_FILES = {"fifo": os.mkfifo, "folder": os.mkdir, "link": lambda path: os.symlink("/dev/zero", path)}


@pytest.mark.parametrize("kind", NO_FILES)
def test_conditions_that_are_no_file(make_board, tmp_path, kind):
    place = tmp_path / "air"
    board = make_board("--air", place)
    words = f"{place}/conditions.json is not a regular file"
    NO_FILES[kind](place / "conditions.json")
    result = wipy("air", place, "set")
    assert (result.returncode, result.stderr) == (1, f"wipy air: {words}\n")
    result = wipy("air", place)
    assert result.returncode == 0 and result.stderr == f"wipy air: {words}; it counts as none\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as knock:
        knock.connect(str(next(place.glob("*.sock"))))
    wait_for(lambda: board.status()["notices"] == [words], "the notice")
    assert board.errors().count(f"notice: {words}") == 1
    assert board.telnet().python("1 + 1") == "2"
    if kind == "folder":
        result = wipy("air", place, "set", "clear")
        assert result.returncode == 1 and "conditions.json: Is a directory" in result.stderr
        (place / "conditions.json").rmdir()
    wipy("air", place, "set", "clear", check=True)
    wait_for(lambda: board.status()["notices"] == [], "nothing to notice")


def test_a_cut_of_somebody_who_is_not_there(make_board, tmp_path):
    place = tmp_path / "air"
    board = make_board("--air", place)
    mac = mac_of(board)
    for known in (mac, "02" + mac[2:]):
        assert wipy("air", place, "set", f"cut={known}").stderr == ""
    result = wipy("air", place, "set", "cut=d4:f5:13:00:00:01", "cut=02:f5:13:00:00:02")
    assert result.returncode == 0 and result.stdout == ""
    for line, unknown in zip(result.stderr.splitlines(), ("d4:f5:13:00:00:01", "02:f5:13:00:00:02"), strict=True):
        assert line.startswith(f"wipy air: no access point in {place} has the address {unknown} now")
        assert unknown in conditions(place)
    assert wipy("air", place, "set", "loss=0%").stderr == "", "that was said"


def test_a_cut_board_loses_its_laptop(make_board, tmp_path):
    place = tmp_path / "air"
    board = make_board("--air", place)
    session = board.telnet()
    wipy("air", place, "set", f"cut={mac_of(board)}", check=True)
    session.expect_end()
    with pytest.raises((OSError, AssertionError)), socket.create_connection(board.address("telnet"), timeout=5) as refused:
        assert refused.recv(1), "it is closed at once"
    wipy("air", place, "set", f"restore={mac_of(board)}", check=True)
    wait_for(lambda: answers(board), "telnet answers again")


def answers(board):
    try:
        with socket.create_connection(board.address("telnet"), timeout=5) as sock:
            return sock.recv(1) != b""
    except OSError:
        return False


def test_wrong_usage(tmp_path):
    for arguments in ([tmp_path, "sit"], ["--loss"], [tmp_path, "set", "--loss=1"]):
        assert wipy("air", *arguments).returncode == 2
    (tmp_path / "file").write_text("")
    result = wipy("air", tmp_path / "file")
    assert result.returncode == 1 and result.stderr.startswith("wipy air: ")
    tmp_path.chmod(0o700)
    (tmp_path / "conditions.json").write_text("{")
    result = wipy("air", tmp_path, "set")
    assert result.returncode == 1 and "makes no sense" in result.stderr
    wipy("air", tmp_path, "set", "clear", check=True)
    assert conditions(tmp_path) == "loss=0% delay=0ms jitter=0ms rate=0kbps"
