"""The prompt, by UART and by telnet: friendly, paste, raw, raw paste; Ctrl-C; soft reset."""

import subprocess

import pytest

from board import micropython, setting
from stream import LIMIT, PROMPT

PYTHON = "/usr/bin/python3"  # Debian's: it has pyserial


@pytest.fixture(params=["telnet", "uart"])
def session(request, shared):
    session = shared.telnet(prompt=False) if request.param == "telnet" else shared.uart()
    session.clean_prompt()
    yield session
    session.close()


def test_it_is_a_wipy(session):
    assert session.python("import sys; print(sys.platform, sys.implementation.name)") == "WiPy micropython"
    assert "WiPy" in session.python("import os; os.uname()")
    session.send(b"\x02")
    banner = session.expect(b"\r\n" + PROMPT)
    assert b"MicroPython v1.25" in banner and b"; WiPy with " in banner


def test_modules_of_this_delivery(session):
    for module in "asyncio json re struct hashlib binascii select deflate time os sys gc socket math array collections io random errno".split():
        assert session.python(f"import {module}") == "", module


@pytest.mark.parametrize(
    "line, answer",
    [
        ("1/3", "0.3333333333333333"),
        ("import math; math.pi", "3.141592653589793"),
        ("2**200", str(2**200)),
        ("import json; json.dumps({'a': [1, 2.5, None]})", '\'{"a": [1, 2.5, null]}\''),
        ("import re; re.match('(a+)(b*)', 'aab').group(1)", "'aa'"),
        ("import hashlib, binascii; binascii.hexlify(hashlib.sha256(b'abc').digest())[:8]", "b'ba7816bf'"),
        ("f'{6*7:>5}'", "'   42'"),
        ("help('modules')", None),
        ("help()", None),
    ],
)
def test_python(session, line, answer):
    said = session.python(line)
    assert said == answer if answer else said


def test_floats_are_double(session):
    assert session.python("print(0.1 + 0.2)") in ("0.30000000000000004", "0.3")


def test_syntax_and_errors(session):
    assert "SyntaxError" in session.python("1 +* 2")
    assert "NameError: name 'nothing' isn't defined" in session.python("nothing")


def test_line_editing_history_and_completion(session):
    session.send(b"print('old', 6 * 7)\r")
    session.expect(b"old 42\r\n" + PROMPT)
    session.send(b"\x1b[A\r")  # up
    session.expect(b"old 42\r\n" + PROMPT)
    session.send(b"prixt(6 * 7)\x1b[H\x1b[C\x1b[C\x1b[C\x1b[3~n\r")  # home, right, delete, insert
    session.expect(b"42\r\n" + PROMPT)
    session.send(b"import sy\t\rsys.pla\t\r")
    session.expect(b"'WiPy'\r\n" + PROMPT)
    session.send(b"print('abc'\x7f\x7f')\r")
    session.expect(b"ab\r\n" + PROMPT)


def test_editing_a_long_line(session):
    """The cursor moves over thousands of columns, and the history brings the line back."""
    session.send(b"z = '" + b"a" * 3000 + b"'\x1b[H\x1b[3~y\x1b[F\r")  # home, delete, insert, end
    assert session.python("len(y)") == "3000"
    session.send(b"\x1b[A\x1b[A\x1b[A\x1b[B\r")
    session.expect(PROMPT)
    assert session.python("1+1") == "2"


def test_editing_keys_on_a_second_line(session):
    """Every key of an editor, at the start of a line that continues a statement: they must not run into the line before."""
    for keys in (b"\x1bb", b"\x1b\x7f", b"\x17", b"\x1b[1;5D", b"\x1b[H", b"\x15", b"\x7f\x7f\x7f", b"\x1b[D\x1b[D"):
        session.send(b"if True:\r" + keys + b"\x1b[H\x1b[F\x1b[A\x1b[B\x03")
        session.prompt()


def test_auto_indent(session):
    session.send(b"for i in range(3):\r")
    session.expect(b"\r\n...     ")
    session.send(b"print('i is', i)\r")
    session.expect(b"\r\n...     ")
    session.send(b"\r")
    session.expect(b"\r\n...     ")
    session.send(b"\r")
    session.expect(b"\r\n... ")
    session.send(b"\r")
    session.expect(b"i is 0\r\ni is 1\r\ni is 2\r\n" + PROMPT)


def test_paste_mode(session):
    session.send(b"\x05")
    session.expect(b"paste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
    session.send(b"def f(x):\r    if x:\r        return 'yes'\r\r    return 'no'\rprint(f(1), f(0))\r")
    session.send(b"\x04")
    session.expect(b"\r\nyes no\r\n" + PROMPT)
    session.send(b"\x05")
    session.expect(b"=== ")
    session.send(b"print('never')\r\x03")
    assert b"\r\nnever" not in session.expect(PROMPT)


def test_raw_repl(session):
    session.raw_repl()
    assert session.execute("print('out')\n1/0\n") [0] == "out\n"
    output, error = session.execute("def f():\n    raise ValueError('é')\nf()")
    assert output == "" and error.endswith("ValueError: é\n") and "Traceback" in error
    assert session.execute("print(1)" * 1 + "\n" + "# filler\n" * 2000) == ("1\n", "")
    session.send(b"\x02")
    session.expect(PROMPT)


def test_raw_repl_soft_reset_skips_main(session):
    session.raw_repl()
    session.execute("x = 5")
    session.send(b"\x04")
    session.expect(b"soft reboot\r\n")
    session.expect(b"raw REPL; CTRL-B to exit\r\n>")
    output, error = session.execute("print('x' in globals())")
    assert (output, error) == ("False\n", "")
    session.send(b"\x02")
    session.expect(PROMPT)


def test_raw_paste(session, seeded):
    """The flow-controlled mode, as its specification says: window, then ever more \\x01 as the board takes it in."""
    session.raw_repl()
    code = b"data = " + repr(seeded.randbytes(20_000)).encode() + b"\nprint(len(data), sum(data))\n"
    expected = eval(code[7 : code.rindex(b"\nprint")])
    session.send(b"\x05A\x01")
    session.expect(b"R\x01")
    while len(session.text) < 2:
        assert session.pump(LIMIT)
    step = int.from_bytes(session.text[:2], "little")
    session.text = session.text[2:]
    assert step > 0
    window = step
    while code:
        while b"\x01" in session.text or window == 0:
            if b"\x01" not in session.text:
                assert session.pump(LIMIT), "the window opens"
            session.text = session.text.replace(b"\x01", b"", 1) if b"\x01" in session.text else session.text
            window += step
        session.send(code[:window])
        code, window = code[window:], max(0, window - len(code))
        session.pump(0)
    session.send(b"\x04")
    assert session.expect(b"\x04").strip(b"\x01") == b""
    assert session.expect(b"\x04") == f"{len(expected)} {sum(expected)}\r\n".encode()
    assert session.expect(b"\x04>") == b""
    session.send(b"\x02")
    session.expect(PROMPT)


@pytest.mark.parametrize("mode", ["friendly", "paste", "raw"])
def test_input_larger_than_the_heap(session, mode):
    """There is no room for it: the prompt says so and lives on."""
    if mode == "raw":
        session.raw_repl()
    elif mode == "paste":
        session.send(b"\x05")
        session.expect(b"=== ")
    session.send(b"x = '" + b"a" * 300_000 + b"'\r")
    session.expect(b"MemoryError", 60)
    session.clean_prompt(60)
    assert session.python("1+1") == "2"


# ---- Ctrl-C


@pytest.mark.parametrize(
    "loop",
    ["while True: pass", "import time; time.sleep(1000)", "input()", "import sys; sys.stdin.read(1)", "sum(i for i in range(10 ** 12))",
     "import asyncio; asyncio.run(asyncio.wait_for(asyncio.Event().wait(), 1000))", "import select; select.poll().poll()"],
)
def test_ctrl_c(session, loop):
    session.send(loop.encode() + b"\r")
    session.expect(loop.encode())
    if loop.startswith("while"):
        session.send(b"\r")
    session.send(b"\x03")
    text = session.expect(PROMPT)
    assert b"KeyboardInterrupt" in text or loop == "input()"
    assert session.python("1+1") == "2"


def test_ctrl_c_at_the_prompt_drops_the_line(session):
    session.send(b"garbage(\x03")
    session.expect(b"\r\n" + PROMPT)
    assert session.python("1+1") == "2"


def test_ctrl_c_when_the_input_is_full(session):
    """100 kB of what no program reads, then Ctrl-C: it must get through."""
    session.send(b"while True: pass\r\r")
    session.expect(b"pass")
    session.send(b"garbage! " * 11_000)
    session.send(b"\x03")
    session.expect(b"KeyboardInterrupt", 60)
    session.prompt(60)
    assert session.python("1+1") == "2"


def test_ctrl_c_typed_ahead(session):
    """The program has not begun yet when it arrives: it is interrupted all the same."""
    for _ in range(10):
        session.send(b"while True: pass\r\r\x03print(6 * 7)\r")
        session.expect(b"KeyboardInterrupt")
        session.expect(b"42\r\n" + PROMPT)


def test_ctrl_c_again_and_again(session):
    for _ in range(30):
        session.send(b"while True: pass\r\r")
        session.expect(b"pass")
        session.send(b"\x03")
        session.expect(b"KeyboardInterrupt")
        session.expect(PROMPT)


def test_kbd_intr_off(session):
    """micropython.kbd_intr(-1): the character is data."""
    session.send(b"import micropython, sys; micropython.kbd_intr(-1); c = sys.stdin.read(1); micropython.kbd_intr(3); print(ord(c))\r")
    session.expect(b"print(ord(c))\r\n")
    session.send(b"\x03")
    session.expect(b"3\r\n" + PROMPT)


# ---- soft reset


def test_soft_reset_keeps_the_session(session):
    session.python("x = 1")
    for _ in range(5):
        session.send(b"\x04")
        session.expect(b"PYB: soft reboot\r\n")
        session.expect(PROMPT)
    assert "NameError" in session.python("x")


def test_soft_reset_keeps_all_sessions(board):
    telnet, uart, ftp = board.telnet(), board.uart(), board.ftp()
    before = board.status()
    ftp.cwd("/flash/lib")
    for _ in range(3):
        telnet.send(b"\x04")
        telnet.expect(b"soft reboot\r\n")
        telnet.expect(PROMPT)
    assert ftp.pwd() == "/flash/lib"
    uart.prompt()
    assert telnet.python("1+1") == "2"
    after = board.status()
    assert after["boot"] == before["boot"] and after["uptime_ms"] >= before["uptime_ms"]


def test_input_reads_a_line(session):
    session.send(b"name = input('name: ')\r")
    session.expect(b"\r\nname: ")
    session.send(b"Bozena\r")
    session.expect(PROMPT)
    assert session.python("print(name)") == "Bozena"


def test_same_prompt_on_both(board):
    """What one types is seen by the other: one prompt, two wires."""
    telnet, uart = board.telnet(), board.uart()
    telnet.send(b"print('from', 'telnet')\r")
    telnet.expect(b"from telnet\r\n")
    uart.expect(b"from telnet\r\n")
    uart.send(b"print('from', 'uart')\r")
    uart.expect(b"from uart\r\n")
    telnet.expect(b"from uart\r\n")


# ---- the UART


def test_uart_output_that_nobody_reads_does_not_block(board):
    """More than any pty holds."""
    session = board.telnet()
    output = session.run("for i in range(3000): print('0123456789' * 10)\nprint('done')", limit=60)
    assert output.endswith("done\n")
    uart = board.uart()
    uart.prompt()


def test_uart_can_be_opened_and_closed(board):
    for number in range(10):
        uart = board.uart()
        uart.prompt()
        assert uart.python(f"{number} + 1") == str(number + 1)
        uart.close()
        board.streams.remove(uart)


# ---- MicroPython's own tool


def run_pyboard(arguments, before=""):
    """Run tools/pyboard.py of the pinned source with `before` executed first, in the same Python."""
    tool = micropython("tools/pyboard.py")
    code = f"import sys, runpy\n{before}\nsys.argv = {[str(tool), *map(str, arguments)]!r}\nrunpy.run_path({str(tool)!r}, run_name='__main__')\n"
    return subprocess.run([PYTHON, "-c", code], text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tool.parent)


def run_pyboard_on_telnet(board, *arguments):
    """pyboard.py wants an IPv4 address and port 23, and Python's telnetlib, which is gone since Python 3.13."""
    before = f"""
sys.path.insert(0, {str(__file__.rpartition('/')[0])!r})
import telnetlib_for_pyboard
telnetlib_for_pyboard.PORT = {board.address('telnet')[1]}
sys.modules['telnetlib'] = telnetlib_for_pyboard
"""
    return run_pyboard(["-d", "127.0.0.1", *arguments], before)


@pytest.fixture(params=["uart", "telnet"])
def pyboard(request, shared):
    """A function that runs pyboard.py on the board: run(arguments)."""
    if request.param == "uart":
        return lambda *arguments: run_pyboard(["-d", shared.status()["addresses"]["uart0"], *arguments])
    return lambda *arguments: run_pyboard_on_telnet(shared, *arguments)


@pytest.mark.skipif(not setting("MICROPYTHON_DIR"), reason="MICROPYTHON_DIR is not set")
class TestPyboard:
    def test_execute(self, pyboard, tmp_path):
        result = pyboard("-c", "import sys; print(sys.platform, 6 * 7)")
        assert (result.returncode, result.stdout) == (0, "WiPy 42\n")
        script = tmp_path / "script.py"
        script.write_text("for i in range(500):\n    print('line', i)\n" + "# padding\n" * 3000)
        result = pyboard(script)
        assert (result.returncode, result.stdout) == (0, "".join(f"line {i}\n" for i in range(500)))

    def test_exception(self, pyboard):
        result = pyboard("-c", "1/0")
        assert result.returncode == 1
        assert "ZeroDivisionError" in result.stdout

    def test_files(self, pyboard, tmp_path, seeded, shared):
        local = tmp_path / "local.bin"
        local.write_bytes(seeded.randbytes(1500))
        assert pyboard("-f", "cp", local, ":/flash/by pyboard.bin").returncode == 0
        assert shared.get("/flash/by pyboard.bin") == local.read_bytes()
        listing = pyboard("-f", "ls", "/flash")
        assert "1500 by pyboard.bin" in listing.stdout
        assert pyboard("-f", "cp", ":/flash/by pyboard.bin", tmp_path / "back.bin").returncode == 0
        assert (tmp_path / "back.bin").read_bytes() == local.read_bytes()
        assert pyboard("-f", "rm", "/flash/by pyboard.bin").returncode == 0
