"""FTP: the commands, the replies that clients rely on, and the real clients."""

import calendar
import ftplib
import io
import os
import re
import socket
import time

import pytest

from board import PASSWORD, USER, client, retrieve, store, wait_for
from stream import LIMIT

NAMES = ["plain.txt", "two words.txt", "žluťoučký kůň.txt", "日本語.py", "quote'and\"quote.txt", " leading", "-dash", "100%.txt", "#hash;semi"]


class Control:
    """An FTP control connection, for what no client library would send."""

    def __init__(self, board, login=True):
        self.socket = socket.create_connection(board.address("ftp"), timeout=LIMIT)
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply()
        if login:
            assert self.command(f"USER {USER}").startswith("331")
            assert self.command(f"PASS {PASSWORD}").startswith("230")

    def reply(self):
        """One whole reply; '' when the connection has ended."""
        lines = []
        while True:
            line = self.file.readline().decode("utf-8", "replace")
            lines.append(line)
            if not line or re.match(r"\d\d\d ", line):
                return "".join(lines)

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def command(self, line):
        self.send(line + "\r\n")
        return self.reply()

    def passive(self):
        """Open a data connection."""
        numbers = re.search(r"\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)", self.command("PASV"))
        a, b, c, d, high, low = map(int, numbers.groups())
        return socket.create_connection((f"{a}.{b}.{c}.{d}", high * 256 + low), timeout=LIMIT)

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


@pytest.fixture
def control(shared):
    with Control(shared) as control:
        yield control


@pytest.fixture
def ftp(shared):
    with shared.ftp() as ftp:
        yield ftp


@pytest.fixture
def folder(ftp, request):
    """A folder of its own on /flash, gone afterwards."""
    path = "/flash/" + re.sub(r"\W", "_", request.node.name)[:40]
    ftp.mkd(path)
    ftp.cwd(path)
    yield path
    remove_tree(ftp, path)


def remove_tree(ftp, path):
    for name, facts in listing(ftp, path).items():
        if facts == "dir":
            remove_tree(ftp, f"{path}/{name}")
        else:
            ftp.delete(f"{path}/{name}")
    ftp.rmd(path)


def listing(ftp, path):
    """{name: 'dir' or size}, from LIST as clients parse it."""
    lines = []
    ftp.cwd(path)
    ftp.retrlines("LIST", lines.append)
    found = {}
    for line in lines:
        fields = re.fullmatch(r"([-d])[rwxsStT-]{9}\s+\d+\s+\S+\s+\S+\s+(\d+)\s+(\w{3}\s+\d+\s+[\d:]+) (.*)", line)
        assert fields, f"no client can read the line {line!r}"
        found[fields[4]] = "dir" if fields[1] == "d" else int(fields[2])
    return found


# ---- sessions


def test_greeting_and_login(shared):
    with Control(shared, login=False) as control:
        assert control.greeting.startswith("220 ")
        assert re.match(r"331 ", control.command("USER micro"))
        assert re.match(r"230[ -]", control.command("PASS python"))
        assert control.command("QUIT").startswith("221 ")
        assert control.reply() == ""


@pytest.mark.parametrize("user, password", [("micro", "wrong"), ("nobody", "python"), ("micro", "")])
def test_wrong_password(shared, user, password):
    with Control(shared, login=False) as control:
        control.command(f"USER {user}")
        assert control.command(f"PASS {password}").startswith("530 ")
        assert control.command("RETR /flash/boot.py").startswith("530 ")
        control.command("USER micro")
        assert control.command("PASS python").startswith("230")


def test_nothing_without_login(shared):
    with Control(shared, login=False) as control:
        for line in ("PWD", "CWD /flash", "PASV", "EPSV", "LIST", "NLST", "RETR /flash/boot.py", "STOR /flash/x", "DELE /flash/boot.py",
                     "MKD /flash/x", "RMD /flash/lib", "RNFR /flash/boot.py", "SIZE /flash/boot.py", "MDTM /flash/boot.py"):
            assert control.command(line).startswith("530 "), line
    assert shared.get("/flash/boot.py")


def test_feat_and_syst_before_login(shared):
    with Control(shared, login=False) as control:
        features = control.command("FEAT")
        lines = features.split("\r\n")
        assert lines[0].startswith("211-") and lines[-2].startswith("211 ")
        assert all(line.startswith(" ") and not line.startswith("  ") for line in lines[1:-2])
        assert {"SIZE", "MDTM", "EPSV"} <= {line.strip().split()[0] for line in lines[1:-2]}
        assert control.command("SYST").startswith("215 UNIX")


def test_unknown_and_unsupported(control):
    assert control.command("XYZZY").startswith(("500 ", "502 "))
    assert control.command("AUTH TLS").startswith(("502 ", "500 ", "504 ")), "refused at once"
    assert control.command("").startswith("5")
    assert control.command("RETR").startswith("501 ")
    assert control.command("NOOP").startswith("200 ")
    assert control.command("noop").startswith("200 ")


def test_begins_in_root(ftp):
    assert ftp.pwd() == "/"
    assert [name.lstrip("/") for name in ftp.nlst()] == ["flash"]


def test_directories(ftp, folder):
    assert ftp.pwd() == folder
    ftp.mkd("a")
    ftp.mkd('a/b "quoted" b')
    ftp.cwd('a/b "quoted" b')
    assert ftp.pwd() == folder + '/a/b "quoted" b'
    ftp.cwd("..")
    assert ftp.pwd() == folder + "/a"
    ftp.cwd("../../..")
    assert ftp.pwd() == "/"
    ftp.cwd("..")
    assert ftp.pwd() == "/"
    ftp.cwd(folder + "/./a//")
    assert ftp.pwd() == folder + "/a"
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.cwd("missing")
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.rmd(folder)
    assert ftp.pwd() == folder + "/a"


@pytest.mark.parametrize("name", NAMES)
def test_names(ftp, folder, name):
    data = name.encode() * 50
    store(ftp, name, data)
    assert retrieve(ftp, name) == data
    assert retrieve(ftp, f"{folder}/{name}") == data
    assert [one.rpartition("/")[2] for one in ftp.nlst()] == [name]
    assert listing(ftp, folder) == {name: len(data)}
    assert ftp.size(name) == len(data)
    ftp.rename(name, "other " + name)
    assert retrieve(ftp, "other " + name) == data
    ftp.delete("other " + name)
    assert ftp.nlst() == []


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1460, 4095, 4096, 4097, 65536, 300_001])
def test_sizes(ftp, folder, size, seeded):
    data = seeded.randbytes(size)
    assert store(ftp, "file", data).startswith("226")
    assert ftp.size("file") == size
    assert retrieve(ftp, "file") == data


def test_type_a_changes_no_byte(ftp, folder):
    data = b"one\r\ntwo\nthree\r\n\xff\x00"
    store(ftp, "file", data)
    parts = []
    ftp.voidcmd("TYPE A")
    with ftp.transfercmd("RETR file") as connection:
        while part := connection.recv(4096):
            parts.append(part)
    ftp.voidresp()
    assert b"".join(parts) == data


def test_replaces_and_deletes(ftp, folder):
    store(ftp, "file", b"a long first version")
    store(ftp, "file", b"second")
    assert retrieve(ftp, "file") == b"second"
    ftp.mkd("directory")
    for wrong in ("directory", "missing/file", "/file", "/", ""):
        with pytest.raises(ftplib.error_perm, match="55[0-9]|501"):
            store(ftp, wrong, b"x")
    for wrong in ("directory", "missing", "/flash"):
        with pytest.raises(ftplib.error_perm, match="55[0-9]"):
            ftp.delete(wrong)
    store(ftp, "directory/in", b"x")
    with pytest.raises(ftplib.error_perm, match="55[0-9]"):
        ftp.rmd("directory")
    with pytest.raises(ftplib.error_perm, match="55[0-9]"):
        ftp.rename("missing", "other")
    assert listing(ftp, folder) == {"file": 6, "directory": "dir"}


def test_rename_moves_and_replaces(ftp, folder):
    store(ftp, "a", b"A")
    store(ftp, "b", b"B")
    ftp.mkd("d")
    ftp.rename("a", "d/a")
    ftp.rename("d/a", "b")
    assert retrieve(ftp, "b") == b"A"
    assert listing(ftp, folder) == {"b": 1, "d": "dir"}
    assert ftp.sendcmd("RNFR b").startswith("350")
    ftp.sendcmd("NOOP")
    with pytest.raises(ftplib.error_perm, match="503"):
        ftp.sendcmd("RNTO c")


def test_mdtm_is_utc(ftp, folder):
    before = int(time.time())
    store(ftp, "file", b"x")
    stamp = ftp.sendcmd("MDTM file")
    match = re.fullmatch(r"213 (\d{14})", stamp)
    assert match
    assert before - 2 <= calendar.timegm(time.strptime(match[1], "%Y%m%d%H%M%S")) <= time.time() + 2
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.sendcmd("MDTM missing")
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.size("missing")


def test_size_of_a_directory_is_refused(ftp):
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.size("/flash/lib")


def test_list_options_are_not_paths(ftp):
    ftp.cwd("/flash")
    for options in ("-a", "-la", "-al /flash"):
        lines = []
        ftp.retrlines(f"LIST {options}", lines.append)
        assert any(line.endswith(" main.py") for line in lines), options


def test_list_of_one_file(ftp):
    lines = []
    ftp.retrlines("LIST /flash/main.py", lines.append)
    assert len(lines) == 1 and lines[0].endswith("main.py")


def test_empty_directory_lists_as_nothing(ftp, folder):
    lines = []
    assert ftp.retrlines("LIST", lines.append).startswith("226")
    assert lines == [] and ftp.nlst() == []


def test_hundred_files(ftp, folder):
    names = {f"file {number:03}" for number in range(100)}
    for name in names:
        store(ftp, name, name.encode())
    assert set(ftp.nlst()) == names
    assert listing(ftp, folder) == {name: len(name) for name in names}
    for name in sorted(names)[::9]:
        assert retrieve(ftp, name) == name.encode()


def test_epsv(ftp, folder):
    ftp.set_pasv(True)
    match = re.match(r"229 .*\(\|\|\|(\d+)\|\)", ftp.sendcmd("EPSV"))
    assert match
    with socket.create_connection((ftp.host, int(match[1])), timeout=LIMIT) as data:
        assert ftp.sendcmd("STOR by-epsv").startswith("150")
        data.sendall(b"by EPSV")
    assert ftp.voidresp().startswith("226")
    assert retrieve(ftp, "by-epsv") == b"by EPSV"


def test_commands_in_one_segment_and_in_pieces(control):
    control.send(b"NOOP\r\nPWD\r\nNOOP\r\n")
    assert [control.reply()[:3] for _ in range(3)] == ["200", "257", "200"]
    for byte in b"PWD\r\n":
        control.send(bytes([byte]))
    assert control.reply().startswith('257 "/"')


def test_data_connection_after_the_command(control):
    numbers = re.search(r"\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)", control.command("PASV"))
    *host, high, low = map(int, numbers.groups())
    control.send("NLST /flash\r\n")
    with socket.create_connection((".".join(map(str, host)), high * 256 + low), timeout=LIMIT) as data:
        assert control.reply().startswith("150 ")
        received = b""
        while part := data.recv(4096):
            received += part
    assert b"main.py\r\n" in received
    assert control.reply().startswith("226 ")


def test_transfer_without_passive_is_refused(control):
    assert control.command("LIST").startswith("425 ")
    assert control.command("PWD").startswith("257 ")


def test_pasv_twice_and_unused(control):
    for _ in range(20):
        assert control.command("PASV").startswith("227 ")
        assert control.command("EPSV").startswith("229 ")
    data = control.passive()
    assert control.command("NLST /").startswith("150 ")
    assert b"flash" in data.recv(100)
    data.close()
    assert control.reply().startswith("226 ")


# ---- sessions beside each other


def test_several_sessions_each_with_a_transfer(shared, seeded):
    sessions = [shared.ftp() for _ in range(3)]
    data = [seeded.randbytes(100_000) for _ in sessions]
    connections = [ftp.transfercmd(f"STOR /flash/parallel{number}") for number, ftp in enumerate(sessions)]
    for at in range(0, 100_000, 10_000):
        for connection, one in zip(connections, data):
            connection.sendall(one[at : at + 10_000])
    for connection, ftp in zip(connections, sessions):
        connection.close()
        assert ftp.voidresp().startswith("226")
    for number, (ftp, one) in enumerate(zip(sessions, data)):
        assert retrieve(ftp, f"/flash/parallel{number}") == one
        ftp.delete(f"/flash/parallel{number}")
        ftp.quit()


def test_file_that_is_open_elsewhere_is_not_replaced(shared):
    shared.put("/flash/busy", b"old")
    with shared.ftp() as one, shared.ftp() as two:
        with one.transfercmd("STOR /flash/busy") as connection:
            connection.sendall(b"new")
            with pytest.raises(ftplib.error_temp, match="450"):
                store(two, "/flash/busy", b"other")
            with pytest.raises(ftplib.error_temp, match="450"):
                two.delete("/flash/busy")
        assert one.voidresp().startswith("226")
        assert retrieve(two, "/flash/busy") == b"new"
        two.delete("/flash/busy")


def test_two_hundred_connections(shared):
    """All are told something, none is left in silence, and the service is whole afterwards."""
    address = shared.address("ftp")
    greeted = refused = closed = 0
    sockets = []
    try:
        for _ in range(200):
            sock = socket.create_connection(address, timeout=60)
            sockets.append(sock)
        for sock in sockets:
            try:
                reply = sock.recv(200)
            except ConnectionResetError:
                reply = b""
            greeted += reply.startswith(b"220")
            refused += reply.startswith(b"421")
            closed += reply == b""
    finally:
        for sock in sockets:
            sock.close()
    assert greeted >= 1
    assert greeted + refused + closed == 200
    wait_for(lambda: login_works(shared), "a login after the crowd has gone")
    with shared.telnet() as session:
        assert session.python("1+1") == "2"


def test_two_hundred_telnet_connections(shared):
    address = shared.address("telnet")
    sockets = [socket.create_connection(address, timeout=60) for _ in range(200)]
    for sock in sockets:
        sock.close()

    def works():
        try:
            with shared.telnet() as session:
                return session.python("1+1") == "2"
        except (AssertionError, OSError):
            return False

    wait_for(works, "a login after the crowd has gone", 60)


def login_works(board):
    try:
        with board.ftp() as ftp:
            return ftp.pwd() == "/"
    except (ftplib.Error, OSError, EOFError):
        return False


# ---- clients that misbehave


def test_command_of_100_kB(shared):
    with Control(shared) as control:
        control.send(b"CWD /" + b"a" * 100_000 + b"\r\n")
        assert control.reply().startswith("500 ")
        assert control.command("PWD").startswith('257 "/"'), "one reply for it, and the next command works"
    with Control(shared, login=False) as control:
        control.send(b"a" * 100_000)
        control.send(b"\r\n")
        assert control.reply()[:1] == "5"
    assert login_works(shared)


def test_client_that_vanishes_in_upload(shared, seeded):
    """The old file stays, whether the client resets both connections or just dies."""
    old = seeded.randbytes(30_000)
    shared.put("/flash/precious", old)
    for linger in (True, False):
        for sent in (0, 1, 5000, 200_000):
            with Control(shared) as control:
                data = control.passive()
                control.send("STOR /flash/precious\r\n")
                assert control.reply().startswith("150 ")
                data.sendall(bytes(sent))
                if linger:
                    for sock in (control.socket, data):
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                    data.close()
                else:
                    control.file.close()
                    control.socket.close()
                    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                    data.close()

            def intact():
                try:
                    return shared.get("/flash/precious") == old
                except ftplib.error_temp:
                    return False  # the board has not noticed yet

            wait_for(intact, f"the old file after {sent} bytes")
    with shared.ftp() as ftp:
        assert "precious" in " ".join(ftp.nlst("/flash"))
        ftp.delete("/flash/precious")


def test_client_that_vanishes_in_download(shared, seeded):
    shared.put("/flash/big", seeded.randbytes(500_000))
    for _ in range(8):
        with Control(shared) as control:
            data = control.passive()
            control.send("RETR /flash/big\r\n")
            data.recv(1000)
            for sock in (control.socket, data):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            data.close()

    def removed():
        with shared.ftp() as ftp:
            try:
                return ftp.delete("/flash/big")
            except ftplib.error_temp:
                return False

    wait_for(removed, "the file is closed")


def test_garbage(shared, seeded):
    for _ in range(5):
        with socket.create_connection(shared.address("ftp"), timeout=LIMIT) as sock:
            try:
                sock.sendall(seeded.randbytes(20_000))
            except OSError:
                pass
    wait_for(lambda: login_works(shared), "a login after garbage")
    assert shared.status()["state"] == "running"


# ---- real clients


@pytest.fixture
def local(tmp_path, seeded):
    """A file for the clients to carry."""
    path = tmp_path / "local file.bin"
    path.write_bytes(seeded.randbytes(150_000))
    return path


def test_curl(shared, ftp, folder, local, tmp_path):
    url = shared.ftp_url(folder + "/")
    up = client("curl", "-sS", "-T", local, url + "by%20curl.bin")
    assert up.returncode == 0, up.stdout
    assert retrieve(ftp, "by curl.bin") == local.read_bytes()
    down = client("curl", "-sS", "-o", tmp_path / "down", url + "by%20curl.bin")
    assert down.returncode == 0, down.stdout
    assert (tmp_path / "down").read_bytes() == local.read_bytes()
    assert client("curl", "-sS", "-l", url).stdout.split("\n") == ["by curl.bin", ""]
    assert "by curl.bin" in client("curl", "-sS", url).stdout
    made = client("curl", "-sS", "--ftp-create-dirs", "-T", local, url + "a/b/c.bin")
    assert made.returncode == 0, made.stdout
    assert ftp.size("a/b/c.bin") == 150_000
    pasv = client("curl", "-sS", "--disable-epsv", "-o", tmp_path / "pasv", url + "a/b/c.bin")
    assert pasv.returncode == 0 and (tmp_path / "pasv").read_bytes() == local.read_bytes()
    assert client("curl", "-sS", url + "missing").returncode == 78
    wrong = client("curl", "-sS", "-u", "micro:wrong", shared.ftp_url("/", login=False))
    assert wrong.returncode == 67


def test_lftp(shared, ftp, folder, local, tmp_path):
    result = client("lftp", "-c", f"""
        set net:max-retries 1; set net:timeout 20; set cmd:fail-exit yes
        open -u {USER},{PASSWORD} {shared.ftp_url(login=False)}
        cd {folder}
        put "{local}" -o "by lftp.bin"
        mkdir sub
        mv "by lftp.bin" sub/moved.bin
        cls -1 sub
        get sub/moved.bin -o {tmp_path}/down
        rm -r sub
        """)
    assert result.returncode == 0, result.stdout
    assert "moved.bin" in result.stdout
    assert (tmp_path / "down").read_bytes() == local.read_bytes()
    assert ftp.nlst() == []


def test_ncftp(shared, ftp, folder, local, tmp_path):
    host, port = shared.address("ftp")
    access = ["-u", USER, "-p", PASSWORD, "-P", str(port)]
    environment = dict(os.environ, HOME=str(tmp_path))
    up = client("ncftpput", *access, host, folder, local, env=environment)
    assert up.returncode == 0, up.stdout
    assert retrieve(ftp, local.name) == local.read_bytes()
    (tmp_path / "got").mkdir()
    down = client("ncftpget", *access, host, tmp_path / "got", f"{folder}/{local.name}", env=environment)
    assert down.returncode == 0, down.stdout
    assert (tmp_path / "got" / local.name).read_bytes() == local.read_bytes()
    names = client("ncftpls", *access, "-1", f"ftp://{host}{folder}/", env=environment)
    assert local.name in names.stdout


def test_tnftp(shared, ftp, folder, local, tmp_path):
    host, port = shared.address("ftp")
    script = f"""open {host} {port}
user {USER} {PASSWORD}
binary
cd "{folder}"
put "{local}" "by tnftp.bin"
get "by tnftp.bin" "{tmp_path}/down"
ls
rename "by tnftp.bin" other
size other
delete other
bye
"""
    result = client("tnftp", "-n", "-v", stdin=None, input=script, env=dict(os.environ, HOME=str(tmp_path)))
    assert (tmp_path / "down").read_bytes() == local.read_bytes(), result.stdout
    assert "by tnftp.bin" in result.stdout
    assert ftp.nlst() == []


def test_mlsd_is_refused_in_words_or_works(ftp):
    """ftplib's mlsd() is not in this delivery's set: a clear refusal is right, silence is not."""
    try:
        names = [name for name, facts in ftp.mlsd("/flash")]
    except ftplib.error_perm as error:
        assert str(error)[:3] in ("500", "502")
    else:
        assert "main.py" in names


def test_reply_to_io_error_is_once(ftp, folder):
    """RETR of what cannot be read: one reply, and the session goes on."""
    for wrong in ("missing", "/", "/flash", folder):
        with pytest.raises(ftplib.error_perm, match="550"):
            ftp.retrbinary(f"RETR {wrong}", io.BytesIO().write)
    assert ftp.pwd() == folder
