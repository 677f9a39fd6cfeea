"""What else is asked of curl; test_clients.py has what every client can."""

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
