"""File systems on block devices of a program's own that misbehave: the program gets an exception, the board goes on."""

import pytest

from cards import fill

# The disk calls trouble() when it is used for the `at`-th time.
DISK = """
import gc, os, vfs
class Disk:
    at, count, busy = 0, 0, False
    def __init__(self, blocks):
        self.data = bytearray(blocks * 512)
    def turn(self):
        if self.at and not self.busy:
            self.count += 1
            if self.count == self.at:
                self.busy = True
                try:
                    trouble()
                finally:
                    self.busy = False
    def readblocks(self, block, buffer, offset=0):
        self.turn()
        start = block * 512 + offset
        buffer[:] = self.data[start : start + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        self.turn()
        start = block * 512 + offset
        self.data[start : start + len(buffer)] = buffer
    def ioctl(self, operation, argument):
        return {4: len(self.data) // 512, 5: 512}.get(operation, 0)

def work():
    os.mkdir('/own/folder with a long name')
    with open('/own/folder with a long name/a', 'w') as file: file.write('x' * 2000)
    os.rename('/own/folder with a long name/a', '/own/b with a long name')
    os.listdir('/own/folder with a long name')
    os.rename('/own/folder with a long name', '/own/other')
    os.rmdir('/own/other')
    os.remove('/own/b with a long name')

def deeper(levels):
    data = bytearray(64)
    return deeper(levels - 1) if levels else 0

def round(kind, at):
    global disk
    disk = Disk(128)
    getattr(vfs, kind).mkfs(disk)
    os.mount(getattr(vfs, kind)(disk), '/own')
    disk.at = at
    said = None
    try:
        work()
    except Exception as error:
        said = error
    disk.at = 0
    for again in range(3):
        deeper(20)
        try:
            work()
        except OSError:
            pass
        gc.collect()
    os.umount('/own')
    return disk.count < at, said
"""

RAISES = """
def trouble():
    raise ValueError('trouble')
"""

ENTERS = """
def trouble():
    for name in os.listdir('/own'): pass
    with open('/own/a name of the disk itself', 'w') as file: file.write('y')
    os.remove('/own/a name of the disk itself')
"""


@pytest.mark.parametrize("kind", ["VfsFat", "VfsLfs2"])
@pytest.mark.parametrize("trouble", [RAISES, ENTERS], ids=["raises", "enters"])
def test_trouble_at_every_block(board, kind, trouble):
    session = board.telnet()
    turns = session.run(
        DISK
        + trouble
        + f"""
ends, at, told = False, 0, set()
while not ends:
    at += 1
    ends, said = round('{kind}', at)
    told.add(repr(said))
told.discard('None')
print(at > 20, len(told) > 0)
""",
        120,
    )
    assert turns.endswith("True True\n")
    assert board.status()["state"] == "running"
    assert "boot.py" in session.python("os.listdir('/flash')")


def test_a_file_of_one_card_never_writes_to_the_next(board, tmp_path):
    """However often the program mounts cards by its own means."""
    first, second = fill(board, tmp_path / "first.img", {}), fill(board, tmp_path / "second.img", {"a": "a"})
    session = board.telnet()
    board.ctl("sd", "insert", first)
    session.run("import machine, os\nsd = machine.SD()\nos.mount(sd, '/own')\nlog = open('/own/log', 'w')\nprint(log.write('x' * 3000))\n")
    board.ctl("sd", "eject")
    board.ctl("sd", "insert", second)
    session.run("os.umount('/own')\nos.mount(sd, '/own')\nprint(os.listdir('/own'))\n")
    before = second.read_bytes()
    for call in ("log.write('x' * 3000)", "log.flush()", "log.close()"):
        assert "this card is not in the slot any more" in session.python(call)
    assert second.read_bytes() == before
    assert session.python("open('/own/a').read()") == "'a'"
