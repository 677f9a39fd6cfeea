"""The real FileZilla on a virtual display. It is driven by its own files: a site manager's entry to connect to, and a queue, which it processes at
Ctrl-P. Its log tells what came of it. Not done: what needs the mouse in its windows, which is rename, delete, and whole folders down."""

import base64
import os
import sqlite3
import subprocess
import time
from pathlib import Path
from xml.sax.saxutils import escape

from board import PASSWORD, USER, wait_for
from clients.programs import LIMIT, Failed, Program

DOWNLOAD = 16  # flag in the queue
OVERWRITE, RESUME = 1, 5  # when a file exists
SETTINGS = {
    "Update Check": 0, "Greeting version": "99.0.0", "Prompt password save": 0, "Logging": 1, "Reconnect count": 0,
    "Timeout": 20,
}
PLATFORM = ' platform="unix"'
SERVERS = "host TEXT NOT NULL, port INTEGER, user TEXT, password TEXT, account TEXT, keyfile TEXT, protocol INTEGER, type INTEGER, logontype INTEGER, \
timezone_offset INTEGER, transfer_mode TEXT, max_connections INTEGER, encoding TEXT, bypass_proxy INTEGER, post_login_commands TEXT, name TEXT, \
parameters TEXT, site_path TEXT DEFAULT NULL"
FILES = "server INTEGER NOT NULL, source_file TEXT, target_file TEXT, local_path INTEGER, remote_path INTEGER, size INTEGER, error_count INTEGER, \
priority INTEGER, flags INTEGER, default_exists_action INTEGER, extra_flags TEXT"


def safe_path(path):
    """As FileZilla writes a path of a server."""
    return "1 0" + "".join(f" {len(part)} {part}" for part in path.strip("/").split("/") if part)


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
    untried = {"rename", "delete", "tree_down"}

    def write_settings(self, exists):
        folder = self.home / ".config/filezilla"
        folder.mkdir(parents=True, exist_ok=True)
        self.log = self.home / "log"
        self.log.unlink(missing_ok=True)
        settings = {**SETTINGS, "Logging file": self.log, "Number of Transfers": self.transfers,
                    "File exists action upload": exists, "File exists action download": exists}
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

    def until(self, arguments, done, keys=()):
        """Run it until its log is `done`; returns the log."""
        environment = {**self.environment, "DISPLAY": Display.start()}
        environment.pop("XDG_CONFIG_HOME", None)

        def xdotool(*command):
            return subprocess.run(["xdotool", *command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout

        with open(self.home / "output", "w") as output:
            process = subprocess.Popen(["filezilla", *arguments], env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            window = wait_for(lambda: xdotool("search", "--onlyvisible", "--name", "FileZilla$").split() or self.said(), "FileZilla's window")
            end = time.monotonic() + LIMIT
            while not done(self.said()):
                assert process.poll() is None and time.monotonic() < end, f"FileZilla does not do it:\n{self.said()}"
                if keys and not self.said():
                    xdotool("windowfocus", "--sync", window[0], "key", *keys)
                time.sleep(0.2)
        finally:
            process.kill()
            process.wait()
        return self.said()

    def transfer(self, transfers, exists=OVERWRITE):
        folder = self.write_settings(exists)
        self.write_site(folder, "/")
        self.write_queue(folder, transfers)
        ends = "File transfer successful", "File transfer failed", "Critical file transfer error", "File transfer skipped"
        said = self.until([], lambda said: sum(map(said.count, ends)) >= len(transfers), ["ctrl+p"])
        if said.count(ends[0]) < len(transfers):
            raise Failed(said)

    def opens(self, folder):
        """Show a folder in its window; its log says whether it has understood the listing, the names are only in the window."""
        self.write_site(self.write_settings(OVERWRITE), folder)
        ends = f'Directory listing of "{folder}" successful', "Failed to retrieve directory listing"
        said = self.until(["-c", "0/wipy"], lambda said: any(end in said for end in ends))
        if ends[0] not in said:
            raise Failed(said)

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

    many_up = None
