"""Options of a reply, relay headers around it, and where it goes.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.config.model6 import ClientClass6
from kea_mp.dhcp.message6 import IA_NA, IA_PD, REQUEST, SOLICIT, pack_option6
from tests.unit.serving.engine6.world import (
    CLIENT,
    Store,
    a,
    answered,
    engine,
    na,
    option,
    options,
    packet,
    parameters,
    pd,
    pd_pool,
    pool,
    relay,
    subnet,
)

DNS = option(23, a("::53"))
ASK_DNS = {6: b"\0\x17"}


def test_options_are_sent_when_asked_for() -> None:
    server = engine(options=options(DNS, option(24, b"\1x\0")))
    assert answered(server, packet(SOLICIT, na(), opts=ASK_DNS)).codes == [1, 2, IA_NA, 23]
    assert answered(server, packet(SOLICIT, na())).codes == [1, 2, IA_NA]


def test_options_are_in_the_order_of_their_codes() -> None:
    values = {59: b"x", 7: b"x", 31: a("::1"), 15: b"\0\1x", 12: a("::1"), 82: b"1234"}
    rows = options(*(option(code, value, always_send=True) for code, value in values.items()))
    server = engine(subnet(pd_pools=(pd_pool(),)), options=rows)
    answer = answered(server, packet(SOLICIT, na(), pd(2), opts={39: b"\1\1x\1y\0"}))
    assert answer.codes == [1, 2, IA_NA, 7, 12, 15, IA_PD, 31, 39, 59, 82]


def test_always_send_and_never_send_overrule_the_client() -> None:
    server = engine(options=options(option(23, a("::53"), never_send=True), option(24, b"\1x\0", always_send=True)))
    assert answered(server, packet(SOLICIT, na(), opts=ASK_DNS)).codes == [1, 2, IA_NA, 24]


def test_the_most_specific_level_counts() -> None:
    def level(last: str) -> dict[str, object]:
        return options(option(23, a(last), always_send=True))  # type: ignore[return-value]

    named = ClientClass6("VENDOR_CLASS_x", options=level("::4"))  # type: ignore[arg-type]
    of_vendor = {16: b"\0\0\0\7\0\1x"}
    everything = {"classes": (named,), "options": level("::5")}
    chain = ({}, level("::3"))
    pools = (pool("::10", "::1f", options=level("::1")),)
    cases = [
        ("::5", engine(options=level("::5"))),
        ("::4", engine(**everything)),
        ("::3", engine(subnet(options_chain=chain), **everything)),
        ("::2", engine(subnet(options_chain=(level("::2"), level("::3"))), **everything)),
        ("::1", engine(subnet(pools=pools, options_chain=(level("::2"), level("::3"))), **everything)),
    ]
    for last, server in cases:
        assert answered(server, packet(SOLICIT, na(), opts=of_vendor))[23] == a(last)


def test_options_of_an_address_pool_come_before_those_of_a_prefix_pool_if_its_addresses_do() -> None:
    first = pool("::10", "::1f", options=options(option(23, a("::1"), always_send=True)))
    second = pd_pool(options=options(option(23, a("::2"), always_send=True), option(24, b"\1x\0", always_send=True)))
    answer = answered(engine(subnet(pools=(first,), pd_pools=(second,))), packet(SOLICIT, na(1), pd(2)))
    assert (answer[23], answer[24]) == (a("::1"), b"\1x\0")


def test_an_option_for_a_class_is_for_its_members() -> None:
    tagged = option(23, a("::54"), always_send=True, classes=("VENDOR_CLASS_x",))
    server = engine(options=options(tagged, option(23, a("::53"))))
    assert answered(server, packet(SOLICIT, na()))[23] == a("::53")
    assert answered(server, packet(SOLICIT, na(), opts={16: b"\0\0\0\7\0\1x"}))[23] == a("::54")


def test_additional_classes_of_a_pool_bring_their_options() -> None:
    named = ClientClass6("more", options=options(option(23, a("::53"), always_send=True)))
    server = engine(subnet(pools=(pool("::10", "::1f", additional_classes=("more", "unknown")),)), classes=(named,))
    assert answered(server, packet(SOLICIT, na()))[23] == a("::53")


# ---- vendors


def vendor(*more: object) -> dict[str, object]:
    rows = (
        option(17, b"\0\0\x11\x8b"),
        option(33, b"file", "vendor-4491"),
        option(34, a("::7"), "vendor-4491", always_send=True),
    )
    return options(*rows, *more)  # type: ignore[arg-type, return-value]


def test_vendor_options_follow_the_request_list_of_docsis() -> None:
    asked = b"\0\0\x11\x8b" + pack_option6(1, b"\0\x21")
    answer = answered(engine(options=vendor()), packet(SOLICIT, na(), opts={17: asked}))
    assert answer[17] == b"\0\0\x11\x8b" + pack_option6(33, b"file") + pack_option6(34, a("::7"))


def test_vendor_options_are_always_sent_to_the_vendor_class() -> None:
    answer = answered(engine(options=vendor()), packet(SOLICIT, na(), opts={16: b"\0\0\x11\x8b\0\1x"}))
    assert answer[17] == b"\0\0\x11\x8b" + pack_option6(34, a("::7"))


def test_vendor_options_that_are_asked_for_bring_what_is_always_sent() -> None:
    answer = answered(engine(options=vendor()), packet(SOLICIT, na(), opts={6: b"\0\x11"}))
    assert answer[17] == b"\0\0\x11\x8b" + pack_option6(34, a("::7"))


def test_other_vendors_get_none() -> None:
    assert 17 not in answered(engine(options=vendor()), packet(SOLICIT, na(), opts={16: b"\0\0\0\7\0\1x"}))


def test_vendor_classes_are_sent_once_for_each_vendor() -> None:
    rows = options(option(16, b"\0\0\0\1\0\1a"), option(16, b"\0\0\0\2\0\1b"), option(16, b"\0\0\0\1\0\1c"))
    answer = answered(engine(options=rows), packet(SOLICIT, na(), opts={6: b"\0\x10"}))
    assert answer.message.options[16] == [b"\0\0\0\1\0\1a", b"\0\0\0\2\0\1b"]


# ---- relays


def test_a_direct_answer_goes_back_to_the_client() -> None:
    reply = answered(engine(), packet(SOLICIT, na())).reply
    assert (reply.destination, reply.port, reply.index) == (CLIENT, 546, 2)


def test_a_relayed_answer_goes_to_the_relay_within_the_same_headers() -> None:
    relays = (relay(hops=1, peer=a("::fe"), o18=b"far"), relay(o18=b"near", o37=b"\0\0\0\7x"))
    answer = answered(engine(), packet(SOLICIT, na(), source=a("::fe"), relays=relays))
    assert (answer.reply.destination, answer.reply.port) == (a("::fe"), 547)
    assert [(one.hops, one.peer, one.options) for one in answer.message.relays] == [
        (1, a("::fe"), {18: [b"far"]}), (0, CLIENT, {18: [b"near"]}),
    ]  # fmt: skip


def test_a_relay_may_have_a_port_of_its_own() -> None:
    relays = (relay(o135=b"\0\0"),)
    assert answered(engine(), packet(SOLICIT, na(), relays=relays, source_port=7777)).reply.port == 7777


def supplied(*packed: bytes) -> bytes:
    return b"".join(packed)


def test_a_relay_supplies_options_that_it_may_and_that_are_missing() -> None:
    server = engine(
        options=options(option(23, a("::53"), always_send=True)), relay_supplied_options=frozenset((23, 65))
    )
    rsoo = supplied(pack_option6(65, b"\1x\0"), pack_option6(23, a("::54")), pack_option6(24, b"\1y\0"))
    answer = answered(server, packet(SOLICIT, na(), relays=(relay(o66=rsoo),)))
    assert (answer[65], answer[23]) == (b"\1x\0", a("::53"))
    assert 24 not in answer


def test_of_several_relays_the_nearest_to_the_client_supplies() -> None:
    far, near = relay(o66=pack_option6(65, b"\1f\0")), relay(o66=pack_option6(65, b"\1n\0"))
    assert answered(engine(), packet(SOLICIT, na(), relays=(far, near)))[65] == b"\1n\0"


def test_what_no_client_could_read_is_not_supplied() -> None:
    assert 65 not in answered(engine(), packet(SOLICIT, na(), relays=(relay(o66=pack_option6(65, b"\7x")),)))


# ---- extended info


@pytest.mark.parametrize("stores", [True, False])
def test_relays_are_kept_in_the_lease_where_configured(stores: bool) -> None:
    store = Store()
    server = engine(subnet(parameters=parameters(store_extended_info=stores)))
    answered(server, packet(REQUEST, na(), relays=(relay(o18=b"p", o37=b"\0\0\0\7x", o53=b"\0\1\2"),)), store)
    context = store.rows[a("::10")].user_context
    assert context == (
        '{ "ISC": { "relay-info": [ { "hop": 0, "link": "2001:db8::ffff", "options": '
        '"0x00120001700025000500000007780035000300' + '0102", "peer": "fe80::ff:fe00:1", "relay-id": "000102", '
        '"remote-id": "0000000778" } ] } }'
        if stores
        else ""
    )
