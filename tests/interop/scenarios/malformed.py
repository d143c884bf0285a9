"""Packets that are wrong: what is dropped, what is forgiven. After each the server must still answer.

Runs in: any
"""

from __future__ import annotations

from dataclasses import replace

from tests.interop.scenario4 import ACK, GOT, OFFER, Ask, Scenario, ask, config, discover, four_way, u32
from tests.lab.packets import Bootp

OK = (*four_way(mac="02:00:00:00:00:99"),)


def raw(payload: bytes, note: str) -> Ask:
    return Ask(Bootp(), payload=payload, note=note)


GOOD = Bootp(options=((53, b"\x01"),), xid=9).encode()
LONG_AGO = config(compatibility={"lenient-option-parsing": True})


def bad(
    name: str,
    *steps: Ask,
    expect: tuple[int | None, ...] = (None,),
    lenient: bool = False,
    allowed: dict[str, str] | None = None,
) -> Scenario:
    """Some bad packets, then a good client."""
    return Scenario(name, LONG_AGO if lenient else config(), (*steps, *OK), (*expect, *GOT), allowed or {})


SCENARIOS = (
    bad("an empty datagram", raw(b"", "EMPTY")),
    bad("a few bytes", raw(b"\x01\x01\x06", "3 BYTES")),
    bad("a message cut in its header", discover(cut=200)),
    bad("a message without the magic cookie", discover(magic=b"\0\0\0\0")),
    bad("a message cut within an option", discover(cut=250), expect=(OFFER,)),
    bad("a message without an end option", discover(end=False), expect=(OFFER,)),
    bad("a reply from another server", discover(op=2), expect=(OFFER,)),
    bad("an operation that does not exist", discover(op=7), expect=(OFFER,)),
    bad("a hardware length of 16", discover(hlen=16, chaddr=bytes(range(16)), flags=0x8000), expect=(OFFER,)),
    bad("a hardware length over 16", discover(hlen=200)),
    bad("a hardware length of zero", discover(mac="", hlen=0)),
    bad("a message type of zero", ask(0, note="TYPE 0")),
    bad("a message type that does not exist", ask(99, note="TYPE 99")),
    bad("a message type of two bytes", replace(discover(), options=((53, b"\x01\x01"),)), expect=(OFFER,)),
    bad("an empty message type", replace(discover(), options=((53, b""),))),
    bad("two message types", replace(discover(), options=((53, b"\x01"), (53, b"\x03"))), expect=(OFFER,)),
    bad("an option that claims to be longer than the message",
        raw(GOOD[:-1] + b"\x0c\x40abc", "OVERRUN"), expect=(OFFER,)),
    bad("a code without a length at the end", raw(GOOD[:-1] + b"\x0c", "NO LENGTH"), expect=(OFFER,)),
    bad("bytes behind the end option", raw(GOOD + b"\x0c\x40abc", "BEHIND THE END"), expect=(OFFER,)),
    bad("padding between options", raw(GOOD[:240] + b"\0\0\0\x35\x01\x01\0\0\xff" + b"\0" * 40, "PADDING"),
        expect=(OFFER,)),
    bad("an empty client identifier", discover((61, b""))),
    bad("a client identifier of one byte", discover((61, b"\x01"))),
    bad("an empty hostname", discover((12, b"")), expect=(OFFER,)),
    bad("a hostname of zero bytes", discover((12, b"\0\0")), expect=(OFFER,)),
    bad("a hostname with a label over 63 bytes", discover((12, b"a" * 70)), expect=(OFFER,)),
    bad("a hostname of binary rubbish", discover((12, b"\xff\xfe\x80")), expect=(OFFER,)),
    bad("a hostname with empty labels", discover((12, b"a..b")), expect=(OFFER,)),
    bad("a hostname with empty labels, lenient", discover((12, b"a..b")), expect=(OFFER,), lenient=True),
    bad("a requested address of three bytes", discover((50, b"\xc0\x00\x02"))),
    bad("a server identifier of five bytes", ask(3, (54, b"\xc0\x00\x02\x01\x00"), (50, b"\xc0\x00\x02\x14"),
        note="SERVER ID OF 5"), expect=(ACK,)),
    bad("a lifetime of two bytes", discover((51, b"\x00\x10"))),
    bad("a full name that overruns", discover((81, b"\x05\0\0\x20abc"))),
    bad("a full name of two bytes", discover((81, b"\x05\0"))),
    bad("relay information that overruns", discover((82, b"\x01\x20abc"), relay="192.0.2.200"), expect=(OFFER,)),
    bad("vendor information 125 that overruns", discover((125, u32(4491) + b"\x40abc")), expect=(OFFER,)),
    bad("vendor class 124 that overruns", discover((124, u32(4491) + b"\x40abc")), expect=(OFFER,)),
    bad("vendor options 43 of rubbish", discover((43, b"\xfe\xff\xff"), prl=(43,)), expect=(OFFER,)),
    bad("an empty request list", discover(prl=())),
    bad("an empty vendor class", discover((60, b"")), expect=(OFFER,)),
    bad("option overload", discover((52, b"\x03"), sname=b"\x0c\x02pc\xff", file=b"\x3c\x01v\xff"), expect=(OFFER,),
        allowed={"option 12": "RFC 2131 4.1: options may go on in sname and file; Kea does not look there"}),
    bad("a kilobyte of options", discover(*[(224, b"x" * 255)] * 4), expect=(OFFER,)),
)  # fmt: skip
