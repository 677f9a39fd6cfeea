"""Two boards in one air for MicroPython's network tests: an access point, and a station of it that has its address by DHCP."""

import contextlib

from board import Board, wait_for, wipy

# Tests of net_hosted that reach out for the Internet find it here: the access point answers every name with its own address, and takes
# connections at port 80. Nothing answers at any other address.
INTERNET = """
import select, socket
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(('', 53))
web = socket.socket()
web.bind(('', 80))
web.listen(2)
poll = select.poll()
poll.register(names, select.POLLIN)
poll.register(web, select.POLLIN)
client = None
while True:
    for s, _ in poll.poll():
        if s is web:
            if client:
                client.close()
            client = web.accept()[0]
        else:
            query, peer = names.recvfrom(512)
            answer = query[:2] + b'\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0' + query[12:]
            names.sendto(answer + b'\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\xc0\\xa8\\1\\1', peer)
"""


@contextlib.contextmanager
def pair(folder):
    """(access point, its station), boards that run in `folder`."""
    folder.mkdir()
    options = ["--no-laptop", "--air", folder / "air"]
    # Far enough from each other that a connection is not made before connect() looks for the first time.
    wipy("air", folder / "air", "set", "delay=10ms", check=True)
    with Board(folder / "ap", *options) as ap, Board(folder / "station", *options) as station:
        uart = station.uart()
        uart.prompt()
        uart.run(
            "from network import WLAN\nwlan = WLAN(mode=WLAN.STA)\n"
            f"wlan.connect({ap.status()['wlan']['ssid']!r}, auth=(WLAN.WPA2, 'www.wipy.io'), timeout=30000)"
        )
        wait_for(lambda: station.status()["wlan"]["ip"].startswith("192.168.1."), "an address by DHCP")
        uart.close()
        station.streams.remove(uart)
        yield ap, station


def start_internet(ap):
    """The program runs until the access point's UART gets a Ctrl-C, or the board ends."""
    uart = ap.uart()
    uart.raw_repl()
    uart.send(INTERNET.encode() + b"\x04")
    uart.expect(b"OK")
