"""What tools/pyboard.py uses of Python's telnetlib, which is gone since Python 3.13; and a port other than 23."""

import stream

PORT = 23


class Telnet:
    def __init__(self, host, timeout=15):
        self.session = stream.Telnet((host, PORT), login=False, limit=timeout)

    def read_until(self, wanted, timeout=None):
        return self.session.expect(wanted, timeout or stream.LIMIT) + wanted

    def read_eager(self):
        # A short wait: where there is nothing pyboard.py sleeps for a quarter of a second.
        if not self.session.text:
            self.session.pump(0.02)
        data, self.session.text = self.session.text, b""
        return data

    def write(self, data):
        self.session.send(data)

    def close(self):
        self.session.close()
