"""Many DHCP clients at once, for the tests: run inside `wipy join --no-dhcp`.

usage: dhcp_clients.py take N            N clients take a lease each; prints the addresses
       dhcp_clients.py release ADDRESS   the client that took it gives it back"""

import socket
import struct
import sys

DISCOVER, OFFER, REQUEST, ACK, RELEASE = 1, 2, 3, 5, 7
MESSAGE, SERVER, WANTED = 53, 54, 50
TRIES = 20


def hardware(number):
    return bytes([0x02, 0, 0, 0, number >> 8, number & 255])


def message(number, kind, *options, address="0.0.0.0"):
    head = struct.pack("!4BIHH4s12x", 1, 1, 6, 0, number, 0, 0x8000, socket.inet_aton(address))
    text = bytes([MESSAGE, 1, kind]) + b"".join(bytes([code, len(value)]) + value for code, value in options)
    return head + hardware(number).ljust(16, b"\0") + bytes(192) + b"\x63\x82\x53\x63" + text + b"\xff"


def parse(packet):
    """(number of the client, its address, {option: value})"""
    options, at = {}, 240
    while at < len(packet) and packet[at] != 255:
        options[packet[at]] = packet[at + 2 : at + 2 + packet[at + 1]]
        at += 2 + packet[at + 1]
    return struct.unpack("!I", packet[4:8])[0], packet[16:20], options


def ask(sock, number, kind, *options, answer):
    for _ in range(TRIES):
        sock.sendto(message(number, kind, *options), ("255.255.255.255", 67))
        try:
            while True:
                client, address, found = parse(sock.recv(1500))
                if client == number and found.get(MESSAGE) == bytes([answer]):
                    return address, found
        except TimeoutError:
            pass
    raise SystemExit(f"client {number}: no answer")


def main():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wlan0\0")
    sock.bind(("", 68))
    sock.settimeout(1)
    if sys.argv[1] == "take":
        for number in range(1, int(sys.argv[2]) + 1):
            address, offer = ask(sock, number, DISCOVER, answer=OFFER)
            address, _ = ask(sock, number, REQUEST, (WANTED, address), (SERVER, offer[SERVER]), answer=ACK)
            print(socket.inet_ntoa(address))
    else:
        wanted = socket.inet_aton(sys.argv[2])
        for number in range(1, 254):
            address, offer = ask(sock, number, DISCOVER, answer=OFFER)
            if address == wanted:
                sock.sendto(message(number, RELEASE, (SERVER, offer[SERVER]), address=sys.argv[2]), ("255.255.255.255", 67))
                return


if __name__ == "__main__":
    main()
