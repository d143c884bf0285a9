"""Whatever a client or relay sends, the DHCPv6 engine answers it or drops it, and a store that fails is never taken for
one that has nothing.

Runs in: any
"""

from __future__ import annotations

from random import Random

from kea_mp.config.model import Ddns
from kea_mp.dhcp.message6 import ADDR_REG_INFORM, IA_NA, IA_PD, decode6, encode6, pack_iaaddr, pack_option6
from kea_mp.dhcp.names import Fqdn6
from kea_mp.errors import WireError
from tests.unit.serving.engine6.world import (
    CLIENT,
    DUID,
    EVERYBODY,
    NOW,
    SERVER_DUID,
    Answer,
    Engine6,
    Packet6,
    Store,
    a,
    engine,
    host,
    lease,
    na,
    option,
    options,
    parameters,
    pd,
    pd_pool,
    pool,
    prefix,
    run,
    subnet,
)

ROUNDS = 6000


def engines() -> list[Engine6]:
    rows = options(
        option(23, a("::53"), always_send=True), option(17, b"\0\0\x11\x8b"), option(16, b"\0\0\0\1\0\1a"),
        option(33, b"file", "vendor-4491", always_send=True),
    )  # fmt: skip
    rules = Ddns(qualifying_suffix="x.org", hostname_char_set="[^a-z]", hostname_char_replacement="-")
    told = parameters(store_extended_info=True, ddns=rules)
    hosts = (host("::99", prefixes=("2001:db8:7000::",), hostname="r"),)
    there = "2001:db8:1::"
    return [
        engine(subnet(pd_pools=(pd_pool(),), options_chain=(rows,), rapid_commit=True, parameters=told, hosts=hosts)),
        engine(
            subnet(1, network="n", pools=(pool("::10", "::11"),)),
            subnet(2, there, network="n", interface="", pools=(pool(there + "10", there + "11"),),
                   pd_pools=(pd_pool("2001:db8:8000::", 48, 52),), parameters=parameters(reservations_global=True)),
            global_hosts=(host(there + "9", subnet_id=0),),
        ),
    ]  # fmt: skip


def seeds(random: Random) -> list[bytes]:
    """Sound messages of all types, direct and relayed."""
    found = []
    for kind in (1, 3, 4, 5, 6, 8, 9, 11, ADDR_REG_INFORM):
        for ias in (
            (na(1, "::10"), pd(2, "2001:db8:8000::")),
            (na(1, "::10", "::11"), na(2)),
            (pd(1, "::", length=60),),
        ):
            more = {
                6: b"\0\x17\0\x43\0\x11\0\x10",
                39: Fqdn6(1, random.choice(("h", "h.x", "")), random.random() < 0.5).pack(),
            }
            more |= {16: b"\0\0\x11\x8b\0\x09docsis3.0", 17: b"\0\0\x11\x8b" + pack_option6(1, b"\0\x21"), 14: b""}
            if kind == ADDR_REG_INFORM:
                more[5] = pack_iaaddr(CLIENT, 1, 2)[4:]
            packed = pack_option6(1, DUID) + (pack_option6(2, SERVER_DUID) if kind in (3, 5, 8, 9) else b"")
            packed += b"".join(ias) + b"".join(pack_option6(code, data) for code, data in more.items())
            message = encode6(kind, 5, packed)
            rsoo = pack_option6(66, pack_option6(65, b"\1x\0"))
            around = pack_option6(18, b"p") + rsoo + pack_option6(9, message)
            found += [message, bytes((12, 0)) + a("2001:db8:1::1") + CLIENT + around]
    return found


def mutated(random: Random, message: bytes) -> bytes:
    data = bytearray(message)
    for _ in range(random.choice((0, 1, 1, 2, 5))):
        at = random.randrange(len(data))
        match random.randrange(4):
            case 0:
                del data[at : at + random.randrange(1, 5)]
            case 1:
                data[at:at] = random.randbytes(random.randrange(1, 5))
            case _:
                data[at] = random.choice((0, 1, 255, random.randrange(256)))
        data = data or bytearray(b"\1")
    return bytes(data)


def sent(random: Random, sound: list[bytes]) -> Packet6:
    """A message that can be read."""
    while True:
        try:
            message = decode6(mutated(random, random.choice(sound)), random.random() < 0.3)
        except WireError:
            continue
        return Packet6(message, "eth0", 2, CLIENT, 546, EVERYBODY)


def test_any_message_is_answered_or_dropped() -> None:
    random = Random(6)
    servers, stores, sound = engines(), [Store(), Store()], seeds(random)
    answers = 0
    for number in range(ROUNDS):
        which = random.randrange(2)
        stores[which].fails = random.random() < 0.05
        outcome = run(servers[which], sent(random, sound), stores[which], NOW + number // 20)
        answers += isinstance(outcome, Answer)
    assert answers > ROUNDS // 4


def test_an_outage_is_never_taken_for_nothing() -> None:
    random = Random(7)
    servers, sound = engines(), seeds(random)
    rows = (lease("::10", age=0, valid_lft=99999), prefix("2001:db8:8000::", iaid=2, age=0, valid_lft=99999))
    for server in servers:
        server.committed._limit = 100
    confirmed = 0
    for number in range(ROUNDS):
        server = servers[random.randrange(2)]
        for row in rows:  # a RELEASE makes it forget them
            server.committed._learn(row)
        outcome = run(server, sent(random, sound), Store(fails=True), NOW + number // 20)
        if isinstance(outcome, Answer):
            for ia in outcome.message.ias:
                assert ia.code in (IA_NA, IA_PD)
                without_subnet = not ia.leases and ia.status is not None
                assert without_subnet or (ia.status is None and all(one.valid for one in ia.leases))
                confirmed += bool(ia.leases)
    assert confirmed
