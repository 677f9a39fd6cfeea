"""Boards by their UART, for tests of the WLAN from Python."""

FACTORY_KEY = "www.wipy.io"
PRELUDE = "import network, socket, machine, time\nfrom network import WLAN\nwlan = WLAN()\n"


class Console:
    """A board's UART, as a person at the board has it: what happens to its network does not matter there."""

    def __init__(self, board):
        self.board = board
        self.uart = board.uart()
        self.uart.prompt()
        self.run(PRELUDE)

    def run(self, code, limit=60):
        return self.uart.run(code, limit)

    def value(self, expression, limit=60):
        """What an expression is, as far as it can be written down."""
        return eval(self.run(f"print(repr({expression}))", limit))  # pylint: disable=eval-used

    def fails(self, statement, error, words="", limit=60):
        """Assert that a statement raises `error` with `words` in it."""
        said = self.value(f"(lambda: failed({statement!r}))()", limit)
        assert said is not None, f"{statement}: nothing was raised"
        assert said[0] == error and words in said[1], f"{statement}: {said}"

    def soft_reset(self):
        self.uart.send(b"\x04")
        self.uart.expect(b"soft reboot")
        self.uart.prompt()
        self.run(PRELUDE)


FAILED = """
def failed(statement):
    try:
        exec(statement, globals())
    except Exception as e:
        return type(e).__name__, str(e)
"""
PRELUDE += FAILED


def ssid_of(console):
    return console.value("wlan.ssid()")


def connect(pair, timeout=30000):
    ap, sta = pair
    sta.run(f"wlan.init(WLAN.STA)\nwlan.connect({ssid_of(ap)!r}, auth=(WLAN.WPA2, {FACTORY_KEY!r}), timeout={timeout})\n")
    return sta.value("wlan.ifconfig()[0]")
