"""What a PC does with a card: makes it, fills it, reads it, checks it. The tools are sfdisk, dosfstools, exfatprogs and mtools."""

import os
import struct
import subprocess

from cards import MIB

BLOCK = 512
FIRST = 2048 * BLOCK  # of the partition, as PCs and cameras have it
TOOLS = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1"}
MAKE = {
    "FAT12": ["mkfs.vfat", "-F", "12"],
    "FAT16": ["mkfs.vfat", "-F", "16"],
    "FAT32": ["mkfs.vfat", "-F", "32"],
    "exFAT": ["mkfs.exfat"],
}
TYPES = {"FAT12": "1", "FAT16": "6", "FAT32": "c", "exFAT": "7"}


def tool(*command, check=True, **options):
    """Run a program of the PC; returns the CompletedProcess with its text."""
    command = [str(part) for part in command]
    result = subprocess.run(command, capture_output=True, text=True, env=TOOLS, timeout=100, check=False, **options)
    assert not check or result.returncode == 0, f"{' '.join(command)}: {result.returncode}: {result.stdout}{result.stderr}"
    return result


def copy_sparse(source, begin, target, to, size):
    """Copy `size` bytes; what is a hole in the source is skipped."""
    with open(source, "rb") as reader, open(target, "r+b") as writer:
        at = begin
        while at < begin + size:
            try:
                at = os.lseek(reader.fileno(), at, os.SEEK_DATA)
            except OSError:
                return  # a hole up to the end
            end = min(os.lseek(reader.fileno(), at, os.SEEK_HOLE), begin + size)
            while at < end:
                data = os.pread(reader.fileno(), min(MIB, end - at), at)
                os.pwrite(writer.fileno(), data, at - begin + to)
                at += len(data)


class Card:
    """A card that a PC has made at `path`, with a partition table or without."""

    def __init__(self, path, size, kind, table=False):
        self.path, self.kind = path, kind
        self.first = FIRST if table else 0
        self.size = size - self.first
        with path.open("wb") as file:
            file.truncate(size)
        if table:
            tool("sfdisk", "-q", path, input=f"label: dos\nstart={FIRST // BLOCK}, type={TYPES[kind]}\n")
        part = self._blank_part()
        tool(*MAKE[kind], part)
        copy_sparse(part, 0, path, self.first, self.size)
        part.unlink()

    def _blank_part(self):
        part = self.path.with_suffix(".part")
        with part.open("wb") as file:
            file.truncate(self.size)
        return part

    @property
    def drive(self):
        return f"{self.path}@@{self.first}"

    def put(self, *sources, to=""):
        """By mtools, with the files' times."""
        tool("mcopy", "-Q", "-s", "-m", "-i", self.drive, *sources, f"::{to}")

    def get_all(self, folder):
        folder.mkdir()
        tool("mcopy", "-Q", "-s", "-m", "-n", "-i", self.drive, "::*", folder)
        return folder

    def fsck(self):
        """What fsck says, which has to be nothing; the card is not changed."""
        result = self.ask_fsck()
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def ask_fsck(self, *options):
        program = "fsck.exfat" if self.kind == "exFAT" else "fsck.fat"
        part = self.path
        if self.first:
            part = self._blank_part()
            copy_sparse(self.path, self.first, part, 0, self.size)
        try:
            return tool(program, *(options or ["-n"]), part, check=False)
        finally:
            if self.first:
                part.unlink()


# ---- exFAT, for which there is no mtools: the files in the root folder


class Exfat:
    """Looks at the root folder of an exFAT card, and changes it in ways that take too long on the board."""

    def __init__(self, card):
        self.path, self.first = card.path, card.first
        boot = self._read(0, BLOCK)
        assert boot[3:11] == b"EXFAT   "
        self.fat, _, self.heap, self.clusters, self.root = struct.unpack("<5I", boot[80:100])
        self.cluster_size = BLOCK << boot[109]

    def _read(self, at, size):
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), size, self.first + at)

    def _write(self, at, data):
        with self.path.open("r+b") as file:
            os.pwrite(file.fileno(), data, self.first + at)

    def _place(self, cluster):
        return self.heap * BLOCK + (cluster - 2) * self.cluster_size

    def _root(self):
        """(place, entry) of each entry in the root folder."""
        cluster = self.root
        while cluster < 0xFFFFFFF7:
            data = self._read(self._place(cluster), self.cluster_size)
            for at in range(0, len(data), 32):
                yield self._place(cluster) + at, data[at : at + 32]
            (cluster,) = struct.unpack("<I", self._read(self.fat * BLOCK + 4 * cluster, 4))

    def files(self):
        """{name: (size, (year, month, day, hour, minute, second), places of its entries)}"""
        found, entries = {}, list(self._root())
        for index, (_, entry) in enumerate(entries):
            if entry[0] != 0x85:
                continue
            part = entries[index : index + 1 + entry[1]]
            units = b"".join(more[2:] for _, more in part[2:])[: 2 * part[1][1][3]]
            time, date = struct.unpack("<HH", entry[12:16])
            stamp = (1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, 2 * (time & 31))
            found[units.decode("utf-16-le")] = (struct.unpack("<Q", part[1][1][24:])[0], stamp, [place for place, _ in part])
        return found

    def enlarge(self, name, size):
        """Let a file have `size` bytes in one piece at the end of the card; what they hold is what is there. Returns their place in the image."""
        _, _, places = self.files()[name]
        count = -(-size // self.cluster_size)
        cluster = 2 + self.clusters - count
        entries = [bytearray(self._read(place, 32)) for place in places]
        entries[1][1] |= 3  # allocated, and without a chain
        entries[1][8:16] = struct.pack("<Q", size)
        entries[1][20:32] = struct.pack("<IQ", cluster, size)
        check = 0
        for at, byte in enumerate(b"".join(entries)):
            if at not in (2, 3):
                check = ((check & 1) << 15 | check >> 1) + byte & 0xFFFF
        entries[0][2:4] = struct.pack("<H", check)
        for place, entry in zip(places, entries):
            self._write(place, bytes(entry))
        (bitmap,) = [struct.unpack("<I", entry[20:24])[0] for _, entry in self._root() if entry[0] == 0x81]
        bits = bytearray(self._read(self._place(bitmap), -(-self.clusters // 8)))
        for bit in range(cluster - 2, cluster - 2 + count):
            bits[bit // 8] |= 1 << bit % 8
        self._write(self._place(bitmap), bytes(bits))
        return self.first + self._place(cluster)


# ---- more files than mtools makes in reasonable time


def many_files(card, count):
    """A folder `many` in a FAT32 card that is empty, with files of one cluster each: {name: text}."""
    files = {f"file number {index:05}.txt": f"{index}\n" for index in range(count)}
    with card.path.open("r+b") as file:
        fd = file.fileno()
        boot = os.pread(fd, BLOCK, card.first)
        cluster_size = boot[13] * BLOCK
        (reserved,), (fat_size,) = struct.unpack("<H", boot[14:16]), struct.unpack("<I", boot[36:40])
        data = card.first + (reserved + 2 * fat_size) * BLOCK
        folder_clusters = -(-(count * 3 + 2) * 32 // cluster_size)
        stamp = struct.pack("<HH", 12 << 11, 44 << 9 | 5 << 5 | 6)  # 2024-05-06 12:00

        def entry(short, attributes, cluster, size):
            return short + bytes([attributes, 0, 0]) + stamp + stamp[2:] + struct.pack("<H", cluster >> 16) + stamp + struct.pack("<HI", cluster & 0xFFFF, size)

        folder = [entry(b".".ljust(11), 0x10, 3, 0), entry(b"..".ljust(11), 0x10, 0, 0)]
        first_file = 3 + folder_clusters
        for index, (name, text) in enumerate(files.items()):
            short = b"F%07dTXT" % index
            check = 0
            for byte in short:
                check = ((check & 1) << 7 | check >> 1) + byte & 0xFF
            units = (name + "\0").encode("utf-16-le").ljust(52, b"\xff")
            for number, part in ((0x42, units[26:]), (0x01, units[:26])):
                folder.append(bytes([number]) + part[:10] + bytes([0x0F, 0, check]) + part[10:22] + b"\0\0" + part[22:])
            folder.append(entry(short, 0x20, first_file + index, len(text)))
            os.pwrite(fd, text.encode(), data + (first_file + index - 2) * cluster_size)
        os.pwrite(fd, b"".join(folder), data + cluster_size)
        os.pwrite(fd, entry(b"MANY".ljust(11), 0x10, 3, 0), data)
        chain = [*range(4, first_file), *[0x0FFFFFFF] * (1 + count)]
        table = struct.pack(f"<{len(chain)}I", *chain)
        for copy in range(2):
            os.pwrite(fd, table, card.first + (reserved + copy * fat_size) * BLOCK + 12)
    card.ask_fsck("-a")  # counts what is free
    card.fsck()
    return files
