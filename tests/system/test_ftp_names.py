"""FTP: names that are refused say why; what is listed has a line of its own, and a date."""

import calendar
import re
import time
from ftplib import error_perm, error_temp

import pytest

from board import store, wait_for
from cards import MIB, blank, fill

ABOUT = ("SIZE", "MDTM", "MFMT 20200101000000", "SITE UTIME 20200101000000", "SITE CHMOD 644", "MLST", "DELE", "RMD", "RNFR", "CWD", "STAT")
FETCHING = ("RETR", "LIST", "NLST", "MLSD")
STORING = ("STOR", "APPE", "STOU")


def refusal(control, command):
    """What is said to a command, with a data connection if it needs one."""
    if command.split()[0] in (*FETCHING, *STORING):
        with control.passive():
            return control.command(command)
    return control.command(command)


def refusals_of_new(control, name):
    control_replies = [refusal(control, f"{verb} {name}") for verb in (*STORING, "MKD")]
    assert control.command("RNFR /flash/main.py").startswith("350 ")
    return [*control_replies, control.command(f"RNTO {name}")]


def test_beside_the_volumes(control):
    """In / there is nothing but them."""
    for name in ("/nothing", "/nothing/at all"):
        for verb in (*ABOUT, *FETCHING):
            assert re.match(r"550 .*: no such file or directory\.", refusal(control, f"{verb} {name}")), verb
    for reply in refusals_of_new(control, "/nothing"):
        assert re.match("553 .*: files and folders go to /flash or /sd", reply)
    for reply in refusals_of_new(control, "/nothing/at all"):
        assert re.match("550 .*: no such folder: files and folders go to /flash or /sd", reply)


@pytest.mark.parametrize("name", ["bad\udcfe", "\udcc3(", "esc\x1b[2J", "bell\a", "cr\rlf", "\udcc2\udc85"])
def test_names_that_are_not_text(control, name):
    def bytes_of(command):
        return command.encode(errors="surrogateescape") + b"\r\n"

    for verb in (*ABOUT, *FETCHING, *STORING, "MKD"):
        control.send("PASV\r\n")
        assert control.reply().startswith("227 ")
        control.send(bytes_of(f"{verb} /flash/{name}"))
        code = "553" if verb in (*STORING, "MKD") else "550"
        assert re.match(f"{code} .*: names are UTF-8 without control characters", control.reply()), verb


@pytest.fixture
def python(shared, tmp_path):
    """The prompt of a board with a card that is mounted."""
    path = fill(shared, tmp_path / "card.img", {name: "x" for name in ("a.py", "b.py", "c.txt")})
    with shared.telnet() as session:
        shared.ctl("sd", "insert", path)
        session.python("import os, pyb; pyb.SD().mount()")
        yield session.python
        session.python("pyb.SD().disable()")
        shared.ctl("sd", "eject")


@pytest.mark.parametrize("volume", ["/flash", "/sd"])
def test_python_makes_no_name_that_splits_a_line(python, ftp, volume):
    store(ftp, f"{volume}/a file", b"x")
    before = sorted(ftp.nlst(volume))
    for name in (r"a\nb", r"a\rb", r"a\r\n226 Done.", r"\x85", r"tab\t", r"\x00"):
        for call in ("open('{}', 'w')", "os.mkdir('{}')", f"os.rename('{volume}/a file', '{{}}')"):
            assert re.search("(OS|Value)Error", python(call.format(f"{volume}/{name}"))), name
    assert sorted(ftp.nlst(volume)) == before
    ftp.delete(f"{volume}/a file")


def test_a_name_with_a_slash_at_its_end_is_a_folders(control, ftp, folder):
    store(ftp, "file", b"x")
    for verb in STORING:
        assert re.match("553 .*: a name with '/' at its end is a folder's", refusal(control, f"{verb} {folder}/new/")), verb
    assert control.command(f"RNFR {folder}/file").startswith("350 ")
    assert control.command(f"RNTO {folder}/new/").startswith("553 ")
    assert ftp.nlst() == ["file"]
    assert control.command(f"MKD {folder}/new/").startswith("257 ")
    assert control.command(f"CWD {folder}/new/").startswith("250 ")
    assert control.command(f"RMD {folder}/new/").startswith("250 ")


def test_why_there_is_no_card(shared, tmp_path, control):
    card = fill(shared, tmp_path / "card.img", {"hello.txt": "hello\n"})

    def assert_words(words):
        for command in (*(f"{verb} /sd/x" for verb in (*ABOUT, *FETCHING, *STORING, "MKD")), "CWD /sd", "LIST /sd"):
            assert re.match(f"550 .*: {words}", refusal(control, command)), command

    assert_words(r"the card's slot is not enabled; Python's SD\(pins=")
    with shared.telnet() as session:
        shared.ctl("sd", "insert", card)
        session.python("import pyb; pyb.SD().mount()")
        assert control.command("RNFR /sd/hello.txt").startswith("350 ")
        shared.ctl("sd", "eject")
        assert re.match("550 .*: no card in the slot", control.command("RNTO /flash/hello.txt"))
        wait_for(lambda: control.command("CWD /sd").startswith("550 "), "/sd is gone")
        assert_words("no card in the slot")
        shared.ctl("sd", "insert", blank(tmp_path / "blank.img"))
        wait_for(lambda: "no file system" in control.command("CWD /sd"), "it was looked at")
        assert_words("no file system on the card")
        shared.ctl("sd", "eject")
        session.python("pyb.SD().disable()")


def test_names_and_patterns_on_a_card(python, control, ftp):
    """FAT has fewer names than /flash; patterns are none of them, and find files all the same."""
    for name in ("/sd/a:b", "/sd/what?", "/sd/end.", "/sd/end "):
        for verb in (*STORING, "MKD"):
            assert re.match("553 .*: names on a card have none of", refusal(control, f"{verb} {name}")), name
    assert control.command("MKD /sd/dir").startswith("257 ")
    assert control.command("RNFR /sd/dir").startswith("350 ")
    assert control.command("RNTO /sd/dir/dir").startswith("553 Not renamed: a folder cannot go into itself")
    assert control.command("RMD /sd/dir").startswith("250 ")
    assert sorted(ftp.nlst("/sd/*.py")) == ["/sd/a.py", "/sd/b.py"]
    ftp.cwd("/sd")
    assert sorted(ftp.nlst("?.*")) == ["a.py", "b.py", "c.txt"]
    lines = []
    ftp.retrlines("LIST *.txt", lines.append)
    assert [line.split()[-1] for line in lines] == ["c.txt"]
    with pytest.raises(error_perm, match="550"):
        ftp.nlst("a:b")


def test_a_card_that_is_being_formatted(make_board, tmp_path):
    board = make_board("--speed", "10")
    board.ctl("sd", "insert", blank(tmp_path / "card.img", 65_536 * MIB))
    with board.telnet() as session, board.ftp() as ftp:
        session.send(b"import os\r\nwhile True: os.mkfs('/sd')\r\n\r\n")

        def said(command):
            try:
                return ftp.sendcmd(command)
            except (error_perm, error_temp) as error:
                return str(error)

        for command in ("CWD /sd", "DELE /sd/x", "MKD /sd/x"):
            wait_for(lambda: re.match("450 .*: the card is being formatted", said(command)), command)
        ftp.sendcmd("PASV")
        wait_for(lambda: said("PASV") and re.match("450 .*: the card is being formatted", said("STOR /sd/x")), "STOR")
        session.clean_prompt()


def test_unique_names(control, ftp, folder):
    def stou(argument, data):
        with control.passive() as connection:
            name = re.fullmatch(r"150 FILE: (\S+)\r\n", control.command(argument))[1]
            connection.sendall(data)
        assert control.reply() == f"226 FILE: {name}\r\n"
        return name

    assert control.command(f"CWD {folder}").startswith("250 ")
    names = [stou("STOU", b"1"), stou("STOU", b"22"), stou("STOU data.csv", b"333"), stou("STOU data.csv", b"4444")]
    assert names[0] == f"{folder}/upload" and names[2] == f"{folder}/data.csv"
    assert [ftp.size(name) for name in names] == [1, 2, 3, 4]


def test_dates_of_the_volumes(ftp):
    """Now, that nobody shows them as of 1970."""
    lines = []
    ftp.retrlines("LIST /", lines.append)
    now = time.time()
    assert lines[0].split()[-1] == "flash"
    stamp = re.search(r" (\w{3} +\d+ \d\d:\d\d) flash", lines[0])[1]
    assert stamp in [time.strftime(f"%b {time.gmtime(at).tm_mday:2} %H:%M", time.gmtime(at)) for at in (now, now - 60, now - 120)]
    for name, facts in ftp.mlsd("/"):
        assert abs(calendar.timegm(time.strptime(facts["modify"], "%Y%m%d%H%M%S")) - now) < 120, name
