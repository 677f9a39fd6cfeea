"""Firmware images for the tests: those that the build made (tests/firmware), and broken ones of every kind.

The format is written down here once more, from docs/spec.md: a test that used the code under test would not notice its errors."""

import functools
import hashlib
import os
import struct
from pathlib import Path

from board import WIPY

FOLDER = Path(os.environ.get("WIPY_BUILD", WIPY.parent)) / "tests/firmware"
HEADER = 256
FRAME = HEADER + 32
PLACE = 2 * 1024 * 1024
VIRTUAL, MPS2 = 1, 2
UPLOAD = "/flash/sys/mcuimg.bin"
GOOD = ("1.1.0", "1.2.0", "1.3.0", "1.4.0")


@functools.cache
def built(name):
    """An image that the build made: a version of GOOD, or one that fails its trial ("crash", "hang", ...)."""
    path = FOLDER / f"{name}.bin"
    assert path.exists(), f"{path} is missing: build with -DWIPY_TESTS=ON"
    return path.read_bytes()


def payload(image):
    return image[HEADER:-32]


def version(image):
    return image[16:48].rstrip(b"\0").decode()


def header(data, text, target=VIRTUAL, size=None, magic=b"WIPYIMG1", header_version=1):
    size = len(data) if size is None else size
    return (magic + struct.pack("<II32sI", header_version, target, text.encode(), size) + hashlib.sha256(data).digest()).ljust(HEADER, b"\0")


def sign(body):
    """The MD5 behind it."""
    return body + hashlib.md5(body).hexdigest().encode()


def pack(data, text, **fields):
    return sign(header(data, text, **fields) + data)


def flipped(image, at):
    return image[:at] + bytes([image[at] ^ 1]) + image[at + 1 :] if at >= 0 else flipped(image, len(image) + at)


def padded(image, size):
    """The same firmware in an image of `size` bytes: an executable may have anything behind it."""
    return pack(payload(image).ljust(size - FRAME, b"\0"), version(image))


# What no upload may leave anything of: {name: (bytes, words of the refusal)}.
def bad_images():
    good = built("1.1.0")
    data = payload(good)
    return {
        "another target": (pack(data, "1.1.0", target=MPS2), "target"),
        "unknown target": (pack(data, "1.1.0", target=77), "target"),
        "truncated in the middle": (good[: len(good) // 2], "truncated"),
        "truncated by a byte": (good[:-1], "truncated"),
        "only a header": (good[:HEADER], "truncated"),
        "half a header": (good[:100], "truncated|not a firmware"),
        "nothing": (b"", "truncated|not a firmware|empty"),
        "first byte of the payload flipped": (flipped(good, HEADER), "MD5"),
        "last byte of the payload flipped": (flipped(good, -33), "MD5"),
        "last digit of the MD5 flipped": (flipped(good, -1), "MD5"),
        "another SHA-256": (sign(flipped(good, 60)[:-32]), "SHA-256"),
        "one byte too many": (good + b"\n", "follows|behind|more|longer"),
        "too large": (header(b"", "1.1.0", size=PLACE) + bytes(3 * 1024 * 1024), "too large"),
        "far too large": (header(b"", "1.1.0", size=0xFFFFFFF0) + bytes(100_000), "too large"),
        "no payload": (pack(b"", "1.1.0"), "empty"),
        "not an image": (b"import os\nprint('hello')\n" * 1000, "not a firmware"),
        "zeros": (bytes(500_000), "not a firmware"),
        "a later format": (pack(data, "1.1.0", header_version=2), "not a firmware|format"),
        "an executable": (data, "not a firmware"),
    }
