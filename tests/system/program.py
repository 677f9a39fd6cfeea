"""Makes a Python program of several modules and packages with data files: what a user puts on the board."""

from pathlib import Path

OUTPUT = "the program runs: 12 modules, data 5 files, sum "


def generate(folder, random):
    """Write the program into `folder`: more than 20 files, some over 100 KiB, names with spaces and UTF-8. Returns the lines that
    it prints."""
    folder = Path(folder)
    files = {}
    total = 0
    for package in ("sensors", "display", "lib/helpers"):
        files[f"{package}/__init__.py"] = f"NAME = {package!r}\n"
        for module in range(4):
            value = random.randrange(1_000_000)
            total += value
            padding = "".join(f"# {random.getrandbits(256):064x}\n" for _ in range(random.randrange(40)))
            files[f"{package}/module{module}.py"] = f"{padding}from . import NAME\nVALUE = {value}\ndef check():\n    return NAME, VALUE\n"
    data = {
        "data/big one.bin": random.randbytes(150_000),
        "data/größer – žluťoučký.bin": random.randbytes(220_001),
        "data/日本語/テスト ファイル.txt": ("日本語のテキスト\r\n" * 5000).encode(),
        "data/empty file": b"",
        "data/deep/er/and deeper still/x": bytes(range(256)) * 7,
    }
    checks = {name: (len(content), sum(content)) for name, content in data.items()}
    files["main.py"] = f"""\
import sys
total = modules = 0
for package in ('sensors', 'display', 'helpers'):
    for number in range(4):
        module = getattr(__import__('%s.module%d' % (package, number)), 'module%d' % number)
        name, value = module.check()
        total += value
        modules += 1
correct = 0
for name, (size, wanted) in {checks!r}.items():
    length = bytes_sum = 0
    with open('/flash/' + name, 'rb') as file:
        while True:
            block = file.read(4096)
            if not block:
                break
            length += len(block)
            bytes_sum += sum(block)
    correct += (length, bytes_sum) == (size, wanted)
print('the program runs: %d modules, data %d files, sum %d' % (modules, correct, total))
"""
    files["boot.py"] = "# boot.py -- run on boot-up\n"
    files["lib/single.py"] = "X = 1\n"
    files["read me.txt"] = "A program with spaces in its names\n"
    files.update(data)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert len(files) >= 20
    return f"{OUTPUT}{total}"


def tree(folder):
    """{name: content} of all files, and the set of folders."""
    folder = Path(folder)
    found = [path for path in folder.rglob("*")]
    return (
        {str(path.relative_to(folder)): path.read_bytes() for path in found if path.is_file()},
        {str(path.relative_to(folder)) for path in found if path.is_dir()},
    )
