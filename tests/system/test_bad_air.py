"""Bad air, as `wipy air DIR set` makes it: transfers through loss and delay, links that are cut again and again, an access point that is reset."""

import os
import re
from pathlib import Path

import pytest

from board import store, wait_for, wipy

LAPTOP = "02"  # the first byte of the laptop's MAC; the others are those of its board


def air(place, *settings):
    wipy("air", place, "set", *settings, check=True)


def descriptors(board):
    """{process: how many descriptors it has}"""
    return {pid: len(os.listdir(Path("/proc", str(pid), "fd"))) for pid in board.pids}


def no_more_than(before, now):
    """The same processes; none has more descriptors. Fewer: `before` had one of a status request that was just over."""
    return before.keys() == now.keys() and all(now[pid] <= before[pid] for pid in now)


def is_connected(board):
    """Whether the board still has a connection at its telnet port: one that it has closed belongs to no process any more."""
    port = f":{board.address('telnet')[1]:04X}"
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(local.endswith(port) and state != "0A" and inode != "0" for _, local, _, state, *_, inode in (s[:10] for s in sockets))


@pytest.mark.limit(240)
def test_an_upload_through_loss_and_delay_is_whole(make_board, tmp_path, seeded):
    place = tmp_path / "air"
    board = make_board("--air", place)
    data = seeded.randbytes(100_000)
    air(place, "loss=5%", "delay=50ms")
    with board.ftp(limit=100) as ftp:
        store(ftp, "/flash/data", data)
    air(place, "clear")
    assert board.get("/flash/data") == data


@pytest.mark.limit(300)
def test_a_link_is_cut_a_hundred_times(make_board, tmp_path):
    """By turns the laptop is out of reach, and the board itself. Another board in the same air notices nothing."""
    place = tmp_path / "air"
    board, neighbour = make_board("--air", place, name="one"), make_board("--air", place, name="two")
    watch = neighbour.telnet()
    mac = board.status()["wlan"]["mac"]
    board.telnet().close()  # all that a first connection needs is there
    wait_for(lambda: not is_connected(board), "the end of that connection")
    before = descriptors(board)
    for number in range(100):
        session = board.telnet()
        cut = LAPTOP + mac[2:] if number % 2 else mac
        air(place, f"cut={cut}")
        session.expect_end()
        air(place, f"restore={cut}")
        assert watch.python(str(number)) == str(number)
    assert board.telnet().python("1 + 1") == "2"
    board.put("/flash/data", b"through again")
    assert board.get("/flash/data") == b"through again"
    for stream in board.streams:
        stream.close()
    assert board.status()["state"] == "running"
    wait_for(lambda: no_more_than(before, descriptors(board)), f"the processes of before, with no more descriptors, {before}")


# Both programs speak MQTT with packets of less than 128 bytes: what is needed for topics that are published and subscribed to at QoS 0.
PACKETS = r"""
import asyncio, os

async def receive(reader):
    kind, size = await reader.readexactly(2)
    return kind & 0xf0, await reader.readexactly(size)

async def send(writer, kind, body):
    writer.write(bytes((kind, len(body))) + body)
    await writer.drain()

def message(topic, text):
    return bytes((0, len(topic))) + topic.encode() + text.encode()

def parts(body):
    end = 2 + body[1]
    return body[2:end].decode(), body[end:].decode()
"""

ACCESS_POINT = PACKETS + r"""
boot, readings, screens = os.urandom(4).hex(), 0, []

async def broker(reader, writer):
    global readings
    try:
        while True:
            kind, body = await receive(reader)
            if kind == 0x10:
                await send(writer, 0x20, b'\0\0')
            elif kind == 0x80:
                screens.append(writer)
                await send(writer, 0x90, body[:2] + b'\0')
            elif kind == 0x30 and parts(body) == ('reading', str(readings + 1)):
                readings += 1
    except (OSError, EOFError):
        pass
    if writer in screens:
        screens.remove(writer)
    writer.close()
    await writer.wait_closed()

async def page(reader, writer):
    while await reader.readline() != b'\r\n':
        pass
    writer.write('HTTP/1.0 200 OK\r\n\r\n{} {} {}'.format(boot, readings, 'x' * 5000))
    await writer.drain()
    writer.close()
    await writer.wait_closed()

async def main():
    await asyncio.start_server(broker, '0.0.0.0', 1883)
    await asyncio.start_server(page, '0.0.0.0', 80)
    while True:
        await asyncio.sleep_ms(50)
        for writer in list(screens):
            try:
                await asyncio.wait_for(send(writer, 0x30, message('tick', boot)), 5)
            except (OSError, asyncio.TimeoutError):
                screens.remove(writer)

asyncio.run(main())
"""

STATION = PACKETS + r"""
boot, pages, ticks, readings = '', 0, 0, 0

async def connected(port):
    return await asyncio.wait_for(asyncio.open_connection('192.168.1.1', port), 5)

async def asked(reader, writer, kind, body):
    await send(writer, kind, body)
    return await asyncio.wait_for(receive(reader), 5)

async def broker():
    reader, writer = await connected(1883)
    assert await asked(reader, writer, 0x10, b'\0\4MQTT\4\2\0\0\0\4wipy') == (0x20, b'\0\0')
    return reader, writer

async def sensor():
    reader, writer = await broker()
    try:
        number = 0
        while True:
            number += 1
            await send(writer, 0x30, message('reading', str(number)))
            await asyncio.sleep_ms(50)
    finally:
        writer.close()

async def screen():
    global ticks
    reader, writer = await broker()
    try:
        assert await asked(reader, writer, 0x82, b'\0\7\0\4tick\0') == (0x90, b'\0\7\0')
        while True:
            kind, body = await asyncio.wait_for(receive(reader), 5)
            ticks += (kind, parts(body)) == (0x30, ('tick', boot))
    finally:
        writer.close()

async def browser():
    global boot, pages, ticks, readings
    while True:
        reader, writer = await connected(80)
        try:
            writer.write(b'GET / HTTP/1.0\r\n\r\n')
            await writer.drain()
            text = (await asyncio.wait_for(reader.read(-1), 5)).decode().split()
        finally:
            writer.close()
        if len(text) == 6 and text[5] == 'x' * 5000:
            if text[3] != boot:
                boot, pages, ticks = text[3], 0, 0
            pages += 1
            readings = int(text[4])
        print('state', boot, pages, ticks, readings)
        await asyncio.sleep_ms(50)

async def always(task):
    while True:
        try:
            await task()
        except (OSError, EOFError, asyncio.TimeoutError):
            await asyncio.sleep_ms(200)

asyncio.run(asyncio.gather(always(sensor), always(screen), always(browser)))
"""


@pytest.mark.limit(240)
def test_traffic_between_boards_survives_a_reset(make_board, tmp_path):
    """HTTP and MQTT between two boards. The access point is reset in the midst of it: it starts its servers by main.py, the station is told nothing."""
    place = tmp_path / "air"
    ap, station = (make_board("--air", place, "--no-laptop", name=name) for name in ("ap", "station"))
    ssid = ap.status()["wlan"]["ssid"]
    console = ap.uart()
    console.prompt()
    console.run(f"with open('/flash/main.py', 'w') as file:\n    file.write({ACCESS_POINT!r})\n")
    ap.reset()
    uart = station.uart()
    uart.prompt()
    uart.run(
        "from network import WLAN\nwlan = WLAN(mode=WLAN.STA)\n"
        f"wlan.connect({ssid!r}, auth=(WLAN.WPA2, 'www.wipy.io'), timeout=30000)"
    )
    uart.raw_repl()
    uart.send(STATION.encode() + b"\x04")
    boots = set()
    for _ in range(4):
        boots.add(flowing(uart, boots))
        ap.reset()
    assert len(boots) == 4


def flowing(uart, before):
    """Wait until pages, ticks and readings have all come with one start of the access point that is not in `before`; returns which."""
    while True:
        match = uart.expect(re.compile(rb"state (\w+) (\d+) (\d+) (\d+)\r\n"), limit=60)
        if match[1] not in before and min(map(int, match.groups()[1:])) >= 10:
            return match[1]
