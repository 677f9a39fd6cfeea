"""What else is asked of clients; test_clients.py has what every client can."""

import subprocess

import pytest

from board import client, retrieve


@pytest.fixture
def local(tmp_path, seeded):
    """A file for the clients to carry."""
    path = tmp_path / "local file.bin"
    path.write_bytes(seeded.randbytes(150_000))
    return path


def test_curl(shared, ftp, folder, local, tmp_path):
    url = shared.ftp_url(folder + "/")
    up = client("curl", "-sS", "-T", local, url + "by%20curl.bin")
    assert up.returncode == 0, up.stdout
    assert retrieve(ftp, "by curl.bin") == local.read_bytes()
    down = client("curl", "-sS", "-o", tmp_path / "down", url + "by%20curl.bin")
    assert down.returncode == 0, down.stdout
    assert (tmp_path / "down").read_bytes() == local.read_bytes()
    assert client("curl", "-sS", "-l", url).stdout.split("\n") == ["by curl.bin", ""]
    assert "by curl.bin" in client("curl", "-sS", url).stdout
    made = client("curl", "-sS", "--ftp-create-dirs", "-T", local, url + "a/b/c.bin")
    assert made.returncode == 0, made.stdout
    assert ftp.size("a/b/c.bin") == 150_000
    pasv = client("curl", "-sS", "--disable-epsv", "-o", tmp_path / "pasv", url + "a/b/c.bin")
    assert pasv.returncode == 0 and (tmp_path / "pasv").read_bytes() == local.read_bytes()
    assert client("curl", "-sS", url + "missing").returncode == 78
    wrong = client("curl", "-sS", "-u", "micro:wrong", shared.ftp_url("/", login=False))
    assert wrong.returncode == 67


@pytest.mark.parametrize("program", ["inetutils-ftp", "tnftp"])
def test_names_by_pattern(shared, ftp, folder, tmp_path, program):
    """mput, mget, ls and mdelete of *.py; `sunique` overwrites nothing."""
    for name, text in {"one.py": "1", "two.py": "22", "three.txt": "333"}.items():
        (tmp_path / name).write_text(text)
    got = tmp_path / "got"
    got.mkdir()
    host, port = shared.address("ftp")
    commands = [f"open {host} {port}", "user micro python", f"cd {folder}", "binary", "mput *.py", "put three.txt", f"lcd {got}", "mget *.py",
                f"lcd {tmp_path}", "sunique", "put one.py", "nlist *.txt", "mdelete t*.py", "quit"]
    result = subprocess.run([program, "-i", "-n"], cwd=tmp_path, input="\n".join(commands) + "\n", text=True, capture_output=True, timeout=60)
    assert "three.txt" in result.stdout.split() and "one.py" not in result.stdout.split(), result
    assert {path.name: path.read_text() for path in got.iterdir()} == {"one.py": "1", "two.py": "22"}
    names = sorted(ftp.nlst())
    assert [name[:7] for name in names] == ["one.py", "one.py.", "three.t"], names
