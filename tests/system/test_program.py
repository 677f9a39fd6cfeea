"""The first whole path: a program goes to the board by FTP, the board is reset and runs it."""

from board import PASSWORD, USER, client, wait_for
from program import generate, tree
from stream import PROMPT


def lftp(board, *commands):
    result = client(
        "lftp",
        "-c",
        "set net:max-retries 1; set net:timeout 20; set cmd:fail-exit yes; "
        f"open -u {USER},{PASSWORD} {board.ftp_url(login=False)}; " + "; ".join(commands),
        limit=100,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_mirror_reset_run(board, tmp_path, seeded):
    expected = generate(tmp_path / "program", seeded)
    lftp(board, f'mirror -R "{tmp_path}/program" /flash')
    lftp(board, f'mirror /flash "{tmp_path}/back"')
    files, folders = tree(tmp_path / "program")
    files_back, folders_back = tree(tmp_path / "back")
    assert set(files_back) == set(files)
    assert all(files_back[name] == files[name] for name in files), "byte-identical"
    assert folders_back == folders | {"sys", "cert", "lib"}

    # after a hard reset it runs: its output is on telnet for who is quick, and on the UART
    uart = board.uart()
    board.reset()
    uart.expect(expected.encode() + b"\r\n")
    uart.expect(PROMPT)

    # after a soft reset on telnet, in the same session
    session = board.telnet()
    session.send(b"\x04")
    session.expect(b"soft reboot\r\n")
    session.expect(expected.encode() + b"\r\n")
    session.expect(PROMPT)
    assert session.python("'main' in dir() or total > 0") == "True", "what main.py defined is there"

    # and after the power failed
    board.kill9()
    board.start()
    uart = board.uart()
    session = board.telnet()
    session.send(b"\x04")
    session.expect(expected.encode() + b"\r\n")
    lftp(board, f'mirror /flash "{tmp_path}/third"')
    assert tree(tmp_path / "third") == (files_back, folders_back)


def test_mirror_again_copies_nothing(board, tmp_path, seeded):
    """Sizes and times in LIST are right, so that a client sees what is new."""
    generate(tmp_path / "program", seeded)
    lftp(board, f'mirror -R "{tmp_path}/program" /flash')
    again = lftp(board, f'mirror -R -v --ignore-time "{tmp_path}/program" /flash')
    assert "Transferring" not in again


def test_main_prints_on_telnet_after_hard_reset(board):
    """A session that is opened while main.py runs sees what it prints from then on."""
    board.put("/flash/main.py", "import time\nn = 0\nwhile True:\n    print('tick', n)\n    n += 1\n    time.sleep_ms(20)\n")
    board.reset()
    session = board.telnet(prompt=False)
    session.expect(b"tick")
    session.expect(b"tick")
    session.send(b"\x03")
    session.expect(b"KeyboardInterrupt")
    session.expect(PROMPT)
    assert int(session.python("n")) > 1


def test_reset_on_telnet(board):
    """machine.reset() ends the session, and the board comes back."""
    session = board.telnet()
    session.send(b"import machine; machine.reset()\r")
    session.expect_end()
    wait_for(lambda: board.status()["boot"]["reset_cause"] == "hard", "the new run")
    board.wait_state("running")
    assert board.telnet().python("1+1") == "2"


def test_boot_before_main(board):
    board.put("/flash/boot.py", "print('from boot')\nx = 1\n")
    board.put("/flash/main.py", "print('from main', x)\n")
    session = board.telnet()
    session.send(b"\x04")
    session.expect(b"from boot\r\nfrom main 1\r\n")
    session.expect(PROMPT)


def test_script_error_shows_and_prompt_comes(board):
    board.put("/flash/boot.py", "print('boot'); 1/0\n")
    board.put("/flash/main.py", "this is no Python\n")
    session = board.telnet()
    session.send(b"\x04")
    session.expect(b"ZeroDivisionError")
    session.expect(b"SyntaxError")
    session.expect(PROMPT)
    assert session.python("1+1") == "2"


def test_python_sees_what_ftp_stored_and_the_other_way(board):
    board.put("/flash/from ftp.txt", "žluťoučký\n")
    session = board.telnet()
    assert session.python("print(open('/flash/from ftp.txt').read(), end='')") == "žluťoučký"
    output = session.run("""
import os
print(os.getcwd())
with open('from python.txt', 'w') as f:
    f.write('kůň\\n' * 1000)
print(os.stat('/flash/from python.txt')[6])
os.mkdir('/flash/made')
os.rename('/flash/from ftp.txt', '/flash/made/moved.txt')
print(sorted(os.listdir('/')), sorted(os.listdir('/flash')))
""")
    assert output.splitlines() == [
        "/flash",
        str(len("kůň\n".encode()) * 1000),
        "['flash'] ['boot.py', 'cert', 'from python.txt', 'lib', 'made', 'main.py', 'sys']",
    ]
    assert board.get("/flash/from python.txt") == "kůň\n".encode() * 1000
    assert board.get("/flash/made/moved.txt") == "žluťoučký\n".encode()


def test_module_search_path(board):
    board.put("/flash/in_flash.py", "where = 'flash'\n")
    board.put("/flash/lib/in_lib.py", "where = 'lib'\n")
    session = board.telnet()
    assert session.python("import sys; sys.path[:3]") == "['', '/flash', '/flash/lib']"
    assert session.python("import in_flash, in_lib; print(in_flash.where, in_lib.where)") == "flash lib"
