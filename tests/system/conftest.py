"""Fixtures of the system tests. docs/testing.md says how to run them."""

import os
import random
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest

from board import WIPY, Board, again, alive, wait_for
from consoles import Console
from ftp_client import Control, remove_tree

TEST_LIMIT = 120  # seconds for one test, whatever it waits for
SEED = int(os.environ.setdefault("WIPY_TEST_SEED", str(time.time_ns() % 1_000_000)))


def pytest_report_header():
    return [f"board: {WIPY}", f"seed of the random tests: {SEED} (set WIPY_TEST_SEED to repeat)"]


def pytest_collection_modifyitems(config, items):
    if items and not WIPY.exists():
        pytest.exit(f"{WIPY} is not built; type `make test`, or point WIPY to another build", 2)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for value in item.funcargs.values() if hasattr(item, "funcargs") else ():
            if isinstance(value, Board):
                report.sections.append((f"board {value.directory}", value.report()))
        report.sections.append(("to run it again", again(item)))


@pytest.fixture(autouse=True)
def hard_limit(request):
    """No test waits for ever."""
    marker = request.node.get_closest_marker("limit")
    seconds = marker.args[0] if marker else TEST_LIMIT

    def stop(*unused):
        raise AssertionError(f"the test took more than {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    yield
    signal.alarm(0)


@pytest.fixture
def seeded(request):
    """Random numbers that WIPY_TEST_SEED repeats; each test has its own."""
    return random.Random(f"{SEED} {request.node.nodeid}")


def _end(boards):
    """Stop boards; none may leave a process behind, or have a fault of its own to report."""
    problems = []
    for board in boards:
        pids = board.pids if board.process else []
        try:
            board.stop()
            wait_for(lambda: not any(map(alive, pids)), f"end of all processes of {board.directory}")
        except AssertionError as error:
            problems.append(str(error))
        if re.search(r"Sanitizer|runtime error|unexpectedly|misuse", board.errors()):
            problems.append(board.errors())
    assert not problems, problems


@pytest.fixture
def make_board(tmp_path):
    """make_board(*options, name="wipy", start=True): boards that end with the test."""
    boards = []

    def make(*options, name="wipy", start=True):
        board = Board(tmp_path / name, *options)
        boards.append(board)
        return board.start() if start else board

    yield make
    _end(boards)


@pytest.fixture
def board(make_board):
    """A fresh board, running."""
    return make_board()


@pytest.fixture(scope="module")
def make_shared(tmp_path_factory):
    """make_shared(name): running boards that end with the tests of the file."""
    boards = []

    def make(name):
        boards.append(Board(tmp_path_factory.mktemp(name) / "wipy"))
        return boards[-1].start()

    yield make
    _end(boards)


@pytest.fixture(scope="module")
def shared(make_shared):
    """A running board that the tests of one file share; they leave it as they found it."""
    return make_shared("shared")


@pytest.fixture(scope="module")
def thousand_files(shared):
    """A folder with 1,000 files on the shared board: THOUSAND."""
    with shared.telnet() as prompt:
        prompt.run("import os\nos.mkdir('/flash/thousand')\nfor i in range(1000): open('/flash/thousand/file%03d.txt' % i, 'w').close()", 60)


@pytest.fixture
def console(make_board):
    return Console(make_board("--no-laptop"))


@pytest.fixture
def pair(make_board, tmp_path):
    """Two boards in one air: (access point, station to be)."""
    options = ["--no-laptop", "--air", tmp_path / "air"]
    return Console(make_board(*options, name="ap")), Console(make_board(*options, name="sta"))


# ---- FTP to the shared board


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
