"""Booting: what GP28 selects, what the LED shows meanwhile, what is skipped, and what happens to damaged images.

Times are the board's, read from its LED history and status. On a busy machine a change comes late, by milliseconds of real time (times
--speed); none is ever early, left out or added."""

import statistics

import pytest

from board import Board, wait_for, wipy
from images import HEADER, built
from ota import DEBOUNCE, FIRST, MIDDLE, WINDOWS, alive, bounce, control, hold, install, runs, safe_boot, start_again

SPEED = 10
OLD, NEW = "1.1.0", "1.2.0"
FACTORY, PLACE_A, PLACE_B, RECORD = 0x040000, 0x240000, 0x440000, 0x840000


@pytest.fixture(scope="module")
def updated(tmp_path_factory):
    """A board with a latest and a previous update; the tests of this file only reset it."""
    board = Board(tmp_path_factory.mktemp("updated") / "wipy", "--speed", str(SPEED))
    board.start()
    try:
        install(board, built(OLD), OLD)
        install(board, built(NEW), NEW)
        yield board
    finally:
        board.stop()


def versions():
    """{role: version} of a board as `updated` makes it."""
    return {"latest": NEW, "previous": OLD, "factory": factory_version()}


def factory_version():
    return wipy("--version").stdout.split()[1]


def nominal():
    """[(ms from the reset, on)] of a safe boot during which the pin is held to the end."""
    changes = []
    for start, end, toggle, _ in WINDOWS:
        changes += [(ms, (ms - start) // toggle % 2 == 0) for ms in range(start, end, toggle)]
    return changes + [(WINDOWS[-1][1], False)]


def test_nominal_is_what_the_seed_says():
    """3 s slowly, 3 s a bit faster, 1.5 s quickly."""
    changes = nominal()
    assert len(changes) == 6 + 12 + 15 + 1
    assert [on for _, on in changes] == [True, False] * 17
    assert changes[0][0] == 500 and changes[-1] == (8000, False)


def boot_changes(board, reset, limit):
    """The LED's changes from the reset to `limit` ms after it, in ms from it."""
    return [(ms - reset, on) for ms, on in board.led_history() if reset + 100 < ms < reset + limit]


def assert_led(board, reset, end, earliest_end=None):
    """The LED showed a safe boot that ended between `earliest_end` and `end` ms after the reset, to within one toggle."""
    earliest_end = end if earliest_end is None else earliest_end
    found = boot_changes(board, reset, end + 4000)  # the heart beats 5 s after the start of the firmware
    late = []
    for index, (change, expected) in enumerate(zip(found[:-1], nominal())):  # the last one is the end, whenever that is
        if change[1] != expected[1] or expected[0] >= earliest_end:
            break
        late.append(change[0] - expected[0])
        assert late[-1] >= -2, f"{index}: {change} is before {expected}"
    start = late[0] if late else 0  # the boot loader's own start takes some real milliseconds
    toggles = sum(ms + start < earliest_end for ms, _ in nominal())
    latest = sum(ms < end for ms, _ in nominal())
    on_at_the_end = len(found) % 2
    assert not on_at_the_end, found
    once_more = 2  # while the release is told from a bounce
    assert toggles - 1 <= len(found) <= latest + once_more, (found, earliest_end, end)
    assert len(late) >= toggles - 1, (found, late)
    if late:
        assert statistics.median(late) - start < WINDOWS[-1][2], f"within one toggle: {late}"
    if found:
        assert found[-1][0] >= (earliest_end if latest == toggles and len(found) > toggles else 0) - 2


# ---- the boot paths and their LED


def test_plain_reset(updated):
    with control(updated) as connection:
        reset = connection.reset()
    boot = runs(updated, NEW, mode="normal", image="latest", reset_cause="hard")
    assert boot["slot"] in "ABC"
    assert boot_changes(updated, reset, 4000) == []


@pytest.mark.parametrize("role", MIDDLE)
def test_released_in_a_window(updated, role):
    reset, after, before = hold(updated, MIDDLE[role])
    runs(updated, versions()[role], mode="safe", image=role, reset_cause="hard")
    if role == "factory":
        assert_led(updated, reset, WINDOWS[-1][1])  # the last window runs to its end
    else:
        assert_led(updated, reset, before + DEBOUNCE, after + DEBOUNCE)
    assert updated.pin("GP28") == "GP28 0 pull-down"


def shown(changes):
    """The role of the window that the LED showed last."""
    return next(role for role in ("factory", "previous", "latest") if len(changes) >= FIRST[role])


@pytest.mark.parametrize("ms", [600, 3400, 3500, 3600, 3700, 6300, 6400, 6500, 6600, 6700, 7800])
def test_what_the_led_shows_is_what_runs(updated, ms):
    """Also for a release at the edge of a window; there the LED may light up once more while the release is told from a bounce."""
    reset, _, before = hold(updated, ms)
    boot = runs(updated, mode="safe")
    changes = boot_changes(updated, reset, max(before, 8000) + 1000)
    roles = {shown(changes), shown(changes[:-2] or changes)}
    assert boot["image"] in roles and boot["version"] == versions()[boot["image"]]


def test_held_throughout(updated):
    reset, _, _ = hold(updated)
    assert updated.status()["uptime_ms"] >= 8000
    runs(updated, factory_version(), mode="safe", image="factory", slot="factory")
    assert_led(updated, reset, 8000)


def test_held_at_power_on(updated):
    updated.power("off")
    hold(updated, MIDDLE["previous"], press=lambda _: updated.power("on"))
    runs(updated, OLD, mode="safe", image="previous", reset_cause="power_on")


def test_held_shorter_than_half_a_second_is_a_plain_boot(updated):
    reset, after, before = hold(updated, 250)
    if before < 450:
        runs(updated, NEW, mode="normal", image="latest")
        assert boot_changes(updated, reset, 4000) == []
    else:
        runs(updated)  # the machine was too busy to be so quick


def test_pressed_after_the_reset_is_nothing(updated):
    with control(updated) as connection:
        reset = connection.reset()
        wait_for(lambda: connection.status()["boot"]["image"], "the boot loader's choice")
        connection.drive(1)
        runs(updated, NEW, mode="normal", image="latest")
        connection.drive("release")
    assert boot_changes(updated, reset, 4000) == []


def bounced_boot(board, moment):
    """A safe boot with GP28 bouncing at `moment`, then held to the end. Returns (board_ms of the reset, how many ms a bounce took at most)."""
    with control(board) as connection:
        connection.drive(1)
        reset = connection.reset()
        connection.wait_uptime(moment)
        length = max(bounce(connection, 1, 1) for _ in range(6))
        wait_for(lambda: connection.status()["state"] == "running", "end of the safe boot")
        connection.drive("release")
    return reset, length


@pytest.mark.parametrize("moment", [200, 2000, 5000], ids=["press", "first window", "second window"])
def test_bounces_are_not_a_release(updated, moment):
    for _ in range(20):
        reset, length = bounced_boot(updated, moment)
        if length < DEBOUNCE:
            runs(updated, factory_version(), mode="safe", image="factory")
            assert_led(updated, reset, 8000)
            return
    pytest.skip("the machine is so busy that each bounce became a release")


def test_bounces_of_a_release_are_one_release(updated):
    with control(updated) as connection:
        connection.drive(1)
        reset = connection.reset()
        after = connection.wait_uptime(MIDDLE["latest"])
        connection.drive(0)
        bounce(connection, 0, 3)
        connection.drive("release")
        before = connection.status()["uptime_ms"]
    runs(updated, NEW, mode="safe", image="latest")
    assert_led(updated, reset, before + DEBOUNCE, after + DEBOUNCE)


def test_the_selection_is_not_persistent(updated):
    for role in ("factory", "previous"):
        assert safe_boot(updated, role)["version"] == versions()[role]
        updated.reset()
        runs(updated, NEW, mode="normal", image="latest")
    safe_boot(updated, "previous")
    updated.power("off")
    updated.power("on")
    runs(updated, NEW, mode="normal", image="latest", reset_cause="power_on")


def test_without_updates_every_window_selects_the_factory(make_board):
    board = make_board("--speed", str(SPEED * 2))
    for role in MIDDLE:
        assert safe_boot(board, role)["image"] == "factory"
    install(board, built(OLD), OLD)
    assert safe_boot(board, "previous")["image"] == "factory", "no previous update: factory"
    assert safe_boot(board, "latest")["version"] == OLD


# ---- what safe boot is for


def test_scripts_are_skipped_until_the_next_hard_reset(make_board):
    board = make_board("--speed", "20")
    for name in ("boot", "main"):
        board.put(f"/flash/{name}.py", f"open('/flash/ran', 'a').write('{name} ')\n")
    safe_boot(board, "latest")
    with board.telnet() as session:
        assert b"safe boot" in session.log.partition(b"Login as")[0]
        assert "ran" not in session.python("import os; os.listdir('/flash')")
        session.send(b"\x04")
        session.expect(b"soft reboot\r\n")
        session.expect(b">>> ")
        assert "ran" not in session.python("import os; os.listdir('/flash')")
    assert board.status()["boot"]["mode"] == "safe", "a soft reset does not end it"
    board.reset()
    runs(board, mode="normal")
    with board.telnet() as session:
        assert session.python("open('/flash/ran').read()") == "'boot main '"


@pytest.mark.parametrize("script", ["import machine\nmachine.mem32[16] = 1\n", "while True:\n    try:\n        while True: pass\n    except: pass\n"], ids=["crashes", "hangs"])
def test_cures_a_script(make_board, script):
    board = make_board("--speed", "20")
    board.put("/flash/main.py", script)
    board.reset()
    if "mem32" in script:
        board.wait_state("fault")
    safe_boot(board, "latest")
    assert board.telnet().python("1+1") == "2"
    with board.ftp() as ftp:
        ftp.delete("/flash/main.py")
    board.reset()
    runs(board, mode="normal")
    assert board.telnet().python("1+1") == "2"


def test_says_so(updated):
    uart = updated.uart()
    safe_boot(updated, "previous")
    uart.expect(f"safe boot, previous firmware {OLD}".encode())
    with updated.telnet() as session:
        assert f"safe boot, previous firmware {OLD}".encode() in session.log.partition(b"Login as")[0]
    assert alive(updated, OLD)
    updated.reset()
    runs(updated, NEW)
    with updated.telnet() as session:
        assert f"firmware {NEW}".encode() in session.log.partition(b"Login as")[0]


# ---- damage


def damage(board, *places):
    """Change a byte in the flash of a board that is off (each stands inverted in the file)."""
    with open(board.directory / "flash.bin", "r+b") as flash:
        for at in places:
            flash.seek(at)
            (byte,) = flash.read(1)
            flash.seek(at)
            flash.write(bytes([byte ^ 0x10]))


def places(board):
    """{role: address of the payload} of a board of two updates, found by their versions."""
    data = (board.directory / "flash.bin").read_bytes()
    found = {"factory": FACTORY + HEADER}
    for address in (PLACE_A, PLACE_B, 0x640000):
        text = bytes(255 - byte for byte in data[address + 16 : address + 48]).rstrip(b"\0")
        found.update({role: address + HEADER for role, version in (("latest", NEW), ("previous", OLD)) if text == version.encode()})
    return found


@pytest.fixture
def off(make_board):
    """A board with two updates, off."""
    board = make_board("--speed", "20")
    install(board, built(OLD), OLD)
    install(board, built(NEW), NEW)
    board.stop()
    return board


@pytest.mark.parametrize(
    "damaged, window, expected",
    [
        (["latest"], None, "previous"),
        (["latest", "previous"], None, "factory"),
        (["latest", "factory"], None, "previous"),
        (["previous"], None, "latest"),
        (["latest"], "latest", "previous"),
        (["previous"], "previous", "factory"),
        (["previous", "factory"], "previous", "latest"),
        (["factory"], "factory", "previous"),
        (["factory", "previous"], "factory", "latest"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else str(value),
)
def test_a_damaged_image_is_found_out_and_another_one_runs(off, damaged, window, expected):
    at = places(off)
    damage(off, *(at[role] + 1000 for role in damaged))
    off.start()
    if window:
        safe_boot(off, window)
    version = {"latest": NEW, "previous": OLD, "factory": factory_version()}[expected]
    runs(off, version, image=expected, mode="safe" if window else "normal")
    wanted = window or "latest"
    said = [notice for notice in off.status()["notices"] if "damaged" in notice]
    if wanted in damaged:
        assert said and version in said[0], "it says so"
    else:
        assert not said
    assert alive(off, version)
    if not window:
        install(off, built("1.3.0"), "1.3.0")  # an update is the way out


def test_no_valid_image_at_all(off):
    at = places(off)
    damage(off, *(address + 1000 for address in at.values()))
    start_again(off)
    status = off.wait_state("fault")
    assert "no valid firmware" in status["fault"]["reason"] and "factory" in status["fault"]["reason"]
    assert status["led"]["on"]
    uart = off.uart()
    off.reset()
    uart.expect(b"no valid firmware")
    status = off.wait_state("fault")
    history = off.led_history()
    assert history[-1][1] and status["led"]["on"]
    wait_for(lambda: off.status()["board_ms"] > status["board_ms"] + 10_000, "10 s of board time")
    assert off.led_history() == history, "for good"
    off.stop()
    damage(off, at["factory"] + 1000)  # flips it back
    off.start()
    runs(off, factory_version(), image="factory")


def test_a_damaged_boot_record_boots_the_factory_and_says_so(off):
    damage(off, *(RECORD + copy + field for copy in (0, 4096) for field in range(0, 40)))
    off.start()
    runs(off, factory_version(), image="factory")
    assert any("boot record" in notice for notice in off.status()["notices"])
    install(off, built("1.3.0"), "1.3.0")


def test_one_copy_of_the_boot_record_is_enough(off):
    """At worst the change that was written last is lost."""
    damage(off, *(RECORD + field for field in range(0, 40)))
    off.start()
    runs(off)
    assert not any("boot record" in notice for notice in off.status()["notices"])
    assert alive(off, off.status()["boot"]["version"])
