"""The wire between FTP clients and a board: passes everything on, writes down what was said, and can be cut.

Each control connection has a thread that also carries its data connection, so that the record has the order in which things happened.
The record, one event a line, is the format of tests/replay/ftp (docs/testing.md):

    open              a control connection
    > COMMAND         a line of the client; `+ COMMAND` came in the same segment as the line before
    < 230             a whole reply of the server: its code
    connect           a data connection
    up 1000           the client has sent so many bytes and has finished
    down              the server has finished sending
    lost              the data connection was reset
    close             the client has gone
"""

import re
import select
import socket
import struct
import threading

LIMIT = 60.0


class Wire:
    def __init__(self, address):
        self.board = address
        self.sessions = []
        self.cut_after = None  # bytes of data, both directions: then nothing gets through until mend()
        self.is_cut = False
        self.carried = 0
        self._stopping = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def address(self):
        return self._listener.getsockname()

    def cut(self, after):
        """Reset every connection once `after` more bytes of data have been carried to their end, and refuse new ones."""
        self.carried, self.cut_after = 0, after

    def mend(self):
        self.is_cut, self.cut_after = False, None

    def record(self):
        """What was said: sessions in the order of their beginning."""
        return [line for session in self.sessions for line in session.lines]

    def settle(self):
        """Wait until the clients have gone."""
        for session in list(self.sessions):
            session.thread.join(LIMIT)
            assert not session.thread.is_alive(), "an FTP client did not go"

    def close(self):
        self._stopping = True
        self._thread.join()
        self._listener.close()
        self.is_cut = True  # what is left ends
        self.settle()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def _accept(self):
        while not self._stopping:
            try:
                client = self._listener.accept()[0]
            except TimeoutError:
                continue
            client.settimeout(LIMIT)
            if self.is_cut:
                reset(client)
                continue
            self.sessions.append(Session(self, client))


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Session:
    def __init__(self, wire, client):
        self.wire = wire
        self.client = client
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)  # the Synch of an urgent ABOR stays in its place
        self.server = socket.create_connection(wire.board, timeout=LIMIT)
        self.lines = ["open"]
        self.listener = None  # where the data connection comes in
        self.onward = None  # and where it goes on to
        self.client_side = self.server_side = None  # of the data connection
        self.client_connects = True
        self.sent = 0
        self.pending = {self.client: b"", self.server: b""}
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while self._step():
                pass
        except OSError:
            pass  # cut; or one side has gone without a word
        self.lines.append("close")
        for sock in (self.client, self.server, self.client_side, self.server_side):
            if sock:
                reset(sock) if self.wire.is_cut else sock.close()
        if self.listener:
            self.listener.close()

    def _step(self):
        watched = [sock for sock in (self.server_side, self.client_side, self.listener, self.client, self.server) if sock]
        ready = select.select(watched, [], [], 0.2)[0]
        if self.wire.is_cut:
            return False
        for sock in watched:  # data first
            if sock not in ready or sock not in (self.server_side, self.client_side, self.listener, self.client, self.server):
                continue
            if sock is self.listener:
                self._connect()
            elif sock in (self.client_side, self.server_side):
                self._data(sock)
            elif not self._control(sock):
                return False
        return True

    # ---- control connection

    def _control(self, sock):
        data = sock.recv(65536)
        self.pending[sock] += data
        whole, _, self.pending[sock] = self.pending[sock].rpartition(b"\n")
        lines = whole.split(b"\n") if whole else []
        if sock is self.client:
            for number, line in enumerate(lines):
                text = line.rstrip(b"\r").decode("utf-8", "surrogateescape")
                self.lines.append(f"{'+' if number else '>'} {escape(text)}")
            if lines:
                self.server.sendall(b"".join(self._port(line) + b"\n" for line in lines))
        else:
            for line in lines:
                self._reply(line)
        return bool(data)

    def _reply(self, line):
        if re.match(rb"\d\d\d ", line):
            code = line[:3].decode()
            while code == "226" and self.server_side and not self.sent:
                self._data(self.server_side)  # its end came before the reply
            self.lines.append(f"< {code}")
            line = self._passive(line)
        self.client.sendall(line + b"\n")

    def _listen(self):
        if self.listener:
            self.listener.close()
        self.listener = socket.create_server(("127.0.0.1", 0))
        return self.listener.getsockname()[1]

    def _passive(self, line):
        match = re.match(rb"227 .*?(\d+,\d+,\d+,\d+),(\d+),(\d+)", line)
        if match:
            self.onward = (self.wire.board[0], int(match[2]) * 256 + int(match[3]))
            port = self._listen()
            line = line.replace(match[0][match[0].index(match[1]):], b"127,0,0,1,%d,%d" % divmod(port, 256))
        match = re.match(rb"229 .*\|\|\|(\d+)\|", line)
        if match:
            self.onward = (self.wire.board[0], int(match[1]))
            line = line.replace(match[1], b"%d" % self._listen())
        self.client_connects = True if self.listener and line[:3] in (b"227", b"229") else self.client_connects
        return line

    def _port(self, line):
        match = re.match(rb"(?i)PORT (\d+,\d+,\d+,\d+),(\d+),(\d+)", line)
        if match:
            self.onward = ("127.0.0.1", int(match[2]) * 256 + int(match[3]))
            line = line.replace(match[0], b"PORT 127,0,0,1,%d,%d" % divmod(self._listen(), 256))
        match = re.match(rb"(?i)EPRT \|1\|[\d.]+\|(\d+)\|", line)
        if match:
            self.onward = ("127.0.0.1", int(match[1]))
            line = line.replace(match[0], b"EPRT |1|127.0.0.1|%d|" % self._listen())
        if line[:4].upper() in (b"PORT", b"EPRT"):
            self.client_connects = False
        return line

    # ---- data connection

    def _connect(self):
        near = self.listener.accept()[0]
        far = socket.create_connection(self.onward, timeout=LIMIT)
        near.settimeout(LIMIT)
        self.listener.close()
        self.listener = None
        self.client_side, self.server_side = (near, far) if self.client_connects else (far, near)
        self.sent = 0
        self.lines.append("connect")

    def _data(self, sock):
        """Carry a piece; the end of either direction ends the connection, as FTP has it."""
        other = self.server_side if sock is self.client_side else self.client_side
        try:
            data = sock.recv(16384)
            if data:
                other.sendall(data)
        except OSError:
            return self._data_ends("lost", True)
        if not data:
            return self._data_ends(f"up {self.sent}" if sock is self.client_side else "down", False)
        self.sent += len(data) if sock is self.client_side else 0
        self.wire.carried += len(data)
        if self.wire.cut_after is not None and self.wire.carried >= self.wire.cut_after:
            self._until_taken()
            self.wire.is_cut = True
            raise ConnectionError("cut")  # at once: the rest, and the reply to it, may all be here already
        return None

    def _until_taken(self):
        """What is on its way is lost in a cut: so let all that was sent arrive first. The server counts it for us (STAT)."""
        if not self.sent:
            return
        said = b""
        while f"{self.sent} bytes".encode() not in said:
            if not said or re.search(rb"(?m)^211 .*\n", said):
                said = b""
                self.server.sendall(b"STAT\r\n")
            said += self.server.recv(65536)

    def _data_ends(self, how, by_reset):
        # A client that closes a data connection it was only to read from has sent nothing: who closed is then all there is to tell.
        self.lines.append(how)
        for side in (self.client_side, self.server_side):
            reset(side) if by_reset else side.close()
        self.client_side = self.server_side = None


def escape(text):
    return "".join(c if c.isprintable() and c != "\\" else "".join(f"\\x{byte:02x}" for byte in c.encode("utf-8", "surrogateescape")) for c in text)
