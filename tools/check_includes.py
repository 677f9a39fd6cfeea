#!/usr/bin/env python3
"""Check the direction of includes (docs/design.md, "Layout"): each folder includes only what stands below it, and the
firmware world includes no header of an operating system. Prints one line per offence; exit status 1 when there is any."""
import pathlib
import re
import sys

# folder or file -> what it may include besides itself. The longest match counts.
MAY_INCLUDE = {
    "lib": [],
    "hal": ["lib"],
    "storage": ["hal", "lib"],
    "image": ["storage", "hal", "lib"],
    "boot": ["image", "storage", "hal", "lib"],
    "update": ["image", "storage", "hal", "lib"],
    "system": ["storage", "hal", "lib"],
    "net/dhcp": ["net", "hal", "lib"],
    "net": ["system", "update", "storage", "hal", "lib"],
    "python": ["net", "system", "update", "storage", "hal", "lib"],
    "firmware": ["python", "net", "boot", "system", "update", "image", "storage", "hal", "lib"],
    "link": [],
    "targets": ["hal", "link", "lib"],
    "targets/hosted": ["board/loader", "hal", "link", "lib"],  # does the loader's work for itself
    # hal only for the numbers that stand on the wire (enum hal_result, hal_report_item, ...)
    "board": ["link", "hal", "lib"],
    "board/loader": ["link", "lib"],
    "board/text.h": [],
    "board/air": ["board/text.h", "hal", "lib"],  # hal for its numbers
    "board/child": [],
    "board/laptop": ["board/air", "board/child", "lib"],
    "board/router": ["board/air", "board/child", "net/dhcp", "hal", "lib"],
    "board/join": ["board/air", "board/child", "hal", "lib"],
    "board/cli": ["board", "image", "storage", "link", "hal", "lib"],
    "third_party": [],
}
FIRMWARE_WORLD = {"lib", "hal", "storage", "image", "boot", "update", "system", "net", "python", "firmware"}
# Headers of the C language itself that need no operating system.
C_HEADERS = {"assert.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h",
             "stdint.h", "stdlib.h", "string.h", "setjmp.h",
             "alloca.h", "sys/types.h"}  # not the language's, but newlib has them, and MicroPython and lwIP ask for them
LIBRARIES = {"storage": ("lfs2", "ff.h", "diskio.h"), "net": ("mbedtls/", "lwip/", "netif/", "arch/", "lwipopts.h"), "image": ("mbedtls/",), "python": ("py/", "extmod/", "shared/",
             "genhdr/", "lwip/", "stdio.h",  # modlwip.c includes it; python/modsocket.c must do so before it redefines printf
             "netif/", "mbedtls/", "mpconfigport.h", "mphalport.h", "port/")}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def folder_of(path):
    """The folder, or file, of MAY_INCLUDE that `path` (relative to the root) belongs to, or None."""
    parts = path.parts
    for depth in range(len(parts), 0, -1):
        name = "/".join(parts[:depth])
        if name in MAY_INCLUDE:
            return name
    return None


def offences(root):
    for path in sorted(p for suffix in ("*.c", "*.h") for p in root.rglob(suffix)):
        relative = path.relative_to(root)
        folder = folder_of(relative)
        if folder is None:
            continue
        top = relative.parts[0]
        for quote, target in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if quote == '"':
                other = folder_of(pathlib.Path(target))
                local = (path.parent / target).exists()
                if other and other != folder and not other.startswith(folder + "/") and not any(
                        other == below or other.startswith(below + "/") for below in MAY_INCLUDE[folder]):
                    yield f"{relative}: {folder} may not include {other} ({target})"
                if other or local:
                    continue
            if top in FIRMWARE_WORLD and target not in C_HEADERS and not target.startswith(LIBRARIES.get(top, ())):
                yield f"{relative}: <{target}> has no place in the firmware world"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    found = list(offences(root))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
