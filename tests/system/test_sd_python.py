"""The SD card in Python: pyb.SD and machine.SD in the spellings of all years, os.mount and its kin, errors in words, disks of a program's own."""

import pytest

from board import wait_for
from cards import MIB, PINS, blank, fill
from stream import PROMPT

FILES = {"hello.txt": "hello\n", "tool.py": "WHERE = __file__\n"}


@pytest.fixture(scope="module")
def images(shared, tmp_path_factory):
    """A card that is formatted and has FILES; tests change it."""
    return fill(shared, tmp_path_factory.mktemp("cards") / "card.img", FILES)


class Console:
    """A prompt that types at one board; its slot is empty and disabled before and after a test."""

    def __init__(self, board):
        self.board = board
        self.session = board.telnet(prompt=False)
        self.restart()

    def restart(self):
        """A soft reset that leaves nothing: /sd unmounted, the slot empty."""
        self.session.prompt()
        self.session.run("import pyb\ntry:\n    pyb.SD().disable()\nexcept OSError:\n    pass\n")
        self.soft_reset()
        self.session.python("import pyb; pyb.SD().disable()")
        self.eject()
        self.session.run("import os, sys, vfs, pyb, machine")

    def soft_reset(self):
        self.session.send(b"\x04")
        self.session.expect(b"soft reboot\r\n")
        self.session.expect(PROMPT)

    def insert(self, image, *options):
        self.board.ctl("sd", "insert", *options, image)

    def eject(self):
        self.board.ctl("sd", "eject", check=False)

    def __call__(self, line):
        """What one line prints, an error's last line only."""
        printed = self.session.python(line)
        return printed.splitlines()[-1] if printed.startswith("Traceback") else printed

    def run(self, code):
        return self.session.run(code)

    def gone(self):
        """Eject, and wait until the firmware knows."""
        self.eject()
        wait_for(lambda: "Error" in self("_ = os.stat('/sd')"), "the card is gone")

    def there(self, image):
        self.insert(image)
        wait_for(lambda: "Error" not in self("_ = os.stat('/sd')"), "the card is there")


@pytest.fixture
def py(shared, images):
    """With the card in the slot."""
    console = Console(shared)
    console.insert(images)
    yield console
    console.restart()
    console.session.close()
    shared.streams.remove(console.session)


SPELLINGS = [
    "pyb.SD('GP15', 8, 'GP10', 6, 'GP11', 6)",
    "pyb.SD(('GP15', 8, 'GP10', 6, 'GP11', 6))",
    "pyb.SD(pins=('GP10', 'GP11', 'GP15'))",
    "pyb.SD(pins=['GP10', 'GP11', 'GP15'])",
    "pyb.SD(pins=(('GP10', 6), ('GP11', 6), ('GP15', 8)))",
    "pyb.SD('GP10', 'GP11', 'GP15')",
    "machine.SD(pins=('GP10', 'GP11', 'GP15'))",
    "machine.SD(0, pins=(10, 11, 15))",
    "machine.SD(0, ('GP10', 'GP11', 'GP15'))",
    "machine.SD(id=0, pins=('GP10', 6, 'GP11', 6, 'GP15', 8))",
    "machine.SD().init(pins=('GP10', 'GP11', 'GP15'))",
    "machine.SD().init()",
    "pyb.SD().mount()",
    "pyb.SD().enable()",
    "os.mount(pyb.SD(), '/sd')",
    "vfs.mount(machine.SD(0), '/sd')",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_mounts(py, spelling):
    assert py("os.listdir('/')") == "['flash']"
    assert "Error" not in py(spelling)
    assert py("os.listdir('/')") == "['flash', 'sd']"
    assert py("sorted(os.listdir('/sd'))") == str(sorted(FILES))
    assert py("open('/sd/hello.txt').read()") == "'hello\\n'"
    with py.board.ftp() as ftp:
        assert ftp.nlst("/") in (["flash", "sd"], ["/flash", "/sd"]), "FTP has it as well"


@pytest.mark.parametrize("spelling", ["pyb.SD()", "machine.SD()", "machine.SD(0)", "machine.SD(id=0)"])
def test_a_bare_constructor_changes_nothing(py, spelling):
    assert py(spelling) == "<SD: not enabled; SD(pins=('GP10', 'GP11', 'GP15')) does that>"
    assert py("os.listdir('/')") == "['flash']"
    py("pyb.SD().mount()")
    assert py(spelling) == "<SD: mounted as /sd>"
    assert py("os.listdir('/')") == "['flash', 'sd']"
    py.gone()
    assert py(spelling) == "<SD: no card in the slot>"


@pytest.mark.parametrize(
    "pins, error",
    [
        ("'GP10', 'GP11', 'XY1'", "ValueError: there is no pin 'XY1'; pins are 'GP0' to 'GP31'"),
        ("'GP10', 'GP11', 'GP32'", "ValueError: there is no pin 'GP32'; pins are 'GP0' to 'GP31'"),
        ("'GP10', 'GP11', 'GP015'", "ValueError: there is no pin 'GP015'; pins are 'GP0' to 'GP31'"),
        ("'GP10', 'GP11', 'GP'", "ValueError: there is no pin 'GP'; pins are 'GP0' to 'GP31'"),
        ("'GP10', 'GP11', 32", "ValueError: there is no pin 32; pins are 'GP0' to 'GP31'"),
        ("'GP10', 'GP11', -1", "ValueError: there is no pin -1; pins are 'GP0' to 'GP31'"),
        ("'GP10', 'GP11', None", "ValueError: there is no pin None; pins are 'GP0' to 'GP31'"),
        ("'GP10', 'GP11'", "ValueError: the card has three pins: clock, command and data"),
        ("'GP10', 'GP11', 'GP12', 'GP13'", "ValueError: the card has three pins: clock, command and data"),
        ("'GP10', 'GP11', 'GP10'", "ValueError: clock, command and data are three different pins"),
        ("10, ('GP10', 6), 15", "ValueError: clock, command and data are three different pins"),
    ],
)
def test_bad_pins(py, pins, error):
    for call in (f"pyb.SD(pins=({pins}))", f"machine.SD().init(pins=({pins}))"):
        assert py(call) == error
    assert py("os.listdir('/')") == "['flash']"
    assert py("machine.SD(1)") == "ValueError: there is only SD 0"


NOT_ENABLED = "OSError: [Errno 19] ENODEV: nothing is mounted there; for /sd call SD(pins=('GP10', 'GP11', 'GP15')) first"


@pytest.mark.parametrize("end", ["sd.disable()", "sd.deinit()", "sd.unmount()", "os.umount('/sd/')", "os.unmount('/sd')", "os.umount('/sd')", "vfs.umount('/sd')", "os.umount(sd)"])
def test_every_end(py, end):
    py(f"sd = pyb.SD({PINS})")
    assert py("sys.path") == "['', '/flash', '/flash/lib', '/sd', '/sd/lib', '.frozen']"
    assert py("os.chdir('/sd'); os.getcwd()") == "'/sd'"
    assert "Error" not in py(end)
    assert py("os.listdir('/'), os.getcwd()") == "(['flash'], '/')"
    assert py("sys.path") == "['', '/flash', '/flash/lib', '.frozen']"
    assert py("open('/sd/hello.txt')") == NOT_ENABLED
    assert py("sd.disable()") == "", "once more does no harm"
    assert py("os.umount('/sd')") == "OSError: [Errno 22] EINVAL: nothing is mounted there"
    with py.board.ftp() as ftp:
        assert ftp.nlst("/") in (["flash"], ["/flash"])
    assert py("sd.mount(); os.listdir('/')") == "['flash', 'sd']"


def test_files_and_folders(py):
    py(f"pyb.SD({PINS})")
    printed = py.run(
        """
import os
os.chdir('/sd')
os.mkdir('a folder'); os.chdir('a folder'); print(os.getcwd())
with open('größer als 8.3 – ok.txt', 'w') as file: print(file.write('ä' * 3000))
print(*os.listdir(), os.stat('größer als 8.3 – ok.txt')[6])
os.rename('größer als 8.3 – ok.txt', 'b'); print(list(os.ilistdir('/sd/a folder')))
with open('b', 'r+b') as file: print(file.seek(-2, 2), file.read(), file.seek(10), file.truncate(10), file.seek(0, 2))
print(os.statvfs('/sd')[0] * os.statvfs('/sd')[2] > 3000000)
os.remove('b'); os.chdir('..'); os.rmdir('a folder'); print(os.getcwd(), sorted(os.listdir()))
os.chdir('/flash')
"""
    )
    assert printed.splitlines() == [
        "/sd/a folder",
        "6000",
        "größer als 8.3 – ok.txt 6000",
        "[('b', 32768, 0, 6000)]",
        "5998 b'\\xc3\\xa4' 10 10 10",
        "True",
        f"/sd {sorted(FILES)}",
    ]


def test_modules_come_from_the_card(py):
    assert "ImportError" in py("import tool")
    py(f"pyb.SD({PINS})")
    assert py("import tool; tool.WHERE") == "'/sd/tool.py'"


# ---- mounted twice, and after a soft reset


def test_the_first_os_mount_takes_over_the_second_is_refused(py):
    py(f"sd = pyb.SD({PINS})")
    assert py("os.mount(sd, '/sd')") == ""
    assert py("os.mount(sd, '/sd')") == "OSError: [Errno 1] EPERM: the card is mounted already"
    assert py("sd.mount()") == "", "of which the 2015 form knows nothing"
    assert py("os.umount('/sd'); os.mount(sd, '/sd')") == ""


def test_a_soft_reset_leaves_it_mounted(py):
    py(f"sd = pyb.SD({PINS}); os.mount(sd, '/sd')")
    py("os.chdir('/sd'); file = open('/sd/left.txt', 'w'); file.write('left open')")
    py.soft_reset()
    py.run("import os, sys, pyb, machine")
    assert py("os.listdir('/'), os.getcwd(), sys.path[3:5]") == "(['flash', 'sd'], '/flash', ['/sd', '/sd/lib'])"
    assert py("open('/sd/left.txt').read()") == "'left open'"
    assert py("os.remove('/sd/left.txt'); os.mount(machine.SD(), '/sd')") == ""
    assert "EPERM" in py("os.mount(machine.SD(), '/sd')")


def test_a_hard_reset_disables_it(make_board, images, shared):
    shared.ctl("sd", "eject", check=False)
    board = make_board("--sd", images)
    session = board.telnet()
    assert session.python(f"import os, pyb; sd = pyb.SD({PINS}); os.listdir('/')") == "['flash', 'sd']"
    board.reset()
    session = board.telnet()
    assert session.python("import os, pyb; os.listdir('/')") == "['flash']"
    assert session.python("pyb.SD().mount(); os.listdir('/')") == "['flash', 'sd']"


def test_something_else_at_sd(py):
    py.run(RAM_DISK + "disk = Disk(64)\nvfs.VfsFat.mkfs(disk)\nos.mount(disk, '/sd')")
    assert py("os.listdir('/')") == "['flash', 'sd']"
    assert py(f"pyb.SD({PINS})") == "OSError: [Errno 1] EPERM: something else is mounted as /sd"
    assert py("os.mount(pyb.SD(), '/sd')") == "OSError: [Errno 1] EPERM: something else is mounted there"
    assert py("pyb.SD().disable(); os.listdir('/')") == "['flash', 'sd']", "it is not the card's to unmount"
    assert py("os.umount('/sd'); pyb.SD().mount(); sorted(os.listdir('/sd'))") == str(sorted(FILES))


def test_a_slash_at_the_end_of_a_mount_point(py):
    assert py("os.mount(pyb.SD(), '/sd/'); os.listdir('/')") == "['flash', 'sd']"
    assert py("os.umount('/sd'); os.mount(pyb.SD(), '/card//'); open('/card/hello.txt').read()") == "'hello\\n'"
    assert py("os.umount('/card/'); os.listdir('/')") == "['flash']"


@pytest.mark.parametrize("point", ["", "sd", "sd/", "//", "/./sd", "/sd/..", "/a//b", "/a\\0b"])
def test_no_mount_point(py, point):
    for what in ("pyb.SD()", "vfs.VfsFat(pyb.SD())"):
        said = py(f"os.mount({what}, '{point}')")
        assert said in ("OSError: [Errno 22] EINVAL: a mount point has a name that begins with '/', as '/sd'", CARD_AS_ROOT)
    assert py("os.listdir('/'), len(vfs.mount())") == "(['flash'], 1)"


CARD_AS_ROOT = "OSError: [Errno 22] EINVAL: the card comes and goes: it cannot be '/'; take '/sd'"


def test_the_card_is_not_all_there_is(py):
    for what in ("pyb.SD()", "vfs.VfsFat(pyb.SD())"):
        assert py(f"os.mount({what}, '/')") == CARD_AS_ROOT
    assert py("os.listdir('/')") == "['flash']"
    for point in ("/flash", "/flash/", "/flash/sys"):
        assert py(f"os.mount(pyb.SD(), '{point}')") == "OSError: [Errno 1] EPERM: something else is mounted there"
    assert py("'boot.py' in os.listdir('/flash')") == "True"


# ---- files that the program forgot


def forget(py, path):
    """Leave a file open for writing, and nothing that refers to it."""
    py.run(f"def forget(path, levels=5):\n    forget(path, levels - 1) if levels else open(path, 'w').write('1')\nforget('{path}')\n")


def collect(py):
    """What the collector prints when it meets all that was forgotten."""
    return py.run("import gc\ndef deeper(levels):\n    data = bytearray(64)\n    return deeper(levels - 1) if levels else 0\nfor again in range(3):\n    deeper(20)\n    gc.collect()\n")


@pytest.mark.parametrize("end", ["os.umount('/own'); os.mount(pyb.SD(), '/sd')", "os.umount('/own')", ""])
def test_a_forgotten_file_of_a_volume_that_is_gone(py, images, end):
    py("os.mount(pyb.SD(), '/own')")
    forget(py, "/own/forgotten")
    py(end)
    if not end:
        py.eject()
    assert collect(py) == ""
    assert py("os.listdir('/flash') != []") == "True"


def test_a_forgotten_file_of_a_card_that_is_gone(py, images):
    py("pyb.SD().mount()")
    forget(py, "/sd/forgotten")
    py.gone()
    assert collect(py) == ""
    py.there(images)
    py.run("import os\nif 'forgotten' in os.listdir('/sd'): os.remove('/sd/forgotten')\n")


@pytest.mark.parametrize("kind", ["VfsFat", "VfsLfs2"])
def test_a_forgotten_file_of_a_disk_that_needs_memory(py, kind):
    py.run(RAM_DISK + f"disk = Disk(256)\nvfs.{kind}.mkfs(disk)\nos.mount(vfs.{kind}(disk), '/own')\n")
    forget(py, "/own/forgotten")
    assert collect(py) == ""
    assert py("file = open('/own/kept', 'w'); file.write('x'), file.close(), open('/own/kept').read()") == "(1, None, 'x')"


def test_locked_heap(py):
    py("import micropython; sd = pyb.SD(); buf = bytearray(512)")
    py.eject()
    printed = py.run(
        """
def locked(read, buf):
    micropython.heap_lock()
    try: read(0, buf)
    except OSError as error: return error.errno
    finally: micropython.heap_unlock()
print(locked(sd.readblocks, buf))
"""
    )
    assert printed == "19\n"


# ---- errors in words


def test_what_is_open(py):
    py("pyb.SD().mount(); file = open('/sd/module.py', 'w'); file.write('a = 1')")
    for call in ("import module", "open('/sd/module.py')", "os.remove('/sd/module.py')"):
        assert py(call) == "OSError: [Errno 16] EBUSY: it is open, or something in it: close that first"
    assert py("os.sync(); file.close(); import module; module.a") == "1"
    py("os.remove('/sd/module.py')")


@pytest.mark.parametrize("call", ["vfs.VfsLfs2.mkfs(pyb.SD())", "vfs.VfsLfs2(pyb.SD())"])
def test_littlefs_on_the_card(py, call):
    assert py(call) == "OSError: [Errno 22] EINVAL: the card is for FAT: use VfsFat"


@pytest.mark.parametrize("name", ["", "a\\n", "\\0"])
def test_no_name_for_main(py, name):
    for module in ("pyb", "machine"):
        assert py(f"{module}.main('{name}')").startswith("ValueError: ")


NO_CARD = "OSError: [Errno 19] ENODEV: no card in the slot"
MOUNTS = [f"pyb.SD({PINS})", "pyb.SD().mount()", "machine.SD().init()", "os.mount(pyb.SD(), '/sd')"]


def test_no_card(py):
    py.eject()
    for call in [*MOUNTS, "os.mkfs('/sd')", "os.mount(pyb.SD(), '/card')", "pyb.SD().readblocks(0, bytearray(512))"]:
        assert py(call) == NO_CARD
    assert py("os.listdir('/')") == "['flash']"
    for call in ("os.listdir('/sd')", "os.chdir('/sd')", "open('/sd/a')", "os.stat('/sd')"):
        assert py(call) == NOT_ENABLED


def test_no_file_system(py, tmp_path):
    py.eject()
    py.insert(blank(tmp_path / "blank.img"))
    for call in MOUNTS:
        assert py(call) == "OSError: [Errno 22] EINVAL: no file system on the card that is known here, or a damaged one"
    assert py("os.listdir('/')") == "['flash']"
    assert py("os.mkfs('/sd')") == ""
    assert py("os.mount(pyb.SD(), '/sd'); os.listdir('/sd')") == "[]"


def test_write_protected(py, images):
    py.eject()
    py.insert(images, "--read-only")
    py("pyb.SD().mount()")
    assert py("open('/sd/hello.txt').read()") == "'hello\\n'"
    for call in ("open('/sd/new', 'w')", "open('/sd/hello.txt', 'a')", "os.remove('/sd/hello.txt')", "os.mkdir('/sd/x')", "os.rename('/sd/hello.txt', '/sd/y')"):
        assert py(call) == "OSError: [Errno 30] EROFS: the card is write-protected"
    assert py("os.mkfs('/sd')") == "OSError: [Errno 30] EROFS: the card is write-protected"
    assert py("open('/sd/hello.txt').read()") == "'hello\\n'"


def test_full(py, tmp_path):
    py.eject()
    py.insert(blank(tmp_path / "small.img", MIB))
    py("os.mkfs('/sd'); pyb.SD().mount()")
    printed = py.run(
        """
import os
file = open('/sd/big', 'wb')
try:
    while True: file.write(bytes(4096))
except OSError as error: print(error)
try: file.close()
except OSError as error: print(error)
os.remove('/sd/big'); print(os.listdir('/sd'), os.statvfs('/sd')[3] > 0)
"""
    )
    assert printed.splitlines() == ["[Errno 28] ENOSPC: no room on /sd", "[Errno 28] ENOSPC: no room on /sd", "[] True"]


def test_open_files_keep_it(py):
    py(f"sd = pyb.SD({PINS}); file = open('/sd/hello.txt')")
    for call in ("sd.disable()", "os.umount('/sd')", "os.mkfs('/sd')"):
        assert py(call) == "OSError: [Errno 16] EBUSY: something on it is open"
    assert py("os.listdir('/'), '/sd' in sys.path, file.read()") == "(['flash', 'sd'], True, 'hello\\n')"
    assert py("file.close(); os.umount('/sd')") == ""


def test_the_card_goes_while_a_file_is_open(py, images):
    py(f"pyb.SD({PINS}); file = open('/sd/gone.txt', 'w')")
    py("file.write('x' * 100)")
    py.gone()
    assert py("file.write('y' * 100000)") == "OSError: [Errno 5] EIO: the card has been taken out"
    assert py("file.close()") == "OSError: [Errno 5] EIO: the card has been taken out"
    assert py("open('/sd/hello.txt')") == NO_CARD
    assert py("os.chdir('/sd')") == NO_CARD
    assert "/sd" in py("sys.path"), "the slot is still enabled"
    py.there(images)
    assert py("open('/sd/hello.txt').read()") == "'hello\\n'"
    py.run("import os\nfor name in os.listdir('/sd'):\n    if name == 'gone.txt': os.remove('/sd/gone.txt')\n")


def test_an_error_does_not_end_the_current_directory(py, images):
    py(f"pyb.SD({PINS}); os.chdir('/sd')")
    py.gone()
    assert py("os.getcwd()") == "'/sd'"
    assert py("os.listdir()") == NO_CARD
    py.there(images)
    assert py("sorted(os.listdir())") == str(sorted(FILES))


# ---- os.mkfs


def test_mkfs_of_the_card(py, tmp_path):
    py.eject()
    py.insert(blank(tmp_path / "new.img", 64 * MIB))
    for what in ("'/sd'", "pyb.SD()"):
        assert py(f"os.mkfs({what}); os.listdir('/')") == "['flash']", "it mounts nothing that was not mounted"
    py("pyb.SD().mount(); os.mkdir('/sd/folder'); os.chdir('/sd/folder')")
    assert py("os.mkfs('/sd'); os.listdir('/'), os.listdir('/sd'), os.getcwd()") == "(['flash', 'sd'], [], '/sd')"


def test_ctrl_c_waits_for_the_end_of_mkfs(py, tmp_path):
    py.eject()
    py.insert(blank(tmp_path / "new.img", 8 * 1024 * MIB))
    py.session.send(b"while True: os.mkfs('/sd'); print('ma' + 'de')\r\r")
    py.session.expect(b"made\r\n")
    py.session.send(b"\x03")
    py.session.expect(b"KeyboardInterrupt")
    py.session.expect(PROMPT)
    assert py("pyb.SD().mount(); os.listdir('/sd')") == "[]"


def test_mkfs_of_flash(make_board):
    board = make_board()
    session = board.telnet()
    session.run("import os\nopen('/flash/mine', 'w').close()\nos.mkdir('/flash/folder')\nos.chdir('/flash/folder')\nkept = open('/flash/boot.py')")
    assert "EBUSY: something on it is open" in session.python("os.mkfs('/flash')")
    assert "mine" in session.python("os.listdir('/flash')")
    session.python("kept.close()")
    assert session.python("os.mkfs('/flash'); os.getcwd(), os.listdir()") == "('/flash', ['boot.py', 'cert', 'lib', 'main.py', 'sys'])"


@pytest.mark.parametrize("what", ["'/nowhere'", "''", "'flash'"])
def test_mkfs_of_nothing(py, what):
    assert py(f"os.mkfs({what})") == "OSError: [Errno 19] ENODEV: mkfs() takes '/flash', '/sd' or a block device"


# ---- blocks, and disks of a program's own

RAM_DISK = """
import os, vfs
class Disk:
    def __init__(self, blocks, size=512):
        self.size = size
        self.data = bytearray(blocks * size)
    def readblocks(self, n, buf, off=0):
        start = n * self.size + off
        buf[:] = self.data[start:start + len(buf)]
    def writeblocks(self, n, buf, off=0):
        start = n * self.size + off
        self.data[start:start + len(buf)] = buf
    def ioctl(self, op, arg):
        if op == 4: return len(self.data) // self.size
        if op == 5: return self.size
        if op == 6: return 0
"""


def test_blocks_of_the_card(py):
    py("sd = machine.SD(); buf = bytearray(512 * 20)")
    assert py("sd.ioctl(4, 0) * sd.ioctl(5, 0)") == str(4 * MIB)
    assert py("sd.readblocks(0, buf), buf[510:512]") == "(0, bytearray(b'U\\xaa'))"
    assert py("data = bytes(range(256)) * 40; sd.writeblocks(8000, data), sd.readblocks(8000, buf), buf == data") == "(0, 0, True)"
    assert py("sd.readblocks(8192, buf)") == py("sd.readblocks(-1, buf)") == "OSError: [Errno 22] EINVAL: the card has no such block"
    assert "EINVAL" in py("sd.readblocks(8192 - 19, buf)")
    assert py("sd.readblocks(0, bytearray(511))") == "ValueError: only whole blocks of 512 bytes"
    py("sd.mount()")
    for call in ("sd.readblocks(0, buf)", "sd.writeblocks(0, buf)", "sd.ioctl(1, 0)", "vfs.VfsFat(sd)"):
        assert py(call) == "OSError: [Errno 16] EBUSY: the card is in use as /sd"
    assert py("sd.disable(); sd.readblocks(0, buf)") == "0"


def test_blocks_of_a_protected_card(py, images):
    py.eject()
    py.insert(images, "--read-only")
    assert py("pyb.SD().writeblocks(0, bytes(512))") == "OSError: [Errno 30] EROFS: the card is write-protected"


def test_the_card_by_another_name(py, images):
    py(f"sd = machine.SD({PINS}); os.mount(sd, '/card')")
    assert py("os.listdir('/')") == "['flash', 'card']"
    assert py("open('/card/hello.txt').read()") == "'hello\\n'"
    assert py.run("import os\nopen('/card/größe.txt', 'w').close()\nprint(os.listdir('/card')[-1])\nos.remove('/card/größe.txt')\n") == "größe.txt\n"
    for second in ("os.mount(sd, '/sd')", f"pyb.SD({PINS})", "sd.init()", "os.mount(sd, '/card2')", "os.mount(vfs.VfsFat(sd), '/card2')", "os.mkfs('/sd')"):
        assert py(second) == "OSError: [Errno 16] EBUSY: the program has mounted the card elsewhere: umount() it there first"
    assert py("open('/card/hello.txt').read()") == "'hello\\n'"
    assert py("card = [v for v, point in vfs.mount() if point == '/card'][0]; os.umount('/card'); os.mount(sd, '/sd')") == ""
    assert "OSError" in py("card.open('/hello.txt', 'r').read()"), "what that volume knows of the card may be wrong by now"
    assert py("open('/sd/hello.txt').read()") == "'hello\\n'"
    assert py("os.mount(sd, '/card2')") == "OSError: [Errno 16] EBUSY: the card is in use as /sd"
    assert py("os.umount('/sd'); os.mount(card, '/card'); open('/card/tool.py').read()") == "OSError: [Errno 19] ENODEV: the card was in use as /sd meanwhile: mount it again"
    assert py("os.umount('/card'); os.mount(sd, '/card'); open('/card/hello.txt').read()") == "'hello\\n'"
    py.eject()
    py.insert(images)
    assert py("open('/card/tool.py').read()") == "OSError: [Errno 19] ENODEV: this card is not in the slot any more"
    assert py("os.mount(sd, '/sd'); open('/sd/hello.txt').read()") == "'hello\\n'", "what has gone is no reason to refuse"
    assert py("os.umount('/card')") == ""


@pytest.mark.parametrize("kind", ["VfsFat", "VfsLfs2"])
def test_a_ram_disk(py, kind):
    printed = py.run(
        RAM_DISK
        + f"""
disk = Disk(256)
vfs.{kind}.mkfs(disk)
os.mount(vfs.{kind}(disk), '/ram')
os.chdir('/ram')
with open('größe.txt', 'w') as file: file.write('x' * 3000)
print(os.listdir('/'), *os.listdir(), os.stat('größe.txt')[6], os.getcwd())
import sys
with open('module_on_ram.py', 'w') as file: file.write('print("imported")')
import module_on_ram
os.chdir('/flash'); os.umount('/ram')
os.mount(disk, '/again'); print(*sorted(os.listdir('/again'))); os.umount('/again')
try:
    os.mount(Disk(64), '/empty')
except OSError as error: print(error)
"""
    )
    assert printed.splitlines() == [
        "['flash', 'ram'] größe.txt 3000 /ram",
        "imported",
        "größe.txt module_on_ram.py",
        "[Errno 19] ENODEV",
    ]


def test_mkfs_of_a_ram_disk(py):
    assert py.run(RAM_DISK + "disk = Disk(256)\nos.mkfs(disk)\nos.mount(disk, '/ram')\nprint(os.listdir('/ram'))\nos.umount('/ram')\n") == "[]\n"


BROKEN = [
    ("VfsLfs2", "Disk(64, 0)", ""),
    ("VfsLfs2", "Disk(64)", ", readsize=0"),
    ("VfsLfs2", "Disk(64)", ", progsize=7"),
    ("VfsLfs2", "Disk(64)", ", lookahead=3"),
    ("VfsLfs2", "Disk(64, 100)", ""),
    ("VfsLfs2", "Disk(0)", ""),
    ("VfsFat", "Disk(0)", ""),
    ("VfsFat", "Disk(3)", ""),
]


@pytest.mark.parametrize("kind, disk, options", BROKEN)
def test_a_broken_disk_breaks_nothing_else(py, kind, disk, options):
    """A wrong size is an exception; the board goes on, and so does /flash."""
    code = RAM_DISK + f"try:\n    vfs.{kind}.mkfs({disk}{options})\nexcept Exception as error:\n    print(type(error))\n"
    printed = py.run(code)
    assert "Error" in printed
    assert py.board.status()["state"] == "running"
    assert "boot.py" in py("os.listdir('/flash')")
    py.run("import os\nopen('/flash/still', 'w').close()\nos.remove('/flash/still')\n")


def test_unmounting_flash_is_for_this_life_only(py):
    py("flash = [v for v, point in vfs.mount() if point == '/flash'][0]")
    assert py("os.umount('/flash'); os.listdir('/')") == "[]"
    with py.board.ftp() as ftp:
        assert "boot.py" in [name.rpartition("/")[2] for name in ftp.nlst("/flash")]
    assert py("vfs.mount(flash, '/flash'); 'boot.py' in os.listdir('/flash')") == "True"
    py("os.umount('/flash')")
    py.soft_reset()
    assert py("import os, sys, vfs, pyb, machine; os.getcwd(), 'boot.py' in os.listdir('/flash')") == "('/flash', True)"


def test_names_in_os(py):
    assert py("[name for name in ('mount', 'umount', 'unmount', 'mkfs', 'sync', 'VfsFat', 'VfsLfs2') if name not in dir(os)]") == "[]"
    assert py("[name for name in ('mount', 'umount', 'VfsFat', 'VfsLfs2') if name not in dir(vfs)]") == "[]"
    assert "AttributeError" in py("os.nothing")
