"""`wipy join`: real programs as on a computer that has joined a WiPy's network; what is refused, how it ends, DHCP clients of others."""

import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from board import WIPY, Board, alive, client, no_namespaces, processes_of, wait_for, wipy
from conftest import _end
from stream import LIMIT, Client, pattern

KEY = "www.wipy.io"
ADDRESS = "192.168.1.1"
USER = "nobody"  # an ordinary one
AS_USER = ["setpriv", "--reuid", USER, "--clear-groups", "--regid", str(pwd.getpwnam(USER).pw_gid)]


FORBIDDEN = no_namespaces()
needs_namespaces = pytest.mark.skipif(FORBIDDEN is not None, reason=str(FORBIDDEN))


# The link messages of the kernel: a header of 16 bytes, 8 of others, the flags.
WATCH = """
import socket, struct
link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
link.bind((0, 1))
print("begun", flush=True)
before = None
while True:
    now = "up" if struct.unpack_from("I", link.recv(65536), 24)[0] & 0x10000 else "down"
    if now != before:
        print(now, flush=True)
    before = now
"""


class Network:
    """The network of a board, seen by who wants to join it; `before`: commands that make somebody else of us."""

    def __init__(self, directory, before=(), program=WIPY):
        self.before = list(before)
        self.program = str(program)
        self.place = str(directory / "air")
        self.board = Board(directory / "wipy", "--air", self.place)
        command = self.board.command
        self.board.command = lambda: [*self.before, self.program, *command()[1:]]
        self.started = []
        self.board.start()
        self.ssid = self.board.status()["wlan"]["ssid"]

    def end(self):
        for process in self.started:
            process.kill()
            process.communicate()
        _end([self.board])

    def command(self, *command, key=KEY, options=(), ssid=None):
        keys = ["--key", key] if key else []
        inner = ["--", *map(str, command)] if command else []
        return [*self.before, self.program, "join", ssid or self.ssid, *keys, "--air", self.place, *options, *inner]

    def join(self, *command, limit=60, **options):
        """Run a command inside to its end; its output and errors are apart."""
        return subprocess.run(
            self.command(*command, **options), timeout=limit, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def start(self, line, begin="echo begun", **options):
        """Start a shell line inside; it runs when this returns, and its output can be read."""
        process = subprocess.Popen(
            self.command("sh", "-c", f"{begin}\n{line}", **options), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.started.append(process)
        assert process.stdout.readline() == "begun\n", process.stdout.read()
        return process

    def watch(self, line):
        """The same with a line `up` or `down` whenever wlan0's carrier comes or goes; the shell line runs when it gets a line."""
        return self.start(f"read go; {line}", begin=f"{sys.executable} -c '{WATCH}' &")

    def inside(self, *command, **options):
        """The output of a command that must succeed."""
        result = self.join(*command, **options)
        assert result.returncode == 0, (result.args, result.returncode, result.stdout, result.stderr)
        return result.stdout


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Network(tmp_path_factory.mktemp("join"))
    yield network
    network.end()


@pytest.fixture
def own_network(tmp_path):
    network = Network(tmp_path)
    yield network
    network.end()


TUN_FOR_ALL = 'mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec "$@"'


@pytest.fixture
def users_network():
    """All of it as an ordinary user. Where udev has not made /dev/net/tun for everybody, as it does on every Debian, we do, out of sight of others."""
    if os.geteuid() != 0:
        pytest.skip("the other tests run as an ordinary user")
    before = list(AS_USER)
    if not os.stat("/dev/net/tun").st_mode & stat.S_IWOTH:
        before = ["unshare", "-m", "sh", "-c", TUN_FOR_ALL, "sh", *before]
    home = Path(tempfile.mkdtemp(prefix="wipy-join-"))
    try:
        shutil.copy(WIPY, home / "program")
        os.chown(home, pwd.getpwnam(USER).pw_uid, -1)
        network = Network(home, before, home / "program")
        yield network
        network.end()
    finally:
        shutil.rmtree(home)


def log_in(network, *command, password=b"python"):
    session = Client(*network.command(*command))
    session.expect(b"Login as: ")
    session.send(b"micro\r")
    session.expect(b"Password: ")
    wait_for(session.hides, "the terminal hides the password")
    session.send(password + b"\r")
    return session


def hang_up(session):
    """As a person does. A killed program says no word to the WiPy, which then takes its time to see that nobody is there."""
    session.send(b"\x1d")
    session.expect(b"telnet> ")
    session.send(b"quit\r")
    session.expect_end()


# ---- the first two sections of the manual


@needs_namespaces
def test_telnet_as_the_manual_says(network):
    with log_in(network, "telnet", ADDRESS) as session:
        session.expect(b"Login succeeded!")
        session.expect(b">>> ")
        assert session.python("6 * 7") == "42"
        assert session.python("import os; os.listdir('/')") == "['flash']"
        hang_up(session)


# Most of the output waits in the board: the kernel takes little of it. Nothing is read for longer than the board waits for a client that it has let go of (2 s).
READS_LATE = '''
import socket, sys, time
with socket.socket() as sock:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    sock.connect((sys.argv[1], 23))
    sock.sendall(b"micro\\npython\\nprint('m' * 25000 + 'end')\\n")
    sock.shutdown(socket.SHUT_WR)
    time.sleep(4)
    seen = b""
    while data := sock.recv(65536):
        seen += data
print(seen[-9:])
'''


@needs_namespaces
def test_half_closed_telnet_client_reads_late(network):
    assert network.inside(sys.executable, "-c", READS_LATE, ADDRESS) == "b'end\\r\\n>>> '\n"


@needs_namespaces
def test_ftp_as_the_manual_says(network):
    url = f"ftp://micro:python@{ADDRESS}"
    assert network.inside("curl", "-s", "--list-only", f"{url}/flash/").split() == ["boot.py", "cert", "lib", "main.py", "sys"]
    result = network.inside("sh", "-c", f"echo 'x = 1' | curl -s -T - {url}/flash/one.py && curl -s {url}/flash/one.py")
    assert result == "x = 1\n"
    assert network.board.get("/flash/one.py") == b"x = 1\n"
    script = f"set net:max-retries 1; open {url}; cd flash; mv one.py two.py; cat two.py; rm two.py; nlist"
    assert "x = 1" in network.inside("lftp", "-c", script)


@needs_namespaces
def test_ping_and_nothing_else(network):
    assert "1 received" in network.inside("ping", "-c", "1", ADDRESS)
    devices = network.inside("ip", "-br", "addr")
    assert re.fullmatch(r"lo +UNKNOWN +127\.0\.0\.1/8 .*\nwlan0 +UP +192\.168\.1\.\d+/24.*\n", devices), devices
    assert network.inside("ip", "route", "show", "default").split() == ["default", "via", ADDRESS, "dev", "wlan0"]
    assert network.inside("ls", "/sys/class/net").split() == ["lo", "wlan0"]
    assert network.inside("cat", "/etc/resolv.conf") == f"nameserver {ADDRESS}\n"
    mac = re.search(r"link/ether (\S+)", network.inside("ip", "link", "show", "wlan0"))[1]
    assert int(mac[:2], 16) & 3 == 2, "a locally administered address of one station"
    port = network.board.address("telnet")[1]
    assert network.join("curl", "-s", f"telnet://127.0.0.1:{port}").returncode == 7, "the machine's loopback is another one"


# ---- refused


@needs_namespaces
def test_wrong_key(network):
    result = network.join("echo", "inside", key="www.wipy.com")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"wipy join: {network.ssid} refuses: the key is wrong\n"
    result = network.join("echo", "inside", key=None)
    assert (result.returncode, result.stdout) == (1, "") and "--key KEY" in result.stderr


@needs_namespaces
def test_wrong_ssid(network):
    for options in ({"ssid": "wipy-wlan-none"}, {"ssid": "wipy-wlan-none", "options": ["--bssid", "02:00:00:00:00:01"]}):
        result = network.join("echo", "inside", **options)
        assert (result.returncode, result.stdout) == (1, "")
        waits, why = result.stderr.splitlines()
        assert waits == f"wipy join: waiting for the network wipy-wlan-none in the air {network.place}"
        assert re.fullmatch(rf"wipy join: there is no network wipy-wlan-none in range; `wipy air {network.place}` .*", why)


@needs_namespaces
def test_another_access_point(network):
    bssid, mac = "02:00:00:00:00:01", network.board.status()["wlan"]["mac"]
    result = network.join("echo", "inside", options=["--bssid", bssid])
    assert (result.returncode, result.stdout) == (1, "")
    why = f"the network {network.ssid} is in range, but without {bssid}: it has {mac}"
    assert result.stderr.splitlines()[1:] == [f"wipy join: {why}"]
    assert network.join("true", options=["--bssid", mac]).returncode == 0


@needs_namespaces
def test_others_with_the_same_name(own_network):
    """An open network, and one with another key, both before the true one."""
    other = Board(Path(own_network.place).parent / "other", "--air", own_network.place, "--no-laptop")
    other.start().stop()
    (other.directory / "board.json").write_text('{"mac": "d4:f5:13:00:00:00"}\n')
    with other:
        uart = other.uart()
        uart.prompt()
        for security in ("None", "(WLAN.WPA2, 'another key')"):
            uart.run(f"from network import WLAN\nWLAN().init(WLAN.AP, ssid={own_network.ssid!r}, auth={security})")
            assert "ttl" in own_network.inside("ping", "-c", "1", ADDRESS)
        own_network.board.power("off")
        uart.run(f"WLAN().init(WLAN.AP, ssid={own_network.ssid!r}, auth=None)")
        result = own_network.join("echo", "inside")
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == f"wipy join: {own_network.ssid} is open: leave out --key\n"
        assert own_network.inside("echo", "inside", key=None) == "inside\n"


@needs_namespaces
def test_wrong_password(network):
    with log_in(network, "telnet", ADDRESS, password=b"pascal") as session:
        session.expect(b"Invalid credentials, try again.")
        hang_up(session)
    result = network.join("curl", "-sS", f"ftp://micro:pascal@{ADDRESS}/")
    assert result.returncode == 67 and "Access denied: 530" in result.stderr


@needs_namespaces
def test_names_fail_at_once(network):
    """A WiPy answers no DNS, and says so."""
    name = network.ssid.replace("-wlan", "") + ".local"
    ask = f"import socket\ntry: socket.getaddrinfo('{name}', 23)\nexcept socket.gaierror: print('none')"
    assert network.inside("timeout", "3", sys.executable, "-c", ask) == "none\n"  # a resolver that is not answered takes 5 s


@needs_namespaces
def test_another_address_of_the_board(own_network):
    uart = own_network.board.uart()
    uart.prompt()
    uart.run("import network; network.WLAN().ifconfig(('10.1.1.1', '255.255.255.0', '10.1.1.1', '10.1.1.1'))")
    assert "10.1.1." in own_network.inside("ip", "-br", "addr", "show", "wlan0")


def test_no_user_namespaces(network):
    """Root of a namespace may forbid them in there."""
    if FORBIDDEN:
        result = network.join("true")
    else:
        line = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
        result = client("unshare", "-Ur", "sh", "-c", line, "sh", *network.command("echo", "inside"))
    said = result.stdout + (result.stderr or "")
    assert result.returncode == 1 and "inside\n" not in said
    assert "wipy join: this machine allows no user namespaces" in said and "as root" in said


@needs_namespaces
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hide /dev/net/tun for the test")
@pytest.mark.parametrize("make, words", [("true", "modprobe tun"), ("mknod -m 0 /dev/net/tun c 10 200", "chmod 666 /dev/net/tun")])
def test_no_tun(network, make, words):
    line = f'mount -t tmpfs none /dev/net && {make} && exec "$@"'
    command = network.command("echo", "inside")
    if "mknod" in make:  # root may open it in spite of all: as somebody else, who has an air of his own
        command = [*AS_USER, "./program", "join", network.ssid, "--key", KEY, "--", "echo", "inside"]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        shutil.copy(WIPY, Path(folder, "program"))
        result = client("unshare", "-m", "sh", "-c", line, "sh", *command, cwd=folder)
    assert result.returncode == 1 and result.stdout.startswith("wipy join: /dev/net/tun") and words in result.stdout


def test_wrong_usage():
    for arguments in ([], ["--", "ssid"], ["--key", "12345678", "--", "command"], ["x" * 33], ["ssid", "command"], ["ssid", "--key", "k" * 65], ["ssid", "--bssid", "here"], ["ssid", "--fast"]):
        result = wipy("join", *arguments)
        assert result.returncode == 2 and "`wipy help join`" in result.stderr, arguments


@pytest.mark.parametrize("key", ["", "short", "7654321", "k" * 64])
def test_a_key_that_cannot_be(tmp_path, key):
    result = wipy("join", "anywhere", "--air", tmp_path / "air", "--key", key, "--", "true")
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == "wipy join: --key: a WPA2 key has 8 to 63 characters (WEP: 5 to 26)"


@needs_namespaces
def test_a_short_key_of_wep(own_network):
    uart = own_network.board.uart()
    uart.prompt()
    uart.run(f"import network; network.WLAN().init(network.WLAN.AP, ssid='{own_network.ssid}', auth=(network.WLAN.WEP, '12345'))")
    assert own_network.join("true", key="12345").returncode == 0
    assert own_network.join("true", key="54321").stderr.endswith("the key is wrong\n")


# ---- how it ends


@needs_namespaces
def test_exit_status(network):
    assert network.join("sh", "-c", "exit 7").returncode == 7
    assert network.join("sh", "-c", "kill -SEGV $$").returncode == 128 + signal.SIGSEGV
    result = network.join("no-such-program")
    assert (result.returncode, result.stderr) == (127, "wipy join: no-such-program: No such file or directory\n")
    assert network.join("/").returncode == 126


@needs_namespaces
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_reach_the_command(network, number):
    process = network.start("while :; do sleep 0.05; done", begin="trap 'echo caught; exit 3' TERM HUP INT; echo begun")
    process.send_signal(number)
    assert process.communicate(timeout=LIMIT)[0] == "caught\n" and process.returncode == 3


@needs_namespaces
def test_we_are_filtered_and_the_command_is_not(network):
    process = network.start("grep Seccomp: /proc/self/status; read line")
    assert process.stdout.readline().split() == ["Seccomp:", "0"]
    assert "Seccomp:\t2\n" in Path("/proc", str(process.pid), "status").read_text()
    process.communicate("\n", timeout=LIMIT)


@needs_namespaces
@pytest.mark.parametrize("how", ["its end", "kill -9"])
def test_nothing_is_left_behind(network, how):
    process = network.start("sleep 1000 & setsid sleep 1000 & echo started; read line")
    assert process.stdout.readline() == "started\n"
    pids = wait_for(lambda: len(pids := processes_of(process.pid)) >= 5 and pids, "all of them")
    if how == "kill -9":
        process.kill()
    process.communicate("\n", timeout=LIMIT)
    wait_for(lambda: not any(map(alive, pids)), "the end of all of them")


@needs_namespaces
def test_a_shell_with_job_control(network):
    """The user's shell, in a terminal: jobs stop and go on, Ctrl-C ends one, the shell stays; its exit status comes out."""
    command = ["env", "SHELL=/bin/bash", "HOME=/nonexistent", *network.command()]
    with Client(*command) as session:
        session.expect(pattern("[$#] "))
        session.send(b"PS1='in''side$ '; sleep 1000\r")
        sleep = wait_for(lambda: next((pid for pid in processes_of(session.pid) if "sleep\x001000" in cmdline(pid)), None), "it sleeps")
        session.send(b"\x1a")
        session.expect(b"Stopped")
        session.expect(b"inside$ ")
        session.send(b"jobs; fg\r")
        session.expect(pattern(r"Stopped +sleep 1000.*sleep 1000"))
        wait_for(lambda: in_foreground(sleep), "its turn: bash says so before")
        session.send(b"\x03")
        session.expect(b"inside$ ")
        session.send(f"ping -c 1 {ADDRESS} | grep -c ' from {ADDRESS}'; exit 9\r".encode())
        session.expect(pattern(r"(\n|^)1\r\n"))
        session.expect_end()
        assert os.waitstatus_to_exitcode(os.waitid(os.P_PID, session.pid, os.WEXITED | os.WNOWAIT).si_status << 8) == 9


def cmdline(pid):
    try:
        return Path("/proc", str(pid), "cmdline").read_text()
    except OSError:
        return ""


def in_foreground(pid):
    state, _, group, _, _, foreground = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[:6]
    return state != "T" and group == foreground


@needs_namespaces
def test_a_shell_that_stops_us(network):
    """Ctrl-Z at a program that is no shell stops it and us; the shell outside brings us back, and the network with us."""
    with Client("bash", "--norc", "-i") as shell:
        shell.send(b"PS1='out''side$ '\r")
        shell.expect(b"outside$ ")
        line = " ".join(f"'{part}'" for part in network.command("ping", "-i", "0.2", ADDRESS))
        shell.send(line.encode() + b"\r")
        shell.expect(b"icmp_seq=2")
        shell.send(b"\x1a")
        shell.expect(b"Stopped")
        shell.send(b"fg\r")
        shell.expect(b"64 bytes from")
        shell.expect(b"64 bytes from")
        shell.send(b"\x03")
        shell.expect(b"packets transmitted")
        shell.send(b"echo status $?\r")
        shell.expect(b"status 0")


# ---- the link


@needs_namespaces
def test_the_board_is_reset_in_the_middle(own_network):
    process = own_network.watch(f"curl -sS --list-only ftp://micro:python@{ADDRESS}/flash/")
    own_network.board.reset()
    assert [process.stdout.readline() for _ in range(2)] == ["down\n", "up\n"]
    output = process.communicate("\n", timeout=LIMIT)[0]
    assert process.returncode == 0 and "boot.py" in output


@needs_namespaces
def test_a_key_that_changes(own_network):
    process = own_network.watch(f"ping -c 1 {ADDRESS}")
    uart = own_network.board.uart()
    uart.prompt()
    uart.run(f"import network; network.WLAN().init(network.WLAN.AP, ssid='{own_network.ssid}', auth=(network.WLAN.WPA2, 'another key'))")
    assert process.stdout.readline() == "down\n"
    wait_for(lambda: own_network.join("true").stderr.endswith("the key is wrong\n"), "the old key is wrong")
    assert own_network.join("true", key="another key").returncode == 0
    own_network.board.reset()  # which brings the factory's key back
    assert process.stdout.readline() == "up\n"
    output = process.communicate("\n", timeout=LIMIT)[0]
    assert "1 received" in output


@needs_namespaces
def test_a_bad_air(own_network):
    """5 % loss and 50 ms each way: the lease comes, and an upload arrives as it was."""
    wipy("air", own_network.place, "set", "loss=5%", "delay=25ms", check=True)
    data = os.urandom(50_000)
    source = own_network.board.directory / "data"
    source.write_bytes(data)
    own_network.inside("curl", "-sS", "-T", source, f"ftp://micro:python@{ADDRESS}/flash/data", limit=100)
    wipy("air", own_network.place, "set", "clear", check=True)
    assert own_network.board.get("/flash/data") == data


# ---- DHCP clients of others


def leased(output):
    found = re.findall(r"(?:lease of|bound to) (192\.168\.1\.\d+)", output)
    assert found, output
    return found[-1]


DHCLIENT = "dhclient -1 -v -lf {0}/leases -pf {0}/pid wlan0"


with_and_without_ours = pytest.mark.parametrize("options", [[], ["--no-dhcp"]])


@needs_namespaces
@with_and_without_ours
def test_udhcpc(network, options):
    line = "udhcpc -f -q -n -i wlan0 2>&1; ip -br -4 addr show wlan0; cat /etc/resolv.conf; ping -c 1 192.168.1.1"
    output = network.inside("sh", "-c", line, options=options)
    assert f"{leased(output)}/24" in output and f"nameserver {ADDRESS}" in output and "1 received" in output


@needs_namespaces
@with_and_without_ours
def test_dhclient(network, tmp_path, options):
    (tmp_path / "leases").touch()
    line = f"{DHCLIENT.format(tmp_path)} 2>&1; ip -br -4 addr show wlan0; cat /etc/resolv.conf; ping -c 1 192.168.1.1"
    output = network.inside("sh", "-c", line, options=options)
    assert f"{leased(output)}/24" in output and f"nameserver {ADDRESS}" in output and "1 received" in output


@needs_namespaces
def test_the_machines_resolv_conf_stays(network):
    before = Path("/etc/resolv.conf").read_bytes()
    network.inside("sh", "-c", "echo nonsense > /etc/resolv.conf")
    assert Path("/etc/resolv.conf").read_bytes() == before


@needs_namespaces
def test_a_full_pool(own_network, tmp_path):
    """Clients take all addresses: the next one is refused. One gives its address back: the next one gets just that."""
    flood = Path(__file__).with_name("dhcp_clients.py")
    output = own_network.inside(sys.executable, flood, "take", 252, options=["--no-dhcp"])
    assert sorted(int(address.rpartition(".")[2]) for address in output.split()) == list(range(3, 255)), "the laptop has .2"
    waiting = subprocess.Popen(own_network.command("true"), stderr=subprocess.PIPE, text=True)
    udhcpc = "udhcpc -f -q -n -t 2 -T 1 -i wlan0 2>&1"
    result = own_network.join("sh", "-c", udhcpc, options=["--no-dhcp"])
    assert result.returncode == 1 and "no lease" in result.stdout
    assert waiting.communicate(timeout=60)[1].splitlines() == [
        f"wipy join: waiting for an address in {own_network.ssid}",
        f"wipy join: {own_network.ssid} gives no address: no DHCP lease within 20 s; perhaps all of its addresses are taken",
    ]
    assert waiting.returncode == 1
    own_network.inside(sys.executable, flood, "release", "192.168.1.77", options=["--no-dhcp"])
    assert leased(own_network.inside("sh", "-c", udhcpc + "; udhcpc -f -q -n -R -i wlan0", options=["--no-dhcp"])) == "192.168.1.77"


@needs_namespaces
def test_we_give_our_lease_back(own_network, tmp_path):
    """With one address left, any number of programs can join one after the other."""
    flood = Path(__file__).with_name("dhcp_clients.py")
    taken = own_network.inside(sys.executable, flood, "take", 251, options=["--no-dhcp"]).split()
    left = {f"192.168.1.{host}" for host in range(3, 255)} - set(taken)
    for _ in range(3):
        assert f"{left.copy().pop()}/24" in own_network.inside("ip", "-br", "-4", "addr", "show", "wlan0")


# ---- users


@needs_namespaces
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change to another user")
def test_root_can_become_others(network):
    """As tcpdump does, which is root no longer than it must be."""
    user = pwd.getpwnam(USER)
    assert network.inside("id", "-u").split() == ["0"]
    assert network.inside(*AS_USER, "sh", "-c", "id -u; id -g; id -G").split() == [str(user.pw_uid), str(user.pw_gid), str(user.pw_gid)]
    assert network.inside("stat", "-c", "%U", "/proc/1").split() == ["root"]


@needs_namespaces
def test_an_ordinary_user(users_network):
    user = pwd.getpwnam(USER)
    output = users_network.inside("sh", "-c", f"id -u; id -g; ping -c 1 {ADDRESS}; ip link set wlan0 mtu 1400; cat /sys/class/net/lo/mtu; ip link show wlan0")
    assert output.splitlines()[:2] == [str(user.pw_uid), str(user.pw_gid)]
    assert "1 received" in output and "mtu 1400" in output
    with log_in(users_network, "telnet", ADDRESS) as session:
        session.expect(b"Login succeeded!")
        hang_up(session)
    assert users_network.join("true", key="wrong key").returncode == 1
    line = "udhcpc -f -q -n -i wlan0 2>&1; ip -br -4 addr show wlan0"
    output = users_network.inside("sh", "-c", line, options=["--no-dhcp"])
    assert f"{leased(output)}/24" in output
