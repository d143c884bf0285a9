"""Messages that are broken, or whose identifiers are.

Runs in: any
"""

from __future__ import annotations

from tests.interop.scenario6 import (
    ADVERTISE,
    GOT,
    IA_NA,
    IA_PD,
    REPLY,
    Ask6,
    Relay,
    Scenario6,
    ask,
    config,
    duid,
    four_way,
    ia,
    iaaddr,
    information,
    opt,
    raw,
    remote,
    server_id,
    solicit,
    u16,
    u32,
    with_pd,
)
from tests.lab.packets6 import message6, relayed6

NA = ia(IA_NA, 1)
WHOLE = message6(1, 0x10101, opt(1, duid(1)), NA)
INSIDE = relayed6(WHOLE, "2001:db8:a::1", "fe80::ff:fe00:1")


def cut(length: int) -> Ask6:
    return raw(WHOLE[:length], f"cut at {length}")


SCENARIOS = (
    Scenario6("messages cut short", config(), (*map(cut, (1, 3, 4, 6, 8, 17, 18, 20, 30)), solicit()),
              (None,) * 6 + (ADVERTISE,) * 4),
    Scenario6("no client identifier", config(),
              tuple(ask(kind, *((server_id,) if kind in (3, 5, 8, 9) else ()), NA, identified=False)
                    for kind in (1, 3, 4, 5, 6, 8, 9)), (None,) * 7),
    Scenario6("no server identifier", config(), tuple(ask(kind, NA) for kind in (3, 5, 8, 9)), (None,) * 4),
    Scenario6("a server identifier where none belongs", config(),
              tuple(ask(kind, server_id, ia(IA_NA, 1, iaaddr("2001:db8:1::10"))) for kind in (1, 4, 6)), (None,) * 3),
    Scenario6("two client identifiers, two server identifiers", config(),
              (solicit(NA, opt(1, duid(1))), solicit(NA, opt(1, duid(2))), ask(3, server_id, server_id, NA),
               information(opt(1, duid(1))), information(server_id, server_id)), (None,) * 5),
    Scenario6("client identifiers of any size", config(),
              tuple(solicit(duid_is=one) for one in (b"", b"\0", b"\0\3", b"\0\3\0", b"\0\x63abc", b"\0\2" + b"x" * 128,
                    b"\0\2" + b"x" * 129, b"\0\1" + b"x" * 6, b"\0\4" + b"u" * 16)),
              (None, None, None, *(ADVERTISE,) * 3, None, ADVERTISE, ADVERTISE)),
    Scenario6("the client identifier that stands for nobody", config(), (solicit(duid_is=b"\0\0\0"),), (ADVERTISE,),
              {"1.answer": "Kea answers, though its lease file takes this one for declined leases only"}),
    Scenario6("server identifiers of any size", config(),
              tuple(ask(3, opt(2, one), NA) for one in (b"", b"\0\3", b"\0\0\0", b"x" * 140)), (None,) * 4),
    Scenario6("associations that are too short", config(with_pd()),
              (solicit(opt(3, b"\0\0\0\1")), solicit(opt(25, b"\0\0\0\1\0\0\0\0\0\0\0")), solicit(opt(4, b"\0\0")),
               solicit(NA, opt(3, b""))), (None,) * 4),
    Scenario6("addresses and prefixes that are too short", config(with_pd()),
              (solicit(ia(IA_NA, 1, opt(5, bytes(23)))), solicit(ia(IA_PD, 1, opt(26, bytes(24)))),
               solicit(ia(IA_NA, 1, opt(5, bytes(25)))), solicit(ia(IA_NA, 1, b"\0\5\0\x20abc"))),
              (None, None, ADVERTISE, ADVERTISE)),
    Scenario6("options in associations where they do not belong", config(with_pd()),
              (solicit(ia(IA_NA, 1, opt(26, bytes(25)))), solicit(ia(IA_PD, 1, opt(5, bytes(24)))),
               solicit(ia(IA_NA, 1, opt(13, u16(2) + b"text"))), solicit(ia(IA_NA, 1, iaaddr(
                   "2001:db8:1::20", 100, 50))), solicit(ia(IA_NA, 1, iaaddr("2001:db8:1::20", 0, 0, opt(
                       13, u16(0)))))), (ADVERTISE,) * 5),
    Scenario6("options of wrong lengths", config(),
              (solicit(NA, opt(6, b"\0")), solicit(NA, opt(8, b"")), solicit(NA, opt(14, b"x")), solicit(
                  NA, opt(13, b"")), solicit(NA, opt(16, u32(9) + b"\0\x09x")), solicit(NA, opt(17, b"\0")),
               solicit(NA, opt(17, u32(9) + b"\0\1\0\x09x")), solicit(NA, opt(23, b"xyz")), solicit(NA, opt(15, b""))),
              (None, None, ADVERTISE, None, None, ADVERTISE, ADVERTISE, None, ADVERTISE)),
    Scenario6("an option that overruns the message", config(),
              (raw(message6(1, 0x10101, opt(1, duid(1)), NA, b"\0\x17\0\x20abc"), "OVERRUN"),
               raw(message6(1, 0x10101, opt(1, duid(1)), b"\0\x03\0\x40abc"), "OVERRUN IA")), (ADVERTISE, ADVERTISE)),
    Scenario6("relay headers that are broken", config(remote()),
              (raw(INSIDE[:20], "CUT HEADER"), raw(INSIDE[:34], "NOTHING INSIDE"), raw(INSIDE[:38], "EMPTY MESSAGE"),
               raw(INSIDE[:-10], "CUT MESSAGE"), raw(relayed6(b"", "2001:db8:a::1", "fe80::1"), "EMPTY"),
               raw(relayed6(message6(2, 1, opt(1, duid(1))), "2001:db8:a::1", "fe80::1"), "AN ANSWER INSIDE")),
              (None,) * 6),
    Scenario6("a message in a relay header of the wrong kind", config(remote()),
              (raw(b"\x0d" + INSIDE[1:], "RELAY-REPL"),), (ADVERTISE,)),
    Scenario6("something else within a relay header", config(remote()),
              (solicit(relays=Relay(options=(opt(9, WHOLE),))), solicit(relays=Relay(options=(opt(79, b"\0"), opt(
                  18, b""))))), (ADVERTISE, ADVERTISE)),
    Scenario6("nothing but a header", config(), (raw(message6(1, 5), "HEADER"), raw(message6(11, 5), "HEADER")),
              (None, REPLY)),
    Scenario6("a transaction number of nought, and a client that changes its number", config(),
              (raw(message6(1, 0, opt(1, duid(1)), NA), "NOUGHT"), *four_way()), (ADVERTISE, *GOT)),
)  # fmt: skip
