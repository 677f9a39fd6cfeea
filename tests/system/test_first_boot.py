"""A new board: what it makes of an empty directory, and what is on it."""

import os
import re

from board import FIRST_BOOT, wait_for, wipy


def test_ready_and_addresses(board):
    status = board.status()
    assert status["state"] == "running"
    assert status["fault"] is None
    for service in ("telnet", "ftp"):
        assert re.fullmatch(r"127\.0\.0\.1:[1-9][0-9]*", status["addresses"][service])
    assert board.telnet() and board.ftp()


def test_without_quiet_it_says_where_it_is_found(make_board):
    board = make_board(start=False)
    board.command = lambda: [part for part in type(board).command(board) if part != "--quiet"]
    board.start()
    text = "\n".join(board.lines)
    status = board.status()
    for wanted in (status["addresses"]["telnet"], status["addresses"]["ftp"], status["wlan"]["ssid"]):
        assert wanted in text
    assert "ready" in board.lines


def test_first_boot_files(board):
    with board.ftp() as ftp:
        assert ftp.nlst("/") == ["flash"] or ftp.nlst("/") == ["/flash"]
        names = {name.rpartition("/")[2] for name in ftp.nlst("/flash")}
        assert names == FIRST_BOOT
    boot, main = board.get("/flash/boot.py").decode(), board.get("/flash/main.py").decode()
    assert boot.splitlines()[:2] == ["# boot.py -- run on boot-up", "# can run arbitrary Python, but best to keep it minimal"]
    assert main.splitlines() == ["# main.py -- put your code here!"]


def test_files_stay_when_the_board_is_started_again(make_board):
    board = make_board()
    board.put("/flash/boot.py", "print('mine')\n")
    board.put("/flash/keep.txt", "kept")
    board.stop()
    board.start()
    assert board.get("/flash/boot.py") == b"print('mine')\n"
    assert board.get("/flash/keep.txt") == b"kept"


def test_sigint_ends_it_well(make_board):
    board = make_board()
    assert board.stop() == 0


def test_erased_flash_costs_no_disk(board):
    used = sum(f.stat().st_blocks * 512 for f in board.directory.iterdir() if f.is_file())
    sizes = [f.stat().st_size for f in board.directory.iterdir()]
    assert max(sizes) >= 16 * 1024 * 1024, "the flash chip of 16 MiB is a file"
    assert used < 8 * 1024 * 1024, "erased flash costs no disk"


def test_two_boards_differ(make_board):
    one, two = make_board(name="one"), make_board(name="two")
    a, b = one.status()["wlan"], two.status()["wlan"]
    assert a["mac"] != b["mac"] and a["ssid"] != b["ssid"]
    assert a["ip"] == b["ip"] == "192.168.1.1"
    for wlan in (a, b):
        assert wlan["mode"] == "ap"
        assert wlan["ssid"] == "wipy-wlan-" + wlan["mac"].replace(":", "")[-4:]


def test_mac_stays(make_board):
    board = make_board()
    before = board.status()["wlan"]
    board.stop()
    board.start()
    assert board.status()["wlan"] == before


def test_services_can_be_off(make_board):
    board = make_board("--telnet", "off", "--ftp", "off")
    status = board.status()
    assert status["addresses"]["telnet"] is None and status["addresses"]["ftp"] is None
    uart = board.uart()
    uart.prompt()


def test_help_texts():
    for arguments in (["help"], ["help", "run"], ["help", "ctl"], ["help", "flash"]):
        result = wipy(*arguments)
        assert result.returncode == 0 and result.stdout and not result.stderr
    assert all(option in wipy("help", "run").stdout for option in ("--telnet", "--ftp", "--speed", "--pin", "--firmware", "--quiet"))
    assert all(verb in wipy("help", "ctl").stdout for verb in ("status", "reset", "power", "pin", "led"))
    assert all(verb in wipy("help", "flash").stdout for verb in ("info", "ls", "get", "put", "rm"))


def test_processes_end_with_it(make_board):
    board = make_board()
    pids = board.pids
    assert len(pids) >= 3, "the board, the MCU and the laptop are processes of their own"
    board.stop()
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "end of all processes")
