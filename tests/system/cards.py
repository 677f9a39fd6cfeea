"""SD cards for the tests: plain files."""

PINS = "pins=('GP10', 'GP11', 'GP15')"
MIB = 1024 * 1024


def blank(path, size=4 * MIB):
    """A card as no card is sold: without a file system."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


def fill(board, path, files):
    """A card at `path`, made on the board: formatted, with these files ({name on the card: text}). The slot is empty and disabled before and after."""
    board.ctl("sd", "insert", blank(path))
    session = board.telnet(prompt=False)
    session.prompt()
    lines = ["import os, pyb", "os.mkfs('/sd')", "sd = pyb.SD()", "sd.mount()"]
    for name, text in files.items():
        lines += [f"with open('/sd/{name}', 'w') as file:", f"    file.write({text!r})"]
    session.run("\n".join([*lines, "sd.disable()"]) + "\n")
    session.close()
    board.streams.remove(session)
    board.ctl("sd", "eject")
    return path
