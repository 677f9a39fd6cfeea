"""The time of day from a time server (SNTP, RFC 4330)."""
import machine
import os
import socket
import struct
import time as _time

host = "pool.ntp.org"
timeout = 1  # seconds to wait for the answer

_UNIX_EPOCH = 2208988800  # in seconds of NTP, which count from 1900
_CLIENT = 0x23  # version 4, mode 3
_SERVER_MODE = 4


def time():
    """Seconds since 1970, UTC, as `host` says; OSError when it says nothing of use."""
    # The answer repeats these bytes: nobody else can know them.
    nonce = os.urandom(8)
    request = bytes((_CLIENT,)) + bytes(39) + nonce
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.settimeout(timeout)
        s.connect(socket.getaddrinfo(host, 123)[0][-1])
        s.send(request)
        answer = s.recv(64)
    finally:
        s.close()
    if len(answer) < 48 or answer[0] & 7 != _SERVER_MODE or answer[24:32] != nonce:
        raise OSError("that is no answer of a time server")
    if answer[1] == 0 or answer[0] >> 6 == 3:
        raise OSError("the time server does not know the time")
    seconds = struct.unpack(">I", answer[40:44])[0]
    if seconds < 0x80000000:  # its 32 bits start again in 2036
        seconds += 1 << 32
    return seconds - _UNIX_EPOCH


def settime():
    """Set the real-time clock."""
    now = _time.gmtime(time())
    machine.RTC().init(now[:6])
