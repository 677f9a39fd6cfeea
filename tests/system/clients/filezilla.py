"""The real FileZilla on a virtual display. It is driven by its own files, which are a site manager's entry and a queue that it processes at Ctrl-P,
and by the keys and the click of a person at its window: F2, Delete, Ctrl-A and Alt-Right (as a double click) in the list of a folder. Its log tells what came of it.

A press that comes before FileZilla is ready for it does nothing, so presses are repeated until they have had their effect; where one was
only slow, another does no harm."""

import base64
import contextlib
import os
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path
from xml.sax.saxutils import escape

from board import PASSWORD, USER
from clients.programs import Failed, Program

DOWNLOAD = 16  # flag in the queue
OVERWRITE, RESUME = 1, 5  # when a file exists
TRANSFER, NO_ACTION = 1, 3  # of a double click
CLOSE = 3  # when the queue is done
LIMIT = 100  # seconds, for 1,000 files on a busy machine
PATIENCE = 5  # seconds: then keys are pressed again
SETTINGS = {
    "Update Check": 0, "Greeting version": "99.0.0", "Prompt password save": 0, "Logging": 1, "Reconnect count": 0,
    "Timeout": 20,
}
ENDS = {"Queue completion action": CLOSE}
TAKES = {**ENDS, "Dir doubleclick action": TRANSFER}
STILL = {"File doubleclick action": NO_ACTION, "Dir doubleclick action": NO_ACTION}
PLATFORM = ' platform="unix"'
SERVERS = "host TEXT NOT NULL, port INTEGER, user TEXT, password TEXT, account TEXT, keyfile TEXT, protocol INTEGER, type INTEGER, logontype INTEGER, \
timezone_offset INTEGER, transfer_mode TEXT, max_connections INTEGER, encoding TEXT, bypass_proxy INTEGER, post_login_commands TEXT, name TEXT, \
parameters TEXT, site_path TEXT DEFAULT NULL"
FILES = "server INTEGER NOT NULL, source_file TEXT, target_file TEXT, local_path INTEGER, remote_path INTEGER, size INTEGER, error_count INTEGER, \
priority INTEGER, flags INTEGER, default_exists_action INTEGER, extra_flags TEXT"


def safe_path(path):
    """As FileZilla writes a path of a server."""
    return "1 0" + "".join(f" {len(part)} {part}" for part in path.strip("/").split("/") if part)


def typed(text):
    return "type", "--args", "1", text


class Display:
    """A virtual display, one for all. It stays as it is when the last program has left: who comes while it starts anew is turned away."""

    process = name = None

    @classmethod
    def start(cls):
        if cls.process is None:
            read, write = os.pipe()
            cls.process = subprocess.Popen(
                ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-noreset"], pass_fds=[write],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            os.close(write)
            with os.fdopen(read) as file:
                cls.name = f":{int(file.readline())}"
        return cls.name

    @classmethod
    def stop(cls):
        if cls.process:
            cls.process.kill()
            cls.process.wait()
            cls.process = None


class FileZilla(Program):
    """As quick connect leaves it: FTP with TLS if there is any, as many connections as it likes."""

    name = "FileZilla"
    protocol, connections = 0, 0
    transfers = 2

    def write_settings(self, exists=OVERWRITE, **more):
        folder = self.home / ".config/filezilla"
        folder.mkdir(parents=True, exist_ok=True)
        self.log = self.home / "log"
        self.log.unlink(missing_ok=True)
        settings = {**SETTINGS, "Logging file": self.log, "Number of Transfers": self.transfers,
                    "File exists action upload": exists, "File exists action download": exists, **more}
        (folder / "filezilla.xml").write_text('<?xml version="1.0"?>\n<FileZilla3><Settings>' + "".join(
            f'<Setting name="{name}"{PLATFORM if name == "Logging file" else ""}>{escape(str(value))}</Setting>' for name, value in settings.items()) + "</Settings></FileZilla3>")
        (folder / "trustedcerts.xml").write_text(
            f'<?xml version="1.0"?>\n<FileZilla3><InsecureHosts><Host Port="{self.port}">{self.host}</Host></InsecureHosts></FileZilla3>')
        for queue in folder.glob("queue.sqlite3*"):
            queue.unlink()
        return folder

    def write_site(self, folder, remote):
        password = base64.b64encode(PASSWORD.encode()).decode()
        (folder / "sitemanager.xml").write_text(f"""<?xml version="1.0"?>
<FileZilla3><Servers><Server><Host>{self.host}</Host><Port>{self.port}</Port><Protocol>{self.protocol}</Protocol><Type>0</Type><User>{USER}</User>
<Pass encoding="base64">{password}</Pass><Logontype>1</Logontype><PasvMode>MODE_DEFAULT</PasvMode>
<MaximumMultipleConnections>{self.connections}</MaximumMultipleConnections><EncodingType>Auto</EncodingType><BypassProxy>0</BypassProxy>
<Name>wipy</Name><RemoteDir>{escape(safe_path(remote))}</RemoteDir></Server></Servers></FileZilla3>""")

    def write_queue(self, folder, transfers):
        queue = sqlite3.connect(folder / "queue.sqlite3")
        for table, columns in (("servers", SERVERS), ("files", FILES), ("local_paths", "path TEXT NOT NULL"), ("remote_paths", "path TEXT NOT NULL")):
            queue.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {columns})")
        queue.execute("PRAGMA user_version = 7")
        queue.execute("INSERT INTO servers VALUES (1, ?, ?, ?, ?, '', '', ?, 0, 1, 0, 'MODE_DEFAULT', ?, 'Auto', 0, '', 'wipy', '', '0/wipy')",
                      (self.host, self.port, USER, PASSWORD, self.protocol, self.connections))
        for number, (is_download, local, remote) in enumerate(transfers, 1):
            local, (there, name) = Path(local), os.path.split(remote)
            queue.execute("INSERT INTO local_paths VALUES (?, ?)", (number, f"{local.parent}/"))
            queue.execute("INSERT INTO remote_paths VALUES (?, ?)", (number, safe_path(there)))
            size = local.stat().st_size if not is_download else -1
            source, target = (name, local.name) if is_download else (local.name, name)
            queue.execute("INSERT INTO files VALUES (?, 1, ?, ?, ?, ?, ?, 0, 2, ?, 0, '')",
                          (number, source, target if target != source else None, number, number, size, DOWNLOAD if is_download else 0))
        queue.commit()
        queue.close()

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def site(self, folder):
        """What connects it, and shows a folder."""
        return [f"ftp://{USER}:{PASSWORD}@{self.host}:{self.port}{folder}"]

    @contextlib.contextmanager
    def started(self, *arguments):
        self.environment["DISPLAY"] = Display.start()
        self.environment.pop("XDG_CONFIG_HOME", None)
        with open(self.home / "output", "w") as output:
            self.process = subprocess.Popen(["filezilla", *arguments], env=self.environment, cwd=self.home, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            yield
        finally:
            self.process.kill()
            self.process.wait()

    def xdotool(self, *command):
        return subprocess.run(["xdotool", *command], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=LIMIT).stdout

    def windows(self, title):
        return self.xdotool("search", "--onlyvisible", "--name", title).split()

    def until(self, sign, *presses, title="FileZilla$"):
        """Wait for a sign in its log, or for what a function finds; meanwhile press in a window."""
        found = (lambda: sign in self.said()) if isinstance(sign, str) else sign
        end, pressed = time.monotonic() + LIMIT, -PATIENCE
        while not found():
            assert not self.ended() and time.monotonic() < end, f"FileZilla does not do it:\n{self.said()}"
            if presses and time.monotonic() - pressed >= PATIENCE and (windows := self.windows(title)):
                self.xdotool("windowfocus", "--sync", windows[0], *presses)
                pressed = time.monotonic()
            time.sleep(0.1)

    def ended(self):
        return self.process.poll() is not None

    def transfer(self, transfers, exists=OVERWRITE):
        folder = self.write_settings(exists, **ENDS)
        self.write_queue(folder, transfers)
        with self.started():
            self.until(lambda: self.said() or self.ended(), "key", "ctrl+p")
            self.until(self.ended)
        if self.said().count("File transfer successful") < len(transfers):
            raise Failed(self.said())

    @contextlib.contextmanager
    def opened(self, remote, local, **settings):
        """It shows a folder of the board beside one of here. Yields what puts the focus to the upper end of the list."""
        self.write_site(self.write_settings(**settings), remote)
        with self.started("--local", str(local), *self.site(remote)):
            self.until(lambda: " successful" in self.said() or "Failed to retrieve directory listing" in self.said())
            if f'Directory listing of "{remote}" successful' not in self.said():
                raise Failed(self.said())
            geometry = dict(line.split("=") for line in self.xdotool("getwindowgeometry", "--shell", self.windows("FileZilla$")[0]).split())
            x, y = (int(geometry[at]) + int(geometry[size]) * part // 100 for at, size, part in (("X", "WIDTH", 75), ("Y", "HEIGHT", 70)))
            yield ["mousemove", str(x), str(y), "click", "1", "key", "Home"]

    def tree_down(self, remote, local):
        """All that is in the folder."""
        Path(local).mkdir(exist_ok=True)
        with self.opened(remote, local, **TAKES) as focus:
            self.until(lambda: "Starting download" in self.said() or self.ended(), *focus, "ctrl+a", "alt+Right")
            self.until(self.ended)
        if "File transfer failed" in self.said():
            raise Failed(self.said())

    def list(self, folder):
        """The names are only in its window: so it takes all that it lists, and they are here."""
        with tempfile.TemporaryDirectory(dir=self.home) as local:
            self.tree_down(folder, local)
            return os.listdir(local)

    def rename(self, old, new):
        folder, name = os.path.split(old)
        with self.opened(folder, self.home, **STILL) as focus:
            self.until("RNTO", *focus, *typed(name), "key", "F2", "ctrl+a", *typed(new), "key", "Return")
            self.until_done("RNTO")

    def delete(self, path):
        folder, name = os.path.split(path)
        question = "Confirmation needed"
        with self.opened(folder, self.home, **STILL) as focus:
            self.until(lambda: self.windows(question), *focus, *typed(name), "key", "Delete")
            self.until("DELE", "key", "Return", title=question)
            self.until_done("DELE")

    def until_done(self, command):
        """Wait for the reply."""
        self.until(lambda: "Response:" in self.said().rpartition(command)[2])
        if "Response: 250" not in self.said().rpartition(command)[2]:
            raise Failed(self.said())

    def up(self, local, remote):
        self.transfer([(False, local, remote)])

    def down(self, remote, local):
        self.transfer([(True, local, remote)])

    def resume_up(self, local, remote):
        self.transfer([(False, local, remote)], RESUME)

    def resume_down(self, remote, local):
        self.transfer([(True, local, remote)], RESUME)

    def tree_up(self, local, remote):
        self.transfer([(False, path, f"{remote}/{path.relative_to(local)}") for path in sorted(local.rglob("*")) if path.is_file()])

    def many_up(self, files, remote):
        self.transfers = 4
        self.transfer([(False, file, f"{remote}/{file.name}") for file in files])

    def mkdir(self, path):
        """On the way of a file into it."""
        file = self.home / "file"
        file.touch()
        self.transfer([(False, file, f"{path}/file")])


class FileZillaPlain(FileZilla):
    """As the manual of the WiPy has it: a site with plain FTP and one connection."""

    name = "FileZilla-1"
    protocol, connections = 6, 1

    def site(self, folder):
        return ["--site", "0/wipy"]

    many_up = None
