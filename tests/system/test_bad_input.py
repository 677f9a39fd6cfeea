"""Bad input to the command line: each has its clear outcome and exit status, and harms nothing."""

import ftplib
import os
import signal
import socket
import subprocess

import pytest

from board import WIPY, client, retrieve, store, wait_for, wipy
from stream import LIMIT

FLASH_SIZE = 16 * 1024 * 1024


def fails(result, status, *words):
    """The program said why in one line and returned `status` (for wrong usage a second line says where to read more)."""
    lines = result.stderr.splitlines()
    assert result.returncode == status, result
    assert lines and lines[0].startswith("wipy"), result
    assert len(lines) <= (2 if status == 2 else 1), f"one clear line: {result.stderr}"
    for word in words:
        assert str(word) in lines[0], f"{word!r} is not in {lines[0]!r}"
    assert "ready" not in result.stdout.splitlines()


def run(directory, *options):
    ports = [] if "--telnet" in options else ["--telnet", "0"]
    ports += [] if "--ftp" in options else ["--ftp", "0"]
    return wipy("run", directory, *ports, "--quiet", *options)


def snapshot(folder):
    return {path.name: (path.stat().st_size, path.read_bytes() if path.is_file() else None) for path in folder.iterdir()}


def flash_file(directory):
    (path,) = [path for path in directory.iterdir() if path.is_file() and path.stat().st_size >= FLASH_SIZE]
    return path


@pytest.fixture
def stopped(make_board):
    board = make_board()
    board.put("/flash/keep", "kept")
    board.stop()
    return board


# ---- ports


@pytest.mark.parametrize("service", ["--telnet", "--ftp"])
def test_port_in_use(tmp_path, service):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        fails(run(tmp_path / "wipy", service, str(port)), 1, port, "in use", service)


def test_board_lets_its_ports_go(make_board):
    board = make_board()
    port = board.address("telnet")[1]
    session = board.telnet()
    session.python("1+1")
    board.stop()
    board.options = ("--telnet", str(port))
    board.start()
    assert board.address("telnet") == ("127.0.0.1", port)


# ---- the directory


def test_directory_that_cannot_be_made():
    fails(run("/proc/wipy"), 1, "/proc/wipy")


def test_directory_in_a_missing_one(tmp_path):
    result = run(tmp_path / "missing" / "wipy", "--telnet", "off", "--speed", "0")
    assert result.returncode == 2, "usage is checked first"
    assert not (tmp_path / "missing").exists()


def test_directory_not_writable(tmp_path):
    folder = tmp_path / "wipy"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o555)
        fails(run(folder), 1, folder)
        return
    # root can write everywhere but to what is mounted read-only
    script = 'mount -t tmpfs -o ro none "$2" 2>/dev/null || exit 99; exec "$1" run "$2" --telnet 0 --ftp 0'
    result = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", str(WIPY), str(folder)], text=True, capture_output=True, timeout=LIMIT, check=False
    )
    if result.returncode == 99 or "unshare" in result.stderr:
        pytest.skip("root, and no mount namespaces: every directory is writable here")
    fails(result, 1, folder)


def test_directory_is_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    fails(run(path), 1, path)
    assert path.read_text() == "mine"


def test_directory_is_not_a_board(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(b"mine")
    fails(run(folder), 1, folder)
    assert snapshot(folder) == {"photo.jpg": (4, b"mine")}, "nothing is added to a directory that is not a board's"


def test_empty_directory_becomes_a_board(tmp_path, make_board):
    (tmp_path / "wipy").mkdir()
    make_board()


# ---- the flash file


@pytest.mark.parametrize("size", [0, 1, 4096, FLASH_SIZE // 2, "one less", "one more"])
def test_flash_of_wrong_size(stopped, size):
    path = flash_file(stopped.directory)
    whole = path.stat().st_size
    os.truncate(path, {"one less": whole - 1, "one more": whole + 1}.get(size, size))
    before = path.read_bytes()
    fails(run(stopped.directory), 1, path.name)
    assert path.read_bytes() == before


def test_flash_damaged(stopped, seeded):
    """Where the file system was is garbage: services up, the damage is told, nothing is formatted or written."""
    path = flash_file(stopped.directory)
    start = 0x850000
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(seeded.randbytes(64 * 1024))
    before = path.read_bytes()[start:FLASH_SIZE]
    board = stopped.start()
    assert "/flash" in " ".join(map(str, board.status().values())), "status reports it"
    session = board.telnet()
    assert "OSError" in session.python("import os; os.listdir('/flash')")
    assert "OSError" in session.python("open('/flash/new', 'w')")
    with board.ftp() as ftp:
        assert ftp.nlst("/") == []
        with pytest.raises(Exception, match="55[0-9]"):
            ftp.cwd("/flash")
        with pytest.raises(Exception, match="55[0-9]"):
            ftp.mkd("/flash/new")
    board.stop()
    assert path.read_bytes()[start:FLASH_SIZE] == before, "nothing was formatted"
    told = wipy("flash", "ls", board.directory)
    assert told.returncode == 1 and told.stderr


def test_erased_flash_is_formatted(stopped):
    """Only an erased one is."""
    path = flash_file(stopped.directory)
    with open(path, "r+b") as file:
        file.seek(0x850000)
        file.write(bytes(FLASH_SIZE - 0x850000))  # the file holds inverted bytes
    board = stopped.start()
    with board.ftp() as ftp:
        assert "main.py" in " ".join(ftp.nlst("/flash"))
        assert "keep" not in " ".join(ftp.nlst("/flash"))


def test_flash_file_is_missing(stopped):
    """A board whose chip is gone gets a new, erased one, or says no: it never half works."""
    flash_file(stopped.directory).unlink()
    board = stopped.start()
    with board.ftp() as ftp:
        assert "main.py" in " ".join(ftp.nlst("/flash"))


# ---- two boards on one directory


def test_second_run(board):
    fails(run(board.directory), 1, board.directory)
    assert board.status()["state"] == "running"
    assert board.telnet().python("1+1") == "2"


def test_stale_socket_of_a_killed_board(board):
    board.kill9()
    fails(wipy("ctl", board.directory, "status"), 1)
    board.start()
    assert board.status()["state"] == "running"


def test_standard_files_that_are_closed(make_board):
    """The flash must not be opened as stderr: what the board prints would be in it."""
    board = make_board(start=False)
    command = board.command()
    board.command = lambda: ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command]
    board.start(ready=False)
    wait_for(lambda: wipy("ctl", board.directory, "status").returncode == 0 and board.status()["addresses"]["telnet"], "the board")
    assert board.telnet().python("1+1") == "2"
    before = flash_file(board.directory).read_bytes()
    os.kill(next(pid for pid in board.pids if open(f"/proc/{pid}/comm").read() == "wipy-laptop\n"), signal.SIGKILL)
    wait_for(lambda: not board.status()["addresses"]["telnet"], "the end of the laptop")
    assert flash_file(board.directory).read_bytes() == before


# ---- the command line


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["--nonsense"],
        ["run", "DIR", "--nonsense"],
        ["run", "DIR", "DIR2"],
        ["run", "DIR", "--telnet"],
        ["run", "DIR", "--telnet", "65536"],
        ["run", "DIR", "--telnet", "-1"],
        ["run", "DIR", "--telnet", "abc"],
        ["run", "DIR", "--telnet", ""],
        ["run", "DIR", "--ftp", "127.0.0.1:"],
        ["run", "DIR", "--ftp", "localhost.example:99999"],
        ["run", "DIR", "--ftp", "21 "],
        ["run", "DIR", "--speed", "0"],
        ["run", "DIR", "--speed", "-5"],
        ["run", "DIR", "--speed", "fast"],
        ["run", "DIR", "--speed", "1000000"],
        ["run", "DIR", "--pin", "GP28"],
        ["run", "DIR", "--pin", "GP32=1"],
        ["run", "DIR", "--pin", "GP28=2"],
        ["run", "DIR", "--pin", "28=1"],
        ["ctl"],
        ["ctl", "DIR"],
        ["ctl", "DIR", "dance"],
        ["ctl", "DIR", "status", "more"],
        ["ctl", "DIR", "power"],
        ["ctl", "DIR", "power", "up"],
        ["ctl", "DIR", "pin"],
        ["ctl", "DIR", "pin", "GP28", "2"],
        ["ctl", "DIR", "pin", "GP99"],
        ["flash"],
        ["flash", "fly", "DIR"],
        ["flash", "get", "DIR"],
        ["help", "fly"],
    ],
    ids=" ".join,
)
def test_wrong_usage(tmp_path, arguments):
    result = wipy(*[str(tmp_path / part) if part.startswith("DIR") else part for part in arguments])
    assert result.returncode == 2
    assert result.stderr
    assert list(tmp_path.iterdir()) == [], "nothing was made"


@pytest.mark.parametrize("option", ["--telnet", "--ftp"])
def test_ports_without_a_laptop(tmp_path, option):
    for arguments in (["--no-laptop", option, "2400"], [option, "0", "--no-laptop"]):
        result = wipy("run", tmp_path / "wipy", *arguments)
        fails(result, 2, option, "--no-laptop")
    assert list(tmp_path.iterdir()) == [], "nothing was made"


def test_firmware_that_is_none(tmp_path):
    fails(run(tmp_path / "wipy", "--firmware", str(tmp_path / "missing")), 1, "missing")
    (tmp_path / "no image").write_bytes(b"this is no firmware image" * 100)
    fails(run(tmp_path / "other", "--firmware", str(tmp_path / "no image")), 1, "no image")


def test_ctl_without_a_board(tmp_path, stopped):
    for verb in (["status"], ["reset"], ["power", "off"], ["pin", "GP28", "1"], ["led", "--history"]):
        fails(wipy("ctl", stopped.directory, *verb), 1, stopped.directory)
        fails(wipy("ctl", tmp_path / "nowhere", *verb), 1, "nowhere")


# ---- /flash is full


@pytest.mark.limit(200)
def test_flash_full(board, seeded, tmp_path):
    """The upload is taken to its end and refused with 552; the old file stays; there is room again afterwards."""
    old = seeded.randbytes(40_000)
    with board.ftp(limit=90) as ftp:
        store(ftp, "/flash/precious", old)
        too_much = bytes(9_000_000)
        for name in ("/flash/precious", "/flash/new"):
            with pytest.raises(ftplib.error_perm, match="^552"):
                store(ftp, name, too_much)
        assert retrieve(ftp, "/flash/precious") == old
        assert "new" not in " ".join(ftp.nlst("/flash")).replace("newline", "")
        middle = seeded.randbytes(2_000_000)
        assert store(ftp, "/flash/fits", middle).startswith("226")
        assert retrieve(ftp, "/flash/fits") == middle
    (tmp_path / "big").write_bytes(too_much)
    told = client("curl", "-sS", "-T", tmp_path / "big", board.ftp_url("/flash/precious"), limit=100)
    assert told.returncode != 0
    assert board.get("/flash/precious") == old
    board.reset()
    board.wait_state("running")
    assert board.get("/flash/precious") == old


@pytest.mark.limit(200)
def test_flash_full_for_python(board):
    session = board.telnet()
    output = session.run("""
block = b'x' * 20000
try:
    with open('/flash/fill', 'wb') as f:
        while True:
            f.write(block)
except OSError as error:
    print(error)
import os
print(open('/flash/main.py').read().strip())
os.remove('/flash/fill')
with open('/flash/fits', 'wb') as f:
    f.write(block)
print('fits')
""", limit=120)
    assert "28" in output.splitlines()[0] or "ENOSPC" in output.splitlines()[0]
    assert output.splitlines()[1:] == ["# main.py -- put your code here!", "fits"]
