"""Many boards in one air. tests/bench/crowd.py has more of them, and measures."""

from board import wait_for, wipy

COUNT = 10


def names(place):
    """What `wipy air` lists."""
    return sorted(line.split(maxsplit=3)[3] for line in wipy("air", place).stdout.splitlines())


def test_each_of_many_boards_is_itself(make_board, tmp_path):
    place = tmp_path / "air"
    boards = [make_board("--air", place, name=f"wipy{number}") for number in range(COUNT)]
    ssids = [board.status()["wlan"]["ssid"] for board in boards]
    assert len(set(ssids)) == COUNT and names(place) == sorted(ssids)
    sessions = [board.telnet() for board in boards]  # all at once, and every laptop at its own board
    for session in sessions:
        session.run("from network import WLAN")
    assert [session.python("WLAN().ssid(), len(WLAN().connections())") for session in sessions] == [f"({ssid!r}, 1)" for ssid in ssids]
    for board in boards[::2]:
        board.kill9()
    for session in sessions[::2]:
        session.expect_end()
    assert names(place) == sorted(ssids[1::2])
    assert [session.python("1 + 1") for session in sessions[1::2]] == ["2"] * (COUNT // 2)
    for board in boards[::2]:
        board.start()
    wait_for(lambda: names(place) == sorted(ssids), "all are back")
    for session in sessions:
        session.close()
    assert [board.telnet().python("6 * 7") for board in boards] == ["42"] * COUNT
