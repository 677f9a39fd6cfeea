"""FTP with the real clients."""

import os

import pytest

from board import PASSWORD, USER, client, retrieve


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


def test_lftp(shared, ftp, folder, local, tmp_path):
    result = client("lftp", "-c", f"""
        set net:max-retries 1; set net:timeout 20; set cmd:fail-exit yes
        open -u {USER},{PASSWORD} {shared.ftp_url(login=False)}
        cd {folder}
        put "{local}" -o "by lftp.bin"
        mkdir sub
        mv "by lftp.bin" sub/moved.bin
        cls -1 sub
        get sub/moved.bin -o {tmp_path}/down
        rm -r sub
        """)
    assert result.returncode == 0, result.stdout
    assert "moved.bin" in result.stdout
    assert (tmp_path / "down").read_bytes() == local.read_bytes()
    assert ftp.nlst() == []


def test_ncftp(shared, ftp, folder, local, tmp_path):
    host, port = shared.address("ftp")
    access = ["-u", USER, "-p", PASSWORD, "-P", str(port)]
    environment = dict(os.environ, HOME=str(tmp_path))
    up = client("ncftpput", *access, host, folder, local, env=environment)
    assert up.returncode == 0, up.stdout
    assert retrieve(ftp, local.name) == local.read_bytes()
    (tmp_path / "got").mkdir()
    down = client("ncftpget", *access, host, tmp_path / "got", f"{folder}/{local.name}", env=environment)
    assert down.returncode == 0, down.stdout
    assert (tmp_path / "got" / local.name).read_bytes() == local.read_bytes()
    names = client("ncftpls", *access, "-1", f"ftp://{host}{folder}/", env=environment)
    assert local.name in names.stdout


def test_tnftp(shared, ftp, folder, local, tmp_path):
    host, port = shared.address("ftp")
    script = f"""open {host} {port}
user {USER} {PASSWORD}
binary
cd "{folder}"
put "{local}" "by tnftp.bin"
get "by tnftp.bin" "{tmp_path}/down"
ls
rename "by tnftp.bin" other
size other
delete other
bye
"""
    result = client("tnftp", "-n", "-v", stdin=None, input=script, env=dict(os.environ, HOME=str(tmp_path)))
    assert (tmp_path / "down").read_bytes() == local.read_bytes(), result.stdout
    assert "by tnftp.bin" in result.stdout
    assert ftp.nlst() == []
