"""What a program is told of its WLAN: by repr(), by irq(), by what connect() raises, and by its own name."""

from board import wait_for
from consoles import FACTORY_KEY, connect, ssid_of


def test_repr_shows_the_settings_but_no_key(pair):
    ap, sta = pair
    ssid = ssid_of(ap)
    assert ap.value("repr(wlan)") == f"WLAN(mode=WLAN.AP, ssid={ssid!r}, auth=(WLAN.WPA2, ...), channel=5)"
    ap.run("wlan.init(ssid=b'it\\'s \\xff', auth=None, channel=11)")
    assert ap.value("repr(wlan)") == "WLAN(mode=WLAN.AP, ssid=b\"it's \\xff\", auth=None, channel=11)"
    assert ap.value("wlan.ssid()") == b"it's \xff"
    ap.run(f"wlan.init(ssid={ssid!r}, auth=(WLAN.WPA2, {FACTORY_KEY!r}))")

    sta.run("wlan.mode(WLAN.STA)")
    assert sta.value("repr(wlan)") == "WLAN(mode=WLAN.STA)"
    connect(pair)
    assert sta.value("str(wlan)") == f"WLAN(mode=WLAN.STA, ssid={ssid!r}, auth=(WLAN.WPA2, ...))"
    sta.run("wlan.disconnect()")
    assert sta.value("repr(wlan)") == "WLAN(mode=WLAN.STA)"


def test_a_key_need_not_be_text(pair):
    ap, sta = pair
    ssid, key = ssid_of(ap), b"a key: \xff\xfe"
    ap.run(f"wlan.auth((WLAN.WPA2, {key!r}))")
    assert ap.value("wlan.auth()[1]") == key
    sta.run(f"wlan.mode(WLAN.STA)\nwlan.connect({ssid!r}, auth=(WLAN.WPA2, {key!r}), timeout=20000)")
    assert sta.value("wlan.isconnected()") is True
    ap.run(f"wlan.auth((WLAN.WPA2, {FACTORY_KEY!r}))")
    assert ap.value("wlan.auth()[1]") == FACTORY_KEY


# ---- irq


def test_handler_is_called_once_for_a_failed_attempt(pair):
    ap, sta = pair
    ssid = ssid_of(ap)
    sta.run("wlan.mode(WLAN.STA)\ntold = []\nirq = wlan.irq(handler=lambda w: told.append(w.status()))")
    for code, state in (
        (f"wlan.connect({ssid!r}, auth=(WLAN.WPA2, 'a wrong key'), timeout=20000)", "STAT_WRONG_PASSWORD"),
        (f"wlan.connect({ssid!r}, auth=None, timeout=1000)", "STAT_CONNECT_FAIL"),
        ("wlan.connect('nobody', timeout=1000)", "STAT_NO_AP_FOUND"),  # it was tried several times
    ):
        sta.run("told.clear()")
        sta.fails(code, "OSError")
        assert sta.value(f"told == [network.{state}]"), (code, sta.value("told"))


def test_flags_of_an_event(console):
    console.run("told = []\nirq = wlan.irq(handler=lambda w: told.append(irq.flags()))\nwlan.mode(WLAN.STA)")
    assert console.value("(set(told) == {WLAN.ANY_EVENT}, irq.flags())") == (True, 0)
    console.run("def fail(w):\n    raise ValueError\n")
    console.run("irq = wlan.irq(handler=fail)")
    console.run("wlan.mode(WLAN.AP)")
    assert console.value("irq.flags()") == 0


def test_another_handler_replaces_the_first_at_once(console):
    console.run("told = []\nwlan.irq(handler=lambda w: told.append('first'))")
    console.run("wlan.mode(WLAN.STA); irq = wlan.irq(handler=lambda w: told.append('second'))")
    console.run("wlan.mode(WLAN.AP)")
    assert set(console.value("told")) == {"second"}
    console.run("told.clear()\nwlan.mode(WLAN.STA); irq.disable()")
    console.run("wlan.mode(WLAN.AP); wlan.irq(handler=None)")
    assert console.value("told") == []


def test_handler_ends_with_the_program(console):
    """A soft reset takes the handler's heap away: with the handler nothing may be called in it any more."""
    for end in (b"\x04", b"wlan.mode(3 - wlan.mode()); machine.soft_reset()\r"):
        console.run("wlan.irq(handler=lambda w: print('the first one'))")
        log = len(console.uart.log)
        console.run("wlan.mode(3 - wlan.mode())")
        assert b"the first one" in console.uart.log[log:]
        console.uart.send(end)
        console.uart.expect(b"soft reboot")
        console.uart.prompt()
        log = len(console.uart.log)
        console.run("import network, machine\nwlan = network.WLAN()\nfill = [bytes(100) for i in range(1000)]")
        for _ in range(3):
            console.run("wlan.mode(3 - wlan.mode())")
        console.run("wlan.irq().enable()\nwlan.mode(3 - wlan.mode())")
        assert b"the first one" not in console.uart.log[log:]


# ---- connect()


def test_a_key_that_cannot_be_is_told_of(console):
    console.run("wlan.mode(WLAN.STA)")
    for auth in ("(WLAN.WEP, 'secretkey1')", "(WLAN.WEP, '1234')", "(WLAN.WPA2, 'short')"):
        for code in (f"wlan.connect('home', auth={auth})", f"wlan.init(mode=WLAN.AP, auth={auth})"):
            console.fails(code, "ValueError", "a WEP key 5 to 26 hexadecimal digits")


def test_connect_waits_only_when_told_and_says_why_it_failed(pair):
    ap, sta = pair
    ssid = ssid_of(ap)
    sta.run("wlan.mode(WLAN.STA)")
    for network, errno, words, status in (
        (f"{ssid!r}, auth=(WLAN.WPA2, 'a wrong key')", 13, "wrong key", "STAT_WRONG_PASSWORD"),
        (f"{ssid!r}, auth=(WLAN.WPA, {FACTORY_KEY!r})", 110, "security", "STAT_CONNECT_FAIL"),
        ("'nobody'", 110, "no such network", "STAT_NO_AP_FOUND"),
    ):
        sta.fails(f"wlan.connect({network}, timeout=500)", "OSError", f"[Errno {errno}] ", limit=20)
        sta.fails(f"wlan.connect({network}, timeout=500)", "OSError", words)
        assert sta.value(f"wlan.status() == network.{status}")
        for soon in ("", ", timeout=None", ", timeout=0"):
            assert sta.value(f"(wlan.connect({network}{soon}), wlan.status())") == (None, 1)
            wait_for(lambda: sta.value(f"wlan.status() == network.{status}"), f"status() tells of {network}")
    # What is out of range today may be there tomorrow: it goes on trying.
    sta.fails("wlan.connect('late', timeout=300)", "OSError", "no such network")
    ap.run("wlan.init(ssid='late', auth=None)")
    wait_for(lambda: sta.value("wlan.isconnected()"), "the network came late")


# ---- its own name


def test_its_own_name(pair):
    ap, sta = pair
    connect(pair)
    for board in pair:
        address = board.value("wlan.ifconfig()[0]")
        name = board.value("network.hostname()")
        for spelling in (name, name.upper()):
            assert board.value(f"socket.getaddrinfo('{spelling}.local', 80)[0][-1]") == (address, 80)
        board.run("network.hostname('sensor')")
        assert board.value("socket.getaddrinfo('sensor.local', 80)[0][-1]") == (address, 80)
        board.fails("socket.getaddrinfo('sensor.locale', 80)", "OSError")
    sta.run("wlan.disconnect()")
    sta.fails("socket.getaddrinfo('sensor.local', 80)", "OSError")
