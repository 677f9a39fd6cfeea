"""A new firmware is on trial until its services are up. One that fails is rolled back at once, without help, and the board says so; what a
user's script does never rolls anything back."""

import re

import pytest

from board import wait_for
from images import MPS2, built, pack, payload
from ota import alive, control, install, python_reset, runs, safe_boot, start_again, upload
from test_boot import damage

# How each firmware of tests/firmware fails, and what the board says about it.
FAILURES = {
    "crash": "hard fault",
    "watchdog": "time|watchdog",
    "reset": "reset",
    "deaf": "time",
    "late_crash": "hard fault",
    "late_reset": "reset",
    "unrecorded": "hard fault",
}
VERSIONS = {"crash": "2.0.1", "hang": "2.0.2", "watchdog": "2.0.3", "reset": "2.0.4", "deaf": "2.0.5", "late_crash": "2.0.6", "late_reset": "2.0.7",
            "unrecorded": "2.0.8"}
OLD, NEW = "1.1.0", "1.2.0"
PLACES = {"A": 0x240000, "B": 0x440000, "C": 0x640000}


@pytest.fixture
def old(make_board):
    """A board that runs an update; its clock is fast."""
    board = make_board("--speed", "20")
    install(board, built(OLD), OLD)
    return board


def assert_rolled_back(board, version, words, to=OLD, image="latest"):
    """The board is back on `to`, works, and says everywhere what happened."""
    runs(board, to, mode="normal", image=image)
    status = board.status()
    assert not status["fault"] and not status["led"]["on"]
    said = [notice for notice in status["notices"] if version in notice]
    assert said and re.search(f"rolled back.*({words})", said[0]), status["notices"]
    with board.telnet() as session:
        banner = session.log.partition(b"Login as")[0].decode()
        assert to in banner and version in banner and re.search(words, banner), banner
    assert alive(board, to)


@pytest.mark.parametrize("name", FAILURES)
def test_a_firmware_that_fails_is_rolled_back(old, name):
    uart = old.uart()
    assert upload(old, built(name)).startswith("226")
    python_reset(old)
    assert_rolled_back(old, VERSIONS[name], FAILURES[name])
    uart.expect(f"firmware {VERSIONS[name]} was rolled back".encode())
    with old.telnet() as session:
        text = session.python("import wipy; wipy.firmware()")
        assert "rolled back" in text and VERSIONS[name] in text, text
    # It is not tried again, however the board is reset.
    old.reset()
    runs(old, OLD, image="latest")
    assert not any("rolled back" in notice for notice in old.status()["notices"]), "it is said once"
    old.power("off")
    old.power("on")
    runs(old, OLD, image="latest")
    # The next update goes in as ever.
    install(old, built(NEW), NEW)
    assert safe_boot(old, "previous")["version"] == OLD


def test_a_firmware_that_hangs_is_rolled_back(old):
    """After ten seconds of real time, during which it is let alone: the one test that waits for them."""
    upload(old, built("hang"))
    old.reset()
    wait_for(lambda: old.status()["boot"]["version"] == OLD and old.status()["state"] == "running", "rollback", 30)
    assert_rolled_back(old, VERSIONS["hang"], "time|hang|10 s")


def test_the_first_update_of_a_new_board_fails(board):
    version = board.status()["boot"]["version"]
    upload(board, built("crash"))
    board.reset()
    assert_rolled_back(board, VERSIONS["crash"], "hard fault", to=version, image="factory")


def test_failures_one_after_the_other(old):
    """However many: latest and previous stay."""
    install(old, built(NEW), NEW)
    for name in ("crash", "reset", "deaf", "late_crash", "watchdog", "late_reset"):
        upload(old, built(name))
        old.reset()
        assert_rolled_back(old, VERSIONS[name], FAILURES[name], to=NEW)
    assert safe_boot(old, "previous")["version"] == OLD


def place_of(board, image):
    """Where an image lies in the flash of a board that is off."""
    data = (board.directory / "flash.bin").read_bytes()
    inverted = bytes(255 - byte for byte in image[:256])
    return next(address for address in PLACES.values() if data[address : address + 256] == inverted)


@pytest.mark.parametrize("where", ["header", "payload", "last byte", "MD5"])
def test_flipped_in_the_flash_after_the_upload(old, where):
    image = built(NEW)
    upload(old, image)
    old.stop()
    offset = {"header": 60, "payload": 5000, "last byte": len(image) - 33, "MD5": len(image) - 1}[where]
    damage(old, place_of(old, image) + offset)
    old.start()
    runs(old, OLD, mode="normal", image="latest")
    notices = old.status()["notices"]
    assert any("rolled back" in notice for notice in notices), notices
    assert alive(old, OLD)
    install(old, image, NEW)


def test_a_bit_of_the_running_firmware_flips(old):
    """An image is verified before every boot, not only the first: also one that ran for months."""
    install(old, built(NEW), NEW)
    old.stop()
    damage(old, place_of(old, built(NEW)) + len(built(NEW)) - 33)
    old.start()
    runs(old, OLD, image="previous")
    assert any(OLD in notice for notice in old.status()["notices"])


# ---- what is no failure of the firmware


@pytest.mark.parametrize(
    "script",
    ["import machine\nmachine.mem32[16] = 1\n", "while True:\n    try:\n        while True: pass\n    except: pass\n", "1/0\n"],
    ids=["crashes", "hangs", "error"],
)
@pytest.mark.parametrize("name", ["boot", "main"])
def test_a_script_never_rolls_back(old, name, script):
    old.put(f"/flash/{name}.py", script)
    upload(old, built(NEW))
    old.reset()
    if "mem32" in script:
        status = old.wait_state("fault")
        assert status["boot"]["version"] == NEW and status["led"]["on"]
    else:
        runs(old, NEW, image="latest")
    assert safe_boot(old, "latest")["version"] == NEW, "the new firmware is the latest one, and safe boot is the cure"
    with old.ftp() as ftp:
        ftp.delete(f"/flash/{name}.py")
    old.reset()
    runs(old, NEW, image="latest")
    assert safe_boot(old, "previous")["version"] == OLD


def test_a_script_that_resets_never_rolls_back(old):
    old.put("/flash/main.py", "import pyb, os\nif 'again' not in os.listdir('/flash'):\n    open('/flash/again', 'w').close()\n    pyb.reset()\n")
    upload(old, built(NEW))
    old.reset()
    runs(old, NEW, image="latest")
    with old.ftp() as ftp:
        wait_for(lambda: "again" in " ".join(ftp.nlst("/flash")), "the script has run")
    runs(old, NEW, image="latest")
    assert alive(old, NEW)


def test_a_damaged_flash_fails_no_trial(old):
    upload(old, built(NEW))
    old.stop()
    with open(old.directory / "flash.bin", "r+b") as flash:
        flash.seek(0x850000)
        flash.write(bytes(range(256)) * 64)
    old.start()
    runs(old, NEW, image="latest")
    assert any("/flash" in notice for notice in old.status()["notices"])
    assert old.telnet().python("1+1") == "2"
    old.reset()
    runs(old, NEW, image="latest")
    # And it takes updates, too.
    upload(old, built("1.3.0"))
    old.reset()
    runs(old, "1.3.0", image="latest")


def test_safe_boot_never_consumes_a_trial(old):
    upload(old, built(NEW))
    for role in ("latest", "previous", "factory", "latest", "previous"):
        boot = safe_boot(old, role)
        assert boot["version"] != NEW
    old.reset()
    runs(old, NEW, mode="normal", image="latest")
    assert safe_boot(old, "previous")["version"] == OLD


def test_safe_boot_gives_no_trial_up(old):
    """Not even one that has been started as often as it may be: that is for the next plain boot to say."""
    upload(old, built("hang"))
    for _ in range(3):
        old.reset()
        wait_for(lambda: old.status()["boot"]["version"] == VERSIONS["hang"], "the trial")
    assert safe_boot(old, "latest")["version"] == OLD
    assert not any("rolled back" in notice for notice in old.status()["notices"])
    with old.telnet() as session:
        assert "waiting" in session.python("import wipy; wipy.firmware()")
    old.reset()
    assert_rolled_back(old, VERSIONS["hang"], "start")


# ---- power and switch during a trial


@pytest.mark.parametrize("how", ["switch", "power", "kill -9"])
def test_a_trial_that_the_user_ends_is_begun_again(old, how):
    """Twice; the third start that is ended so was the last one."""
    upload(old, built("hang"))
    old.reset()
    for _ in range(2):
        wait_for(lambda: old.status()["boot"]["version"] == VERSIONS["hang"], "the trial")
        if how == "switch":
            old.reset()
        elif how == "power":
            old.power("off")
            old.power("on")
        else:
            old.kill9()
            start_again(old)
    wait_for(lambda: old.status()["boot"]["version"] == VERSIONS["hang"], "the trial")
    old.reset()
    assert_rolled_back(old, VERSIONS["hang"], "start|confirm")


def test_an_interrupted_trial_of_a_good_firmware_succeeds(old):
    upload(old, built(NEW))
    with control(old) as connection:
        for _ in range(2):
            connection.reset()
            wait_for(lambda: connection.status()["boot"]["version"], "a boot loader that has chosen")
    runs(old, NEW, image="latest")
    assert alive(old, NEW)


def test_another_target_is_refused_by_the_boot_loader_too(old):
    """Not only by the upload: an image that got into the flash in another way."""
    image = built(NEW)
    upload(old, image)
    old.stop()
    other = pack(payload(image), NEW, target=MPS2)
    with open(old.directory / "flash.bin", "r+b") as flash:
        flash.seek(place_of(old, image))
        flash.write(bytes(255 - byte for byte in other))
    old.start()
    runs(old, OLD, image="latest")
    assert any("rolled back" in notice for notice in old.status()["notices"])
    assert alive(old, OLD)
