"""The matrix of docs/clients.md: what each FTP client can do with a board. What a client did is looked at from Python's prompt, and what it is
to find was made there: FTP does not judge itself."""

import contextlib
import hashlib
import os

import pytest

from clients.matrix import LACKS, WRITES, YES, Matrix
from board import ROOT, THOUSAND
from clients.filezilla import Display, FileZilla, FileZillaPlain
from clients.programs import CLIENTS, Failed
from clients.wire import Wire

CLIENTS = [*CLIENTS, FileZilla, FileZillaPlain]
LONG = bool(os.environ.get("WIPY_TEST_LONG"))
SPACES = "two  words and more.txt"
HORSE = "žluťoučký kůň 🐎.txt"
ROOM = 400_000  # bytes that the full board has left


class Desk:
    """Where a client works: its own folder here, one on the board, and the board's own view of it."""

    def __init__(self, board, client_class, here, seeded):
        self.board, self.here, self.client_class = board, here, client_class
        self.client = client_class(board.address("ftp"), here / "home")
        self.there = f"/flash/{client_class.name}"
        self.random = seeded
        self.prompt = board.telnet()
        self.python(f"import os, hashlib\nos.mkdir('{self.there}')")

    def python(self, code):
        return self.prompt.run(code)

    def make(self, path, size):
        """A file on the board; returns what is in it."""
        data = self.random.randbytes(min(size, 1000))
        self.python(f"f = open({path!r}, 'wb')\nfor i in range({size // 1000}): f.write({data!r})\nf.write({data[:size % 1000]!r})\nf.close()")
        return data * (size // 1000) + data[: size % 1000]

    def local(self, name, size):
        path = self.here / name
        path.write_bytes(self.random.randbytes(size))
        return path

    def digest(self, path):
        """The size and the SHA-256 of a file, as the board has it."""
        return eval(self.python(f"""
h, n, f = hashlib.sha256(), 0, open({path!r}, 'rb')
while True:
    data = f.read(4096)
    if not data: break
    n += len(data); h.update(data)
f.close()
print((n, h.digest()))"""))

    def is_there(self, path, data):
        assert self.digest(path) == (len(data), hashlib.sha256(data).digest()), path

    def names(self, folder):
        return set(eval(self.python(f"print(os.listdir({folder!r}))")))

    def close(self):
        self.python(f"""
def remove(path):
    for name in os.listdir(path):
        try: os.remove(path + '/' + name)
        except OSError: remove(path + '/' + name)
    os.rmdir(path)
remove('{self.there}')""")
        self.prompt.close()


# ---- the functions: each asserts what the client did


def lists(desk, folder, names):
    assert set(desk.client.list(folder)) - {".", "..", ".hidden"} == names


def listing(desk):
    desk.python(f"for n in ('a.txt', 'b.bin', '.hidden'): open('{desk.there}/' + n, 'w').close()\nos.mkdir('{desk.there}/folder')")
    lists(desk, desk.there, {"a.txt", "b.bin", "folder"})


def up(desk, name="up.bin", size=150_000):
    local = desk.local("local.bin", size)
    desk.client.up(local, f"{desk.there}/{name}")
    desk.is_there(f"{desk.there}/{name}", local.read_bytes())


def down(desk, name="down.bin", size=150_000):
    data = desk.make(f"{desk.there}/{name}", size)
    desk.client.down(f"{desk.there}/{name}", desk.here / "down")
    assert (desk.here / "down").read_bytes() == data


def resume_up(desk):
    local = desk.local("resumed.bin", 200_000)
    with desk.board.ftp() as ftp, open(local, "rb") as file:
        ftp.storbinary(f"STOR {desk.there}/resumed.bin", _Part(file, 70_000))
    with Wire(desk.board.address("ftp")) as wire:
        desk.client_class(wire.address, desk.here / "home").resume_up(local, f"{desk.there}/resumed.bin")
        assert 130_000 <= wire.carried < 140_000, "only the rest goes over the wire"
    desk.is_there(f"{desk.there}/resumed.bin", local.read_bytes())


def resume_down(desk):
    data = desk.make(f"{desk.there}/resumed.bin", 200_000)
    (desk.here / "resumed.bin").write_bytes(data[:70_000])
    with Wire(desk.board.address("ftp")) as wire:
        desk.client_class(wire.address, desk.here / "home").resume_down(f"{desk.there}/resumed.bin", desk.here / "resumed.bin")
        assert 130_000 <= wire.carried < 140_000, "only the rest goes over the wire"
    assert (desk.here / "resumed.bin").read_bytes() == data


class _Part:
    """The beginning of a file."""

    def __init__(self, file, size):
        self.file, self.left = file, size

    def read(self, size):
        data = self.file.read(min(size, self.left))
        self.left -= len(data)
        return data


def rename(desk):
    data = desk.make(f"{desk.there}/old.txt", 1500)
    desk.python(f"os.mkdir('{desk.there}/folder')")
    desk.client.rename(f"{desk.there}/old.txt", f"{desk.there}/folder/new.txt")
    assert desk.names(desk.there) == {"folder"}
    desk.is_there(f"{desk.there}/folder/new.txt", data)


def delete(desk):
    desk.make(f"{desk.there}/keep.txt", 10)
    desk.make(f"{desk.there}/delete.txt", 10)
    desk.client.delete(f"{desk.there}/delete.txt")
    assert desk.names(desk.there) == {"keep.txt"}


def mkdir(desk):
    desk.client.mkdir(f"{desk.there}/made")
    assert eval(desk.python(f"print(list(os.ilistdir('{desk.there}'))[0][:2])")) == ("made", 0x4000)


def plant(folder, desk):
    files = {"one.bin": 20_000, "empty": 0, f"sub/{SPACES}": 3000, f"sub/deep/{HORSE}": 100}
    for name, size in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(desk.random.randbytes(size))
    return files


def tree_up(desk):
    files = plant(desk.here / "tree", desk)
    desk.client.tree_up(desk.here / "tree", f"{desk.there}/tree")
    for name in files:
        desk.is_there(f"{desk.there}/tree/{name}", (desk.here / "tree" / name).read_bytes())


def tree_down(desk):
    desk.python(f"for n in ('', '/sub', '/sub/deep'): os.mkdir('{desk.there}/tree' + n)")
    files = {name: desk.make(f"{desk.there}/tree/{name}", size) for name, size in plant(desk.here / "plan", desk).items()}
    desk.client.tree_down(f"{desk.there}/tree", desk.here / "tree")
    assert {str(path.relative_to(desk.here / "tree")): path.read_bytes() for path in (desk.here / "tree").rglob("*") if path.is_file()} == files


def many_up(desk):
    folder = desk.here / "many"
    folder.mkdir()
    files = [folder / f"{number}.bin" for number in range(8)]
    for file in files:
        file.write_bytes(desk.random.randbytes(40_000))
    with Wire(desk.board.address("ftp")) as wire:
        client = desk.client_class(wire.address, desk.here / "home")
        client.many_up(files, f"{desk.there}/many")
        assert 2 <= len(wire.sessions) <= 4
    for file in files:
        desk.is_there(f"{desk.there}/many/{file.name}", file.read_bytes())


def both_ways(desk, name, size=1500):
    """Up if the client can, down, and in the listing."""
    names = {f"down {name}"}
    if hasattr(desk.client, "up"):
        up(desk, f"up {name}", size)
        names.add(f"up {name}")
    down(desk, f"down {name}", size)
    lists(desk, desk.there, names)


def spaces(desk):
    both_ways(desk, SPACES)


def utf8(desk):
    both_ways(desk, HORSE)


def empty(desk):
    both_ways(desk, "empty", 0)


def full(desk):
    """On a board that has little room. The client ends and tells why; what was there is there; a file that fits is taken."""
    local = desk.local("big.bin", 3 * ROOM)
    with pytest.raises(Failed) as failure:
        desk.client.up(local, f"{desk.there}/big.bin")
    words = str(failure.value)
    assert "552" in words or "space" in words or "storage" in words, words
    assert desk.names(desk.there) == set()
    up(desk, "small.bin", ROOM // 4)


def thousand(desk):
    lists(desk, *THOUSAND)


def cut(desk):
    """The wire breaks in the middle of a transfer: the client says so; an old file is whole, a new one is gone on with."""
    with Wire(desk.board.address("ftp")) as wire:
        client = desk.client_class(wire.address, desk.here / "home")
        data = desk.make(f"{desk.there}/down.bin", 300_000)
        wire.cut(100_000)
        with pytest.raises(Failed):
            client.down(f"{desk.there}/down.bin", desk.here / "down")
        wire.mend()
        client.down(f"{desk.there}/down.bin", desk.here / "again")
        assert (desk.here / "again").read_bytes() == data
        if not hasattr(client, "up"):
            return
        local = desk.local("local.bin", 300_000)
        wire.cut(100_000)
        with pytest.raises(Failed):
            client.up(local, f"{desk.there}/down.bin")
        desk.is_there(f"{desk.there}/down.bin", data)
        wire.mend()
        wire.cut(100_000)
        with pytest.raises(Failed):
            client.up(local, f"{desk.there}/new.bin")
        wire.mend()
        size = desk.digest(f"{desk.there}/new.bin")[0]
        assert 0 < size < 150_000
        getattr(client, "resume_up", client.up)(local, f"{desk.there}/new.bin")
        desk.is_there(f"{desk.there}/new.bin", local.read_bytes())


FUNCTIONS = {  # title in the matrix: what it does, what the client must have for it
    "list": (listing, "list"),
    "up": (up, "up"),
    "down": (down, "down"),
    "resume up": (resume_up, "resume_up"),
    "resume down": (resume_down, "resume_down"),
    "rename": (rename, "rename"),
    "delete": (delete, "delete"),
    "mkdir": (mkdir, "mkdir"),
    "folder up": (tree_up, "tree_up"),
    "folder down": (tree_down, "tree_down"),
    "4 at once": (many_up, "many_up"),
    "spaces": (spaces, "down"),
    "UTF-8": (utf8, "down"),
    "0 bytes": (empty, "down"),
    "no space": (full, "up"),
    "1,000 files": (thousand, "list"),
    "cut": (cut, "down"),
}
MATRIX = Matrix("ftp", [client.name for client in CLIENTS], list(FUNCTIONS))


@pytest.fixture(scope="module", autouse=True)
def display():
    yield
    Display.stop()


@pytest.fixture(scope="module")
def full_board(make_shared):
    board = make_shared("full")
    with board.telnet() as prompt:
        _, room = prompt.python("import os; s = os.statvfs('/flash'); s[0] * s[3]").rpartition("\n")[0::2]
    board.put("/flash/filler.bin", bytes(int(room) - ROOM))
    return board


def walk():
    """Every client with every function; FileZilla takes 2 s for each, and does most of them in `make test-long` only."""
    for client in CLIENTS:
        for function in FUNCTIONS:
            if LONG or function in ("list", "up", "down") or not issubclass(client, FileZilla):
                yield pytest.param(client, function, id=f"{client.name}-{function}")


@pytest.mark.parametrize(("client", "function"), walk())
def test_client(client, function, shared, request, tmp_path, seeded):
    act, needs = FUNCTIONS[function]
    board = shared
    if act is thousand:
        request.getfixturevalue("thousand_files")
    if act is full:
        board = request.getfixturevalue("full_board")
    with contextlib.closing(Desk(board, client, tmp_path, seeded)) as desk:
        can = getattr(desk.client, needs, None)
        if can:
            act(desk)
    MATRIX.see(client.name, function, YES if can else LACKS)


def test_the_document_says_the_same():
    MATRIX.check()


# ---- what each client sends: tests/replay/ftp, which tests/unit/test_ftp_replay.c says again to the session alone

SCENE = {"down.bin": 10_000, "resume up.bin": 4000, "resume down.bin": 10_000, "old.txt": 5, "delete.txt": 10}  # the biggest: what the replay's files hold


def scenario(client, there, here):
    """Each function once; what the client lacks is left out."""
    (here / "up.bin").write_bytes(bytes(10_000))
    (here / "resume up.bin").write_bytes(bytes(10_000))
    (here / "resume down.bin").write_bytes(bytes(4000))
    plan = [
        ("list", there), ("up", here / "up.bin", f"{there}/up.bin"), ("down", f"{there}/down.bin", here / "down.bin"),
        ("up", here / "up.bin", f"{there}/{SPACES}"), ("down", f"{there}/{SPACES}", here / "spaces"), ("up", here / "up.bin", f"{there}/{HORSE}"),
        ("resume_up", here / "resume up.bin", f"{there}/resume up.bin"), ("resume_down", f"{there}/resume down.bin", here / "resume down.bin"),
        ("rename", f"{there}/old.txt", f"{there}/new.txt"), ("delete", f"{there}/delete.txt"), ("mkdir", f"{there}/made"),
    ]
    for name, *arguments in plan:
        if getattr(client, name, None):
            if not (name == "down" and SPACES in arguments[0] and not hasattr(client, "up")):
                getattr(client, name)(*arguments)


if WRITES:

    @pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
    def test_record(client, make_board, tmp_path):
        board = make_board()
        there = "/flash/work"
        with board.ftp() as ftp:
            ftp.mkd(there)
        for name, size in SCENE.items():
            board.put(f"{there}/{name}", bytes(size))
        with Wire(board.address("ftp")) as wire:
            scenario(client(wire.address, tmp_path / "home"), there, tmp_path)
            wire.settle()
            lines = [f"# {client.name}: list, up, down, spaces, UTF-8, resume, rename, delete, mkdir", f"dir {there}"]
            lines += [f"file {size} {there}/{name}" for name, size in SCENE.items()]
            lines += [line.replace("PORT 127,0,0,1,", "PORT 192,168,1,2,") for line in wire.record()]  # as the gateway translates it
        folder = ROOT / "tests/replay/ftp"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{client.name}.txt").write_text("\n".join(lines) + "\n")
