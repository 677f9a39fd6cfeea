"""A board for the tests: starts `wipy run`, acts on it as a user does, and ends it in every case."""

import ftplib
import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from stream import LIMIT, PROMPT, Telnet, Uart

ROOT = Path(__file__).resolve().parents[2]
WIPY = Path(os.environ.get("WIPY", ROOT / "build/sanitizers/wipy")).resolve()
START = os.getcwd()
USER, PASSWORD = "micro", "python"
THOUSAND = "/flash/thousand", {f"file{number:03}.txt" for number in range(1000)}  # what the fixture thousand_files makes
FIRST_BOOT = {"boot.py", "main.py", "sys", "lib", "cert"}


def wait_for(condition, what, limit=LIMIT):
    """Call `condition` until it returns something true, and return that: the one place where tests wait for a state."""
    end = time.monotonic() + limit
    pause = 0.002
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def wipy(*arguments, limit=LIMIT, **options):
    """Run the wipy program to its end; returns the CompletedProcess with text output."""
    command = [str(WIPY), *map(str, arguments)]
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, timeout=limit, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def client(*command, limit=60, **options):
    """Run a real client program to its end; returns the CompletedProcess with text output."""
    if not shutil.which(command[0]):
        raise AssertionError(f"{command[0]} is not installed")
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [str(part) for part in command],
        timeout=limit,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )


def no_namespaces():
    """Why the kernel allows no user namespaces here; None when it does."""
    result = subprocess.run(["unshare", "-Urn", "true"], capture_output=True, text=True, check=False)
    return None if result.returncode == 0 else f"no user namespaces here: {result.stderr.strip()}"


def processes_of(pid):
    """The process `pid` and all that descend from it, zombies left out."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(entry)] = int(parent)
    found = [pid] if pid in parents else []
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def alive(pid):
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def setting(name):
    """A variable of the build that made $WIPY, or of the environment."""
    if os.environ.get(name):
        return os.environ[name]
    for folder in (Path(os.environ.get("WIPY_BUILD", "/nonexistent")), *WIPY.parents):
        cache = folder / "CMakeCache.txt"
        if cache.exists():
            match = re.search(rf"^{name}:\w+=(.*)$", cache.read_text(), re.M)
            return match[1] if match else ""
    return ""


def micropython(part):
    """A file of the pinned MicroPython source."""
    source = setting("MICROPYTHON_DIR")
    assert source, f"MICROPYTHON_DIR is not set, and there is no build around {WIPY}"
    return Path(source) / part


class Board:
    """A board in a directory of its own. start() returns when it says `ready`; stop() ends it, whatever state it is in."""

    def __init__(self, directory, *options):
        self.directory = Path(directory)
        self.options = options
        self.process = None
        self.lines = []
        self.streams = []

    # ---- the process

    def command(self):
        services = [] if "--no-laptop" in self.options else ["--telnet", "--ftp"]
        ports = [part for service in services if service not in self.options for part in (service, "0")]
        return [str(WIPY), "run", str(self.directory), *ports, "--quiet", *map(str, self.options)]

    def start(self, limit=LIMIT, ready=True):
        self.lines = []
        self._ready = threading.Event()
        known = self.errors().count("hard fault")  # of earlier runs
        errors = open(f"{self.directory}.stderr", "ab")
        with errors:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()
        if ready:
            wait_for(lambda: self._ready.wait(0.1) or self.errors().count("hard fault") > known, f"ready\n{self.report()}", limit)
        if ready and "ready" not in self.lines:
            raise AssertionError(f"the board ended, or has a fault, before it was ready\n{self.report()}")
        return self

    def _read(self, process):
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            if self.lines[-1] == "ready":
                self._ready.set()
        self._ready.set()

    def report(self):
        """What the board printed: for the message of a failing test."""
        return "\n".join([f"command: {' '.join(self.command())}", *self.lines, self.errors()])

    def errors(self):
        path = Path(f"{self.directory}.stderr")
        return path.read_text(errors="replace") if path.exists() else ""

    def kill9(self):
        """The power of the whole machine fails, as far as the board can tell."""
        self.process.kill()
        self.process.wait()
        self._reader.join()

    def stop(self):
        """End it as Ctrl-C does; returns its exit status."""
        for stream in self.streams:
            try:
                stream.close()
            except OSError:
                pass
        self.streams = []
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError("the board does not end by SIGINT") from None
        finally:
            self._reader.join()
            self.process.stdout.close()
        self.process = None
        return status

    @property
    def pids(self):
        """All processes of the board."""
        return processes_of(self.process.pid)

    @property
    def mcu_pids(self):
        """The processes that a reset replaces are found by what they map: the MCU has the registers and the flash."""
        found = []
        for pid in self.pids[1:]:
            try:
                maps = Path("/proc", str(pid), "maps").read_text()
            except OSError:
                continue
            if re.search(r"^20000000-", maps, re.M):
                found.append(pid)
        return found

    # ---- wipy ctl, control.sock

    def ctl(self, *arguments, check=True, limit=LIMIT):
        result = wipy("ctl", self.directory, *arguments, limit=limit)
        if check and result.returncode != 0:
            raise AssertionError(f"wipy ctl {' '.join(map(str, arguments))}: {result.returncode}: {result.stderr}\n{self.report()}")
        return result

    def status(self):
        return json.loads(self.ctl("status").stdout)

    def reset(self):
        self.ctl("reset")

    def power(self, state):
        self.ctl("power", state)

    def pin(self, name, *what):
        return self.ctl("pin", name, *what).stdout.strip()

    def led_history(self):
        """[(board_ms, on), ...]"""
        lines = self.ctl("led", "--history").stdout.splitlines()
        return [(int(ms), state == "on") for ms, state in (line.split() for line in lines)]

    def wait_state(self, state, limit=LIMIT):
        return wait_for(lambda: (now := self.status())["state"] == state and now, f"state {state}", limit)

    def control(self, text, limit=LIMIT):
        """Send one line to control.sock; returns the line that answers."""
        with self.control_socket(limit) as sock:
            sock.sendall(text.encode() + b"\n")
            with sock.makefile() as answers:
                return answers.readline()

    def control_socket(self, limit=LIMIT):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(limit)
        folder = os.open(self.directory, os.O_PATH)
        try:
            # By way of the folder's descriptor: a Unix socket's name is at most 107 bytes long, temporary directories can be longer.
            sock.connect(f"/proc/self/fd/{folder}/control.sock")
        finally:
            os.close(folder)
        return sock

    # ---- its network

    def address(self, service):
        host, _, port = self.status()["addresses"][service].rpartition(":")
        return host, int(port)

    def telnet(self, login=True, prompt=True, limit=LIMIT):
        """A telnet session; logged in and at the prompt unless told otherwise."""
        session = Telnet(self.address("telnet"), login, limit)
        self.streams.append(session)
        if login and prompt:
            session.expect(PROMPT, limit)
        return session

    def uart(self):
        session = Uart(self.status()["addresses"]["uart0"])
        self.streams.append(session)
        return session

    def ftp(self, login=True, limit=LIMIT):
        session = ftplib.FTP(encoding="utf-8")
        self.streams.append(session)
        session.connect(*self.address("ftp"), timeout=limit)
        if login:
            session.login(USER, PASSWORD)
        return session

    def ftp_url(self, path="/", login=True):
        host, port = self.address("ftp")
        user = f"{USER}:{PASSWORD}@" if login else ""
        return f"ftp://{user}{host}:{port}{path}"

    def put(self, path, data):
        """Store a file by FTP; returns the final reply."""
        with self.ftp() as ftp:
            return ftp.storbinary(f"STOR {path}", io.BytesIO(data if isinstance(data, bytes) else data.encode()))

    def get(self, path):
        with self.ftp() as ftp:
            return retrieve(ftp, path)

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, *unused):
        self.stop()


def retrieve(ftp, path):
    parts = []
    ftp.retrbinary(f"RETR {path}", parts.append)
    return b"".join(parts)


def store(ftp, path, data):
    return ftp.storbinary(f"STOR {path}", io.BytesIO(data))


def again(item):
    """The command that runs one test again."""
    name = item.nodeid.partition("::")[2]
    test = f"{os.path.relpath(item.path, START)}::{name}"
    place = os.path.relpath(WIPY, START) if WIPY.is_relative_to(START) else WIPY
    seed = f"WIPY_TEST_SEED={os.environ['WIPY_TEST_SEED']} " if "WIPY_TEST_SEED" in os.environ else ""
    return f"{seed}WIPY={place} {sys.executable} -m pytest {shlex.quote(test)}"
