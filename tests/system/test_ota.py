"""Upgrading over the air, as a user does it: real FTP clients upload /flash/sys/mcuimg.bin, a reset runs it."""

import ftplib
import io
import os
import re
import socket
import threading

import pytest

from board import PASSWORD, USER, client, retrieve, wait_for
from images import UPLOAD, bad_images, built, flipped, padded
from ota import alive, install, python_reset, refused, runs, safe_boot, upload
from stream import LIMIT
from test_boot import damage, factory_version, places

HIDDEN = ["/flash/cert/ca.pem", "/flash/cert/cert.pem", "/flash/cert/private.key"]


@pytest.fixture
def file(tmp_path):
    """file(image): a file named mcuimg.bin that holds it."""

    def write(image):
        (tmp_path / "mcuimg.bin").write_bytes(image)
        return tmp_path / "mcuimg.bin"

    return write


def lftp(board, *commands):
    return client("lftp", "-c", "set net:max-retries 1; set net:timeout 20; open " + board.ftp_url("/") + "; " + "; ".join(commands))


def listings(board):
    """Everything that any listing shows."""
    found = [lftp(board, "find /", "cls -la /flash/sys", "nlist /flash/sys", "ls -la /flash/sys", "ls -la /flash/cert").stdout]
    found += [client("curl", "-sS", *options, board.ftp_url("/flash/sys/")).stdout for options in ([], ["-l"], ["-X", "MLSD"])]
    with board.telnet() as session:
        found.append(session.python("import os; os.listdir('/flash/sys') + list(os.ilistdir('/flash/sys')) + os.listdir('/flash/cert')"))
    return "\n".join(found)


def test_the_story_of_the_seed(make_board, file):
    """Upload by lftp, nothing visible, pyb.reset() by telnet, the new version runs; another one; safe boot to previous and to factory."""
    board = make_board("--speed", "20")
    first = factory_version()
    path = file(built("1.1.0"))
    result = lftp(board, "debug 5", f"put -O /flash/sys {path}")
    assert result.returncode == 0, result.stdout
    assert re.search(r"226 .*1\.1\.0.*virtual.*reset", result.stdout), result.stdout
    assert "mcuimg" not in listings(board)
    assert board.status()["boot"]["version"] == first, "nothing happens before the reset"

    python_reset(board)
    runs(board, "1.1.0", mode="normal", image="latest", reset_cause="hard")
    assert alive(board, "1.1.0")
    assert "mcuimg" not in listings(board)
    with board.telnet() as session:
        assert "1.1.0" in session.python("import wipy; wipy.firmware()")

    assert lftp(board, f"put -O /flash/sys {file(built('1.2.0'))}").returncode == 0
    python_reset(board, "import machine; machine.reset()")
    runs(board, "1.2.0", mode="normal", image="latest")
    assert alive(board, "1.2.0")

    for role, version in (("previous", "1.1.0"), ("factory", first), ("latest", "1.2.0")):
        safe_boot(board, role)
        runs(board, version, mode="safe", image=role)
        assert alive(board, version)
        python_reset(board)
        runs(board, "1.2.0", mode="normal", image="latest")
    assert alive(board, "1.2.0")


def test_uploads_go_on_for_ever(make_board):
    """Ten updates one after the other: latest and previous are always the last two."""
    board = make_board("--speed", "20")
    names = ["1.1.0", "1.2.0", "1.3.0", "1.4.0"]
    before = factory_version()
    for number in range(10):
        now = names[number % 4]
        install(board, built(now), now)
        assert safe_boot(board, "previous")["version"] == before
        before = now


def test_only_the_last_upload_before_the_reset_counts(board):
    for version in ("1.1.0", "1.2.0", "1.3.0", "1.1.0", "1.4.0"):
        assert version in upload(board, built(version))
    board.reset()
    runs(board, "1.4.0", image="latest")
    assert alive(board, "1.4.0")


def test_many_uploads_leave_latest_and_previous_alone(make_board):
    board = make_board("--speed", "20")
    install(board, built("1.1.0"), "1.1.0")
    install(board, built("1.2.0"), "1.2.0")
    for number in range(7):
        upload(board, built(("1.3.0", "1.4.0")[number % 2]))
    assert safe_boot(board, "previous")["version"] == "1.1.0"
    for number in range(3):
        upload(board, built("1.4.0"))
    assert safe_boot(board, "latest")["version"] == "1.2.0", "the update that waits has no role before its trial"
    board.reset()
    runs(board, "1.4.0", image="latest")
    assert safe_boot(board, "previous")["version"] == "1.2.0"


def test_upload_while_an_older_firmware_runs(make_board):
    """In a safe boot nothing that has a role, or runs, is overwritten."""
    board = make_board("--speed", "20")
    install(board, built("1.1.0"), "1.1.0")
    install(board, built("1.2.0"), "1.2.0")
    safe_boot(board, "previous")
    upload(board, built("1.3.0"))
    upload(board, built("1.4.0"))
    assert alive(board, "1.1.0")
    board.reset()
    runs(board, "1.4.0", image="latest")
    assert safe_boot(board, "previous")["version"] == "1.2.0"


# ---- clients


def test_curl(board, file):
    result = client("curl", "-sSv", "-T", file(built("1.1.0")), board.ftp_url("/flash/sys/"))
    assert result.returncode == 0 and re.search(r"226 .*1\.1\.0", result.stdout), result.stdout
    board.reset()
    runs(board, "1.1.0")


def test_ncftpput(board, file, tmp_path):
    host, port = board.address("ftp")
    environment = dict(os.environ, HOME=str(tmp_path))
    access = ["-u", USER, "-p", PASSWORD, "-P", str(port)]
    result = client("ncftpput", *access, host, "/flash/sys", file(built("1.1.0")), env=environment)
    assert result.returncode == 0, result.stdout
    board.reset()
    runs(board, "1.1.0")


def test_ncftpput_says_why_it_was_refused(board, file, tmp_path):
    host, port = board.address("ftp")
    environment = dict(os.environ, HOME=str(tmp_path))
    image = flipped(built("1.1.0"), -33)
    result = client("ncftpput", "-d", "stdout", "-u", USER, "-p", PASSWORD, "-P", str(port), host, "/flash/sys", file(image), env=environment)
    assert result.returncode != 0 and "MD5" in result.stdout, result.stdout


def test_ftplib_from_within_the_folder(board):
    with board.ftp() as ftp:
        ftp.cwd("/flash/sys")
        assert "1.1.0" in ftp.storbinary("STOR mcuimg.bin", io.BytesIO(built("1.1.0")))
    board.reset()
    runs(board, "1.1.0")


def test_one_byte_at_a_time(board):
    """However the network cuts it: the header in pieces, the rest in odd lengths."""
    image = built("1.1.0")
    with board.ftp() as ftp:
        ftp.voidcmd("TYPE I")
        with ftp.transfercmd(f"STOR {UPLOAD}") as data:
            data.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(300):
                data.sendall(image[at : at + 1])
            for at in range(300, len(image), 77_777):
                data.sendall(image[at : at + 77_777])
        assert "1.1.0" in ftp.voidresp()
    board.reset()
    runs(board, "1.1.0")


def test_largest_image(board):
    size = 2 * 1024 * 1024
    assert upload(board, padded(built("1.1.0"), size)).startswith("226")
    assert "too large" in refused(board, padded(built("1.2.0"), size + 1))
    board.reset()
    runs(board, "1.1.0")


# ---- refusals


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """A board that runs an update, and on which another one waits: neither may be harmed by what is refused."""
    from board import Board

    board = Board(tmp_path_factory.mktemp("waiting") / "wipy").start()
    try:
        install(board, built("1.3.0"), "1.3.0")
        upload(board, built("1.4.0"))
        yield board
        board.reset()
        runs(board, "1.4.0", image="latest")
        assert alive(board, "1.4.0")
    finally:
        board.stop()


@pytest.mark.parametrize("name", bad_images())
def test_refused(waiting, name):
    """Each with its reason; the session goes on; the update that waits goes on waiting."""
    image, words = bad_images()[name]
    with waiting.ftp() as ftp:
        with pytest.raises(ftplib.error_perm) as refusal:
            ftp.storbinary(f"STOR {UPLOAD}", io.BytesIO(image))
        code = "552" if "large" in words else "55[023]"
        assert re.match(code, str(refusal.value)) and re.search(words, str(refusal.value)), refusal.value
        assert ftp.voidcmd("NOOP").startswith("200")
        assert retrieve(ftp, "/flash/boot.py")
    assert waiting.status()["boot"]["version"] == "1.3.0"


@pytest.mark.parametrize("name", ["another target", "truncated in the middle", "last byte of the payload flipped", "too large", "not an image"])
def test_refused_in_words_to_curl_and_lftp(waiting, file, name):
    image, words = bad_images()[name]
    path = file(image)
    result = client("curl", "-sSv", "-T", path, waiting.ftp_url("/flash/sys/"))
    assert result.returncode != 0 and re.search(rf"< 55\d .*({words})", result.stdout), result.stdout
    result = lftp(waiting, f"put -O /flash/sys {path}")
    assert result.returncode != 0 and re.search(words, result.stdout), result.stdout


def test_a_refusal_comes_although_the_client_only_sends(waiting):
    """The rest of what was refused is taken and thrown away, so that every client gets to read why."""
    reply = refused(waiting, b"no image" * 1_000_000)
    assert reply.startswith("55") and "not a firmware" in reply


def test_endless_garbage_is_ended(waiting):
    """The draining has an end, too."""
    ftp = waiting.ftp()
    ftp.voidcmd("TYPE I")
    with ftp.transfercmd(f"STOR {UPLOAD}") as data, pytest.raises(OSError):
        for _ in range(1000):
            data.sendall(bytes(1_000_000))
    with pytest.raises(ftplib.error_perm):
        ftp.voidresp()
    assert alive(waiting, "1.3.0")


@pytest.mark.parametrize("name", ["mcuimg.BIN", "firmware.bin", "mcuimg.bin.tmp", "sub/mcuimg.bin"])
def test_wrong_names_in_sys(waiting, name):
    reply = refused(waiting, built("1.1.0"), f"/flash/sys/{name}")
    assert reply.startswith("55"), reply
    if "/" not in name:
        assert "mcuimg.bin" in reply, "it says which name is right"


def test_aborted(waiting):
    """The client goes in the middle, in every way."""
    image = built("1.1.0")
    for how in ("close", "reset", "abort", "vanish"):
        ftp = waiting.ftp()
        ftp.voidcmd("TYPE I")
        data = ftp.transfercmd(f"STOR {UPLOAD}")
        data.sendall(image[: len(image) // 2])
        if how == "close":
            data.close()
            with pytest.raises(ftplib.error_perm) as refusal:
                ftp.voidresp()
            assert "truncated" in str(refusal.value)
        elif how == "reset":
            data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            data.close()
            with pytest.raises(ftplib.Error):
                ftp.voidresp()
        elif how == "abort":
            ftp.putcmd("ABOR")
            with pytest.raises(ftplib.Error):
                ftp.voidresp()
            data.close()
        else:
            ftp.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            ftp.close()
            data.close()
        wait_for(lambda: "1.4.0" in upload(waiting, built("1.4.0")), "the next upload")


def test_two_at_once(waiting):
    """One upload at a time; the other one is told so, and the first one is not disturbed."""
    image = built("1.4.0")
    with waiting.ftp() as one:
        one.voidcmd("TYPE I")
        with one.transfercmd(f"STOR {UPLOAD}") as data:
            data.sendall(image[:100_000])
            reply = None
            try:
                upload(waiting, image)
            except ftplib.Error as error:
                reply = str(error)
            assert reply and re.match(r"4|55", reply), reply
            data.sendall(image[100_000:])
        assert "1.4.0" in one.voidresp()


# ---- the name in other commands


def test_other_commands_on_the_name(waiting):
    with waiting.ftp() as ftp:
        for command in (f"SIZE {UPLOAD}", f"MDTM {UPLOAD}", f"RETR {UPLOAD}", f"DELE {UPLOAD}", f"RNFR {UPLOAD}", f"MKD {UPLOAD}", f"RMD {UPLOAD}", f"CWD {UPLOAD}"):
            with pytest.raises(ftplib.error_perm) as refusal:
                if command.startswith("RETR"):
                    retrieve(ftp, UPLOAD)
                else:
                    ftp.voidcmd(command)
            assert re.match(r"55\d ", str(refusal.value)), (command, refusal.value)
        # Clients set the time of what they have just stored; that must not look like a failed upload.
        try:
            reply = ftp.voidcmd(f"MFMT 20260101000000 {UPLOAD}")
            assert reply.startswith("213")
        except ftplib.error_perm as error:
            assert re.match(r"50|55", str(error))
        assert ftp.voidcmd("NOOP").startswith("200")


def test_append_and_restart_are_refused(waiting):
    image = built("1.1.0")
    with waiting.ftp() as ftp:
        with pytest.raises(ftplib.error_perm) as refusal:
            ftp.storbinary(f"APPE {UPLOAD}", io.BytesIO(image))
        assert re.match(r"55\d |50\d ", str(refusal.value))
        try:
            ftp.storbinary(f"STOR {UPLOAD}", io.BytesIO(image[1000:]), rest=1000)
        except ftplib.error_perm as error:
            assert re.match(r"5\d\d ", str(error))
        else:
            raise AssertionError("a part was taken for the whole")


def test_renaming_onto_the_name(waiting):
    """Neither a way around the checks nor a file with that name."""
    waiting.put("/flash/plain.bin", built("1.1.0"))
    with waiting.ftp() as ftp:
        with pytest.raises(ftplib.error_perm):
            ftp.rename("/flash/plain.bin", UPLOAD)
        ftp.delete("/flash/plain.bin")
    assert "mcuimg" not in listings(waiting)


def test_python_gets_eacces(waiting):
    with waiting.telnet() as session:
        for path in (UPLOAD, *HIDDEN):
            for code in (f"open('{path}')", f"open('{path}', 'wb')", f"os.remove('{path}')", f"os.rename('{path}', '/flash/x')", f"os.stat('{path}')"):
                assert "EACCES" in session.python(f"import os; {code}"), code
        session.python("os.chdir('/flash/sys')")
        assert "EACCES" in session.python("open('mcuimg.bin', 'wb')")
        session.python("os.chdir('/flash')")
        assert "EACCES" in session.python("open('sys/../sys/mcuimg.bin', 'wb')")
        with waiting.ftp() as ftp:
            ftp.storbinary("STOR /flash/x.bin", io.BytesIO(b"x"))
        assert "EACCES" in session.python(f"os.rename('/flash/x.bin', '{UPLOAD}')")
        session.python("os.remove('/flash/x.bin')")


def test_clients_list_and_stat_what_they_stored(waiting, file):
    """lftp sets the time, compares sizes; mirror uploads a folder that holds the image."""
    path = file(built("1.4.0"))
    assert lftp(waiting, f"put -O /flash/sys {path}", "cls -l /flash/sys/").returncode == 0
    result = lftp(waiting, f"mirror -R --include-glob mcuimg.bin {path.parent} /flash/sys")
    assert result.returncode == 0, result.stdout


# ---- certificates


def test_certificates_go_to_the_hidden_store(board):
    secrets = {name: f"-----BEGIN {os.path.basename(name)}-----\n".encode() * 40 for name in HIDDEN}
    with board.ftp() as ftp:
        for name, text in secrets.items():
            assert ftp.storbinary(f"STOR {name}", io.BytesIO(text)).startswith("226")
        for name in HIDDEN:
            with pytest.raises(ftplib.error_perm):
                retrieve(ftp, name)
        assert not [name for name in ftp.nlst("/flash/cert") if "pem" in name or "key" in name]
    shown = listings(board)
    assert "pem" not in shown and "private" not in shown
    board.stop()
    content = bytes(255 - byte for byte in (board.directory / "flash.bin").read_bytes()[:0x1000000])
    for text in secrets.values():
        assert text[:200] in content[0x844000:0x850000], "it is in the hidden store"
        assert text[:200] not in content[0x850000:], "and not in /flash"
    board.start()
    with board.ftp() as ftp:
        assert ftp.storbinary(f"STOR {HIDDEN[0]}", io.BytesIO(b"another")).startswith("226")
        with pytest.raises(ftplib.error_perm):
            ftp.storbinary(f"STOR {HIDDEN[1]}", io.BytesIO(bytes(20_000)))
        with pytest.raises(ftplib.error_perm):
            ftp.storbinary("STOR /flash/cert/ca.pem/x", io.BytesIO(b"x"))


# ---- power


@pytest.mark.limit(240)
def test_kill_9_in_the_middle_of_uploads(make_board, seeded):
    """Whenever the power fails: the old firmware, or the whole new one when the reply had come, or was about to."""
    board = make_board("--speed", "20")
    install(board, built("1.1.0"), "1.1.0")
    now, ended = "1.1.0", set()
    for number in range(12):
        version = ("1.2.0", "1.3.0", "1.4.0")[number % 3]
        replies = []

        def store(version=version, replies=replies):
            try:
                replies.append(upload(board, built(version)))
            except (ftplib.Error, OSError, EOFError):
                pass

        address = board.address("ftp")
        board.address = lambda service, address=address: address
        uploader = threading.Thread(target=store)
        killer = threading.Timer(seeded.uniform(0, 0.12), board.kill9)
        killer.start()
        uploader.start()
        killer.join()
        uploader.join()
        del board.address
        board.start()
        boot = runs(board)
        if replies:
            assert boot["version"] == version, "its 226 had come"
        else:
            assert boot["version"] in (now, version)
        ended.add(boot["version"] == version)
        now = boot["version"]
        assert alive(board, now)
    assert safe_boot(board, "latest")["version"] == now


def test_power_fails_between_upload_and_reset(board):
    upload(board, built("1.1.0"))
    board.kill9()
    board.start()
    runs(board, "1.1.0", image="latest")


def test_upload_survives_a_soft_reset(board):
    """A soft reset of Python neither disturbs an upload nor runs the new firmware."""
    image = built("1.1.0")
    with board.ftp() as ftp, board.telnet() as session:
        ftp.voidcmd("TYPE I")
        with ftp.transfercmd(f"STOR {UPLOAD}") as data:
            data.sendall(image[:200_000])
            session.send(b"\x04")
            session.expect(b"soft reboot")
            data.sendall(image[200_000:])
        assert "1.1.0" in ftp.voidresp()
    assert board.status()["boot"]["version"] == factory_version()
    board.reset()
    runs(board, "1.1.0")


def fill(board):
    with board.ftp() as ftp:
        for number, size in enumerate((4_000_000, 2_000_000, 1_000_000, 500_000, 250_000, 100_000)):
            for again in range(2):
                try:
                    ftp.storbinary(f"STOR /flash/full{number}{again}", io.BytesIO(os.urandom(size)))
                except ftplib.error_perm:
                    pass


def test_full_flash_takes_updates(board):
    """Updates are not kept in /flash: a full one does not stop them."""
    fill(board)
    for version in ("1.1.0", "1.2.0", "1.3.0"):
        install(board, built(version), version)
    upload(board, built("1.4.0"))
    # All three places are taken now; what takes the place of the update that waits is collected in /flash first.
    reply = refused(board, built("1.1.0"))
    assert reply.startswith("55") and "/flash" in reply, reply
    board.reset()
    runs(board, "1.4.0", image="latest")


def test_wipy_firmware(make_board):
    """Places, roles, versions and states."""
    board = make_board("--speed", "20")
    install(board, built("1.1.0"), "1.1.0")
    install(board, built("1.2.0"), "1.2.0")
    with board.telnet() as session:
        text = session.python("import wipy; wipy.firmware()")
        for word in ("factory", "latest", "previous", "running", "valid", "empty", "1.1.0", "1.2.0", factory_version()):
            assert word in text, text
        upload(board, built("1.3.0"))
        assert "waiting" in session.python("wipy.firmware()") and "1.3.0" in session.python("wipy.firmware()")
    at = places_of_stopped(board)
    damage(board, at["previous"] + 1000)
    board.start()
    runs(board, "1.3.0")
    with board.telnet() as session:
        text = session.python("import wipy; wipy.firmware()")
        assert "running" in text and "1.2.0" in text


def places_of_stopped(board):
    board.stop()
    return places(board)
