"""FTP clients, each with the same functions. A function that a client does not have is not there, and the matrix shows "–".

    list(folder)                 names in a folder of the board
    up(local, remote)            one file to the board; remote is a path
    down(remote, local)          one file from the board
    resume_up, resume_down       the same, going on where the other side's file ends
    rename(old, new), delete(path), mkdir(path)
    tree_up(local, remote), tree_down(remote, local)    a folder and all that is in it; `remote`, or `local`, is new
    many_up(locals, remote)      files at the same time, four connections, into a folder

A function raises Failed with what the client told its user. `address` is where the server is: the board, or the wire before it."""

import ftplib
import functools
import json
import os
import re
import shutil
import subprocess
import urllib.parse
from pathlib import Path

from board import PASSWORD, ROOT, USER

LIMIT = 60  # seconds that a client may take


class Failed(Exception):
    """The client has said that it failed."""


class Program:
    """A client that is a program. `home` is a folder of its own."""

    active = False

    def __init__(self, address, home):
        self.host, self.port = address
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.environment = {**os.environ, "HOME": str(self.home), "LC_ALL": "C.UTF-8", "TERM": "dumb"}

    def run(self, *command, text=None):
        """Run it to its end; returns what it said."""
        assert shutil.which(command[0]), f"{command[0]} is not installed; `make test` installs it"
        result = subprocess.run(
            list(map(str, command)), input=text, text=True, timeout=LIMIT, env=self.environment, cwd=self.home,
            stdin=subprocess.DEVNULL if text is None else None, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        if result.returncode:
            raise Failed(result.stdout)
        return result.stdout


class Lftp(Program):
    name = "lftp"

    def lftp(self, *commands):
        return self.run("lftp", "-c", "\n".join([
            "set net:max-retries 1", "set net:timeout 20", "set net:reconnect-interval-base 1", "set cmd:fail-exit yes",
            f"open -u {USER},{PASSWORD} ftp://{self.host}:{self.port}", *commands]))

    def list(self, folder):
        return [os.path.basename(line.rstrip("/")) for line in self.lftp(f'cls -1 "{folder}/"').splitlines()]

    def up(self, local, remote):
        self.lftp(f'put "{local}" -o "{remote}"')

    def down(self, remote, local):
        self.lftp(f'get "{remote}" -o "{local}"')

    def resume_up(self, local, remote):
        self.lftp(f'put -c "{local}" -o "{remote}"')

    def resume_down(self, remote, local):
        self.lftp(f'get -c "{remote}" -o "{local}"')

    def rename(self, old, new):
        self.lftp(f'mv "{old}" "{new}"')

    def delete(self, path):
        self.lftp(f'rm "{path}"')

    def mkdir(self, path):
        self.lftp(f'mkdir "{path}"')

    def tree_up(self, local, remote):
        self.lftp(f'mirror -R "{local}" "{remote}"')

    def tree_down(self, remote, local):
        self.lftp(f'mirror "{remote}" "{local}"')

    def many_up(self, files, remote):
        self.lftp(f'mirror -R --parallel=4 "{files[0].parent}" "{remote}"')


class Curl(Program):
    name = "curl"

    def url(self, path):
        return f"ftp://{USER}:{PASSWORD}@{self.host}:{self.port}/%2F{urllib.parse.quote(path[1:])}"

    def curl(self, *arguments):
        return self.run("curl", "-sS", *arguments)

    def list(self, folder):
        return self.curl("-l", self.url(folder + "/")).splitlines()

    def up(self, local, remote):
        self.curl("-T", local, self.url(remote))

    def down(self, remote, local):
        self.curl("-o", local, self.url(remote))

    def resume_up(self, local, remote):
        self.curl("-C", "-", "-T", local, self.url(remote))

    def resume_down(self, remote, local):
        self.curl("-C", "-", "-o", local, self.url(remote))

    def quote(self, *commands):
        self.curl("-o", os.devnull, *(part for command in commands for part in ("-Q", command)), self.url("/"))

    def rename(self, old, new):
        self.quote(f"RNFR {old}", f"RNTO {new}")

    def delete(self, path):
        self.quote(f"DELE {path}")

    def mkdir(self, path):
        self.curl("--ftp-create-dirs", self.url(path + "/"))

    def many_up(self, files, remote):
        self.curl("-Z", "--parallel-max", "4", "--parallel-immediate", "--ftp-create-dirs",
                  *(part for file in files for part in ("-T", file, self.url(f"{remote}/{file.name}"))))


class Wget(Program):
    name = "wget"

    def wget(self, *arguments):
        return self.run("wget", "-nv", "--tries=1", "--timeout=20", *arguments)

    url = Curl.url

    def list(self, folder):
        shutil.rmtree(self.home / "list", ignore_errors=True)
        self.wget("--no-remove-listing", "-P", self.home / "list", "--spider", self.url(folder + "/"))
        lines = (self.home / "list/.listing").read_text().splitlines()
        return [line.split(None, 8)[8] for line in lines]

    def down(self, remote, local):
        self.wget("-O", local, self.url(remote))

    def resume_down(self, remote, local):
        self.wget("-c", "-O", local, self.url(remote))

    def tree_down(self, remote, local):
        self.wget("-r", "-nH", f"--cut-dirs={len(remote.split('/'))}", "-P", local, self.url(remote + "/"))


class Ncftp(Program):
    """Its programs for scripts, and the one with a prompt for what they cannot. No resume_up: `ncftpput -z` of 3.2.6 sends REST and then the whole
    file, whatever the server."""

    name = "ncftp"

    def access(self):
        return ["-u", USER, "-p", PASSWORD, "-P", self.port]

    def prompt(self, *commands):
        opening = f"open -u {USER} -p {PASSWORD} -P {self.port} {self.host}"
        said = self.run("ncftp", text="\n".join([opening, *commands, "quit", ""]))
        if any(word in said for word in ("could not", "failed", "No such", "denied")):
            raise Failed(said)
        return said

    def list(self, folder):
        return self.run("ncftpls", *self.access(), "-1", f"ftp://{self.host}/%2F{urllib.parse.quote(folder[1:])}/").splitlines()

    def up(self, local, remote):
        folder, name = os.path.split(remote)
        same = self.home / "up" / name
        same.parent.mkdir(exist_ok=True)
        shutil.copyfile(local, same)
        self.run("ncftpput", *self.access(), "-Z", "-t", "20", "-r", "1", self.host, folder, same)

    def down(self, remote, local):
        self.run("ncftpget", *self.access(), "-Z", "-t", "20", "-r", "1", "-C", self.host, remote, local)

    def resume_down(self, remote, local):
        self.run("ncftpget", *self.access(), "-z", "-t", "20", "-r", "1", "-C", self.host, remote, local)

    def rename(self, old, new):
        self.prompt(f'rename "{old}" "{new}"')

    def delete(self, path):
        self.prompt(f'rm "{path}"')

    def mkdir(self, path):
        self.prompt(f'mkdir "{path}"')

    def tree_up(self, local, remote):
        folder, name = os.path.split(remote)
        same = self.home / "tree" / name
        shutil.copytree(local, same)
        self.run("ncftpput", *self.access(), "-R", self.host, folder, same)

    def tree_down(self, remote, local):
        self.run("ncftpget", *self.access(), "-R", self.host, self.home, remote)
        shutil.move(self.home / os.path.basename(remote), local)


class Typed(Program):
    """Clients that are driven by what a person would type, and that end with 0 whatever happens: what they say counts."""

    def typed(self, *commands):
        said = self.run(*self.command, text="\n".join(
            [f"open {self.host} {self.port}", f"user {USER} {PASSWORD}", "binary", *commands, "bye", ""]))
        # Each reply is a line of its own: "4xx" and "5xx" are failures. Before the login clients ask for things that need not be there.
        after = said.partition("\n230")[2]
        bad = [line for line in after.splitlines() if line[:1] in ("4", "5") and line[1:3].isdigit() and line[3:4] == " "]
        if not after or bad or "not connected" in said.lower():
            raise Failed(said)
        return after

    def list(self, folder):
        listing = self.home / "listing"
        listing.unlink(missing_ok=True)
        self.typed(f'cd "{folder}"', f'nlist . {listing}')
        return listing.read_text().splitlines()

    def up(self, local, remote):
        self.typed(f'put "{local}" "{remote}"')

    def down(self, remote, local):
        self.typed(f'get "{remote}" "{local}"')

    def resume_up(self, local, remote):
        size = re.search(r"^213 (\d+)", self.typed(f'quote SIZE {remote}'), re.M)[1]
        self.typed(f"restart {size}", f'put "{local}" "{remote}"')

    def resume_down(self, remote, local):
        self.typed(f'reget "{remote}" "{local}"')

    def rename(self, old, new):
        self.typed(f'rename "{old}" "{new}"')

    def delete(self, path):
        self.typed(f'delete "{path}"')

    def mkdir(self, path):
        self.typed(f'mkdir "{path}"')


class Tnftp(Typed):
    name = "tnftp"
    command = ["tnftp", "-n", "-v"]


class Inetutils(Typed):
    """In active mode, which is its default."""

    name = "inetutils-ftp"
    command = ["inetutils-ftp", "-n", "-v"]
    active = True


class Ftplib:
    """Python's module."""

    name = "ftplib"
    active = False

    def __init__(self, address, home):
        self.address = address

    def session(self):
        ftp = ftplib.FTP(encoding="utf-8", timeout=LIMIT)
        ftp.connect(*self.address)
        ftp.login(USER, PASSWORD)
        return ftp

    def act(self, act):
        try:
            with self.session() as ftp:
                return act(ftp)
        except ftplib.all_errors as error:
            raise Failed(str(error)) from error

    def list(self, folder):
        return self.act(lambda ftp: [name for name, facts in ftp.mlsd(folder) if facts["type"] in ("file", "dir")])

    def up(self, local, remote):
        with open(local, "rb") as file:
            self.act(lambda ftp: ftp.storbinary(f"STOR {remote}", file))

    def down(self, remote, local):
        with open(local, "wb") as file:
            self.act(lambda ftp: ftp.retrbinary(f"RETR {remote}", file.write))

    def resume_up(self, local, remote):
        def act(ftp):
            ftp.voidcmd("TYPE I")
            size = ftp.size(remote)
            with open(local, "rb") as file:
                file.seek(size)
                ftp.storbinary(f"STOR {remote}", file, rest=size)

        self.act(act)

    def resume_down(self, remote, local):
        with open(local, "ab") as file:
            self.act(lambda ftp: ftp.retrbinary(f"RETR {remote}", file.write, rest=file.tell()))

    def rename(self, old, new):
        self.act(lambda ftp: ftp.rename(old, new))

    def delete(self, path):
        self.act(lambda ftp: ftp.delete(path))

    def mkdir(self, path):
        self.act(lambda ftp: ftp.mkd(path))


class BasicFtp(Program):
    """The npm package, by clients/npm/basic_ftp.js."""

    name = "basic-ftp"

    def __getattr__(self, name):
        if name not in ("list", "up", "down", "resume_up", "resume_down", "rename", "delete", "mkdir", "tree_up", "tree_down"):
            raise AttributeError(name)

        def act(*arguments):
            self.environment["NODE_PATH"] = npm_packages()
            said = self.run("node", Path(__file__).parent / "npm/basic_ftp.js", self.host, self.port, USER, PASSWORD, name, *arguments)
            return json.loads(said.splitlines()[-1])

        return act


@functools.cache
def npm_packages():
    result = subprocess.run([ROOT / "tools/fetch-npm"], stdout=subprocess.PIPE, text=True, timeout=300, check=True)
    return result.stdout.strip()


CLIENTS = [Lftp, Curl, Wget, Ncftp, Tnftp, Inetutils, Ftplib, BasicFtp]
