"""Hard faults: what is printed and kept of them, and what ends them."""

import re

import pytest

from board import wait_for


def crash(board, line):
    """Let Python do what ends in a fault; returns the fault as `status` has it."""
    session = board.telnet()
    session.python("import machine")
    session.send(line.encode() + b"\r")
    return board.wait_state("fault")["fault"]


def test_a_wild_write_is_told_with_address_and_pc_and_kept(board):
    uart = board.uart()
    fault = crash(board, "machine.mem32[0x12344] = 1")
    assert fault["cause"] == "memory fault" and fault["address"] == "0x00012344"
    assert 0x10000 <= int(fault["pc"], 16) < 0x30000000, "within the program"
    line = f"hard fault: memory fault at address 0x00012344, pc {fault['pc']}: {fault['reason']}"
    uart.expect(line.encode() + b"\r\n")
    assert line in board.errors()
    assert board.status()["last_fault"] is None, "that is the one before this run"

    board.reset()
    status = board.wait_state("running")
    assert status["fault"] is None and status["last_fault"] == fault
    board.reset()
    assert board.wait_state("running")["last_fault"] == fault, "kept until another one, or power off"
    board.power("off")
    assert board.status()["last_fault"] is None
    board.power("on")
    assert board.wait_state("running")["last_fault"] is None


def test_code_is_no_memory_to_write(board):
    fault = crash(board, "machine.mem8[0x10000] = 0")
    assert fault["cause"] == "memory fault" and fault["address"] == "0x00010000"


def began(status):
    """When the present run began, on the board's clock."""
    return status["board_ms"] - status["uptime_ms"]


def reset(board):
    board.reset()
    return "hard"


def power_cycle(board):
    board.power("off")
    status = board.status()
    assert status["state"] == "off" and status["fault"] is None and not status["led"]["on"]
    board.power("on")
    return "power_on"


@pytest.mark.parametrize("how", [reset, power_cycle])
def test_what_ends_a_fault(board, how):
    crash(board, "machine.mem32[0] = 1")
    before = board.status()
    cause = how(board)
    status = board.status()
    assert status["state"] in ("bootloader", "running") and status["fault"] is None, "when it returns the new run has begun"
    assert began(status) > began(before) and status["boot"]["reset_cause"] == cause
    assert board.telnet().python("1+1") == "2"


@pytest.mark.parametrize("how", [reset, power_cycle])
def test_reset_and_power_while_the_boot_loader_waits(make_board, how):
    board = make_board("--pin", "GP28=1", start=False)
    board.start(ready=False)
    wait_for(lambda: (board.directory / "control.sock").exists(), "control.sock")
    before = wait_for(lambda: (now := board.status())["led"]["on"] and now, "the LED of the safe boot")
    assert before["state"] == "bootloader"
    cause = how(board)
    status = board.status()
    assert began(status) > began(before) and status["boot"]["reset_cause"] == cause
    assert status["pins"]["GP28"] == {"level": 1, "driver": "external"}
    board.pin("GP28", "release")
    assert board.wait_state("running")["boot"]["slot"] == "factory"


def test_a_watchdog_ends_a_fault(make_board):
    """It is hardware: it does not know that the firmware is gone."""
    board = make_board("--speed", "5")
    with board.telnet() as session:
        session.python("import machine; dog = machine.WDT(timeout=30000)")
    fault = crash(board, "machine.mem32[0x10] = 1")
    status = board.wait_state("running")
    assert status["boot"]["reset_cause"] == "wdt" and status["last_fault"] == fault
    assert "watchdog: not fed for 30000 ms: reset" in board.errors()


def test_a_fault_that_comes_again_and_again_does_not_flood_the_terminal(board):
    board.put("/flash/main.py", "import machine\nmachine.mem8[0] = 1\n")
    for _ in range(3):
        board.reset()
        board.wait_state("fault")
    assert len(re.findall("hard fault", board.errors())) == 3
