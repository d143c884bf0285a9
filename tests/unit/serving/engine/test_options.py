"""Options of a reply: which, from which level, in which order.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.config.model import ClientClass4
from kea_mp.dhcp.message4 import DISCOVER, INFORM, REQUEST
from kea_mp.values import packed4
from tests.unit.serving.engine.world import (
    CLIENT_ID,
    SERVER,
    Store,
    a,
    answered,
    config,
    dropped,
    host,
    option,
    options,
    packet,
    parameters,
    pool,
    subnet,
)
from workers.serving.engine.exchange import Engine4

NAME = 15
CABLE = (4491).to_bytes(4, "big")


def domain(name: str, **more):
    return options(option(NAME, name.encode(), **more))


def asked(engine: Engine4, prl: bytes = bytes((1, 3, 6, 15)), more: dict[int, bytes] | None = None):
    return answered(engine, packet(DISCOVER, opts={55: prl, **(more or {})}))


def layered(*levels: str, network: bool = True) -> Engine4:
    """Domain names at the named levels, each the level's own name."""

    def at(level: str):
        return domain(level) if level in levels else {}

    one = subnet(
        hosts=(host(options=at("host"), classes=("c",)),),
        pools=(pool(".10", ".20", options=at("pool")),),
        options_chain=(at("subnet"), at("network")) if network else (at("subnet"),),
        network="",
    )
    classes = (ClientClass4("c", options=at("class")),)
    return Engine4(config(one, classes=classes, options=at("global")))


ORDER = ("host", "pool", "subnet", "network", "class", "global")


@pytest.mark.parametrize("index", range(len(ORDER)))
def test_the_most_specific_level_wins(index):
    assert asked(layered(*ORDER[index:]))[NAME] == ORDER[index].encode()


def test_options_are_sent_in_ascending_order_after_the_message_type():
    engine = Engine4(config(options=options(*(option(code, b"four") for code in (200, 28, 66, 15, 150)))))
    answer = asked(engine, bytes((200, 150, 66, 28, 15, 1)), {61: CLIENT_ID, 12: b"pc"})
    assert answer.codes == [53, 1, 12, 15, 28, 51, 54, 61, 66, 150, 200]


def test_relay_information_is_the_last_option():
    engine = Engine4(config(subnet(prefix="10.0.0.0", pools=(pool("10.0.0.10", "10.0.0.11"),)), options=domain("x")))
    query = packet(DISCOVER, giaddr=a("10.0.0.1"), opts={82: b"\x01\x01x", 55: bytes((15, 120)), 61: CLIENT_ID})
    assert answered(engine, query).codes[-1] == 82


def test_relay_information_comes_back_with_its_parts_in_order():
    query = packet(DISCOVER, giaddr=a(".1"), opts={82: b"\x02\x01b\x01\x01a"})
    assert answered(Engine4(config()), query)[82] == b"\x01\x01a\x02\x01b"


def test_empty_relay_information_does_not_come_back():
    assert 82 not in answered(Engine4(config()), packet(DISCOVER, giaddr=a(".1"), opts={82: b""}))


def test_what_is_not_asked_for_is_not_sent():
    assert 28 not in asked(Engine4(config(options=options(option(28, b"\xc0\0\2\xff")))))


def test_router_servers_and_domain_name_are_sent_unasked():
    engine = Engine4(config(options=options(*(option(code, b"abcd") for code in (3, 6, 15, 28)))))
    assert answered(engine, packet(DISCOVER)).codes == [53, 1, 3, 6, 15, 51, 54]


def test_always_send_is_sent_unasked_from_the_most_specific_level():
    one = subnet(options_chain=(options(option(28, b"sub4")),))
    engine = Engine4(config(one, options=options(option(28, b"glob", always_send=True))))
    assert answered(engine, packet(DISCOVER))[28] == b"sub4"


def test_never_send_at_any_level_beats_the_request():
    one = subnet(options_chain=(options(option(28, b"sub4")),))
    engine = Engine4(config(one, options=options(option(28, b"glob", never_send=True))))
    assert 28 not in asked(engine, bytes((28,)))


def test_never_send_does_not_keep_back_what_is_sent_unasked():
    assert asked(Engine4(config(options=domain("x.org", never_send=True))))[NAME] == b"x.org"


def test_a_code_that_is_asked_for_twice_is_sent_once():
    assert asked(Engine4(config(options=domain("x"))), bytes((15, 15))).codes.count(15) == 1


def test_an_option_for_a_class_only_is_passed_over_for_others():
    rows = options(option(NAME, b"gold", classes=("VENDOR_CLASS_g",)), option(NAME, b"all"))
    engine = Engine4(config(options=rows))
    assert (asked(engine)[NAME], asked(engine, more={60: b"g"})[NAME]) == (b"all", b"gold")


def test_an_option_for_a_class_goes_before_one_for_all_wherever_it_stands():
    rows = options(option(NAME, b"all"), option(NAME, b"gold", classes=("VENDOR_CLASS_g",)), option(NAME, b"rest"))
    engine = Engine4(config(options=rows))
    assert (asked(engine)[NAME], asked(engine, more={60: b"g"})[NAME]) == (b"rest", b"gold")


def test_a_configured_server_identifier_replaces_our_address_and_is_accepted():
    engine = Engine4(config(options=options(option(54, packed4(a("10.0.0.1"))))))
    offer = answered(engine, packet(DISCOVER))
    assert offer[54] == packed4(a("10.0.0.1"))
    chosen = {54: offer[54], 50: packed4(offer.message.yiaddr)}
    assert answered(engine, packet(REQUEST, opts=chosen)).reply.kind == 5


def test_a_server_identifier_of_a_class_is_accepted_from_its_members():
    classes = (ClientClass4("VENDOR_CLASS_x", options=options(option(54, packed4(a("10.0.0.1"))))),)
    engine = Engine4(config(classes=classes))
    chosen = {54: packed4(a("10.0.0.1")), 50: packed4(a(".10"))}
    assert answered(engine, packet(REQUEST, opts={**chosen, 60: b"x"})).reply.kind == 5
    assert dropped(engine, packet(REQUEST, opts=chosen)).identifier == "DHCP4_PACKET_DROP_0003"


def test_the_subnet_mask_is_the_subnets_whatever_is_configured():
    assert asked(Engine4(config(options=options(option(1, b"\xff\0\0\0")))))[1] == b"\xff\xff\xff\0"


def test_an_inform_may_get_a_configured_subnet_mask():
    engine = Engine4(config(options=options(option(1, b"\xff\0\0\0"))))
    query = packet(INFORM, ciaddr=a(".50"), source=a(".50"), opts={55: b"\x01"})
    assert answered(engine, query)[1] == b"\xff\0\0\0"


def test_configured_timers_are_sent_when_none_are_computed():
    rows = options(option(58, packed4(100)), option(59, packed4(200)))
    assert asked(Engine4(config(options=rows)), bytes((58, 59))).codes == [53, 1, 51, 54, 58, 59]


def test_computed_timers_replace_configured_ones():
    rows = options(option(58, packed4(100)), option(59, packed4(200)))
    one = subnet(parameters=parameters(renew_timer=300))
    answer = asked(Engine4(config(one, options=rows)), bytes((58, 59)))
    assert (answer[58], answer[59]) == (packed4(300), packed4(200))


def test_the_client_identifier_is_echoed_unless_switched_off():
    assert asked(Engine4(config()), more={61: CLIENT_ID})[61] == CLIENT_ID
    assert 61 not in asked(Engine4(config(echo_client_id=False)), more={61: CLIENT_ID})


def test_a_refusal_has_only_our_identifier_and_the_echoes():
    opts = {54: packed4(SERVER), 50: packed4(a(".10")), 61: CLIENT_ID, 118: packed4(a(".0")), 55: bytes((15,))}
    query = packet(REQUEST, giaddr=a(".1"), opts={**opts, 82: b"\x01\x01x"})
    store = Store()
    engine = Engine4(config(subnet(pools=(pool(".10", ".20", classes=("nobody",)),)), options=domain("x")))
    assert answered(engine, query, store).codes == [53, 54, 61, 118, 82]


def test_a_long_option_is_cut_into_pieces():
    answer = asked(Engine4(config(options=options(option(200, b"x" * 300)))), bytes((200,)))
    assert (answer[200], answer.codes.count(200)) == (b"x" * 300, 2)


def test_vendor_options_of_an_enterprise_go_to_its_clients():
    rows = options(option(2, b"\x0a\0\0\1", space="vendor-4491", always_send=True))
    engine = Engine4(config(options=rows))
    for sent in ({124: CABLE + b"\x03doc"}, {125: CABLE + b"\x00"}):
        assert asked(engine, more=sent)[125] == CABLE + b"\x06\x02\x04\x0a\0\0\1"
    assert 125 not in asked(engine)
    assert 125 not in asked(engine, more={124: b"\0\0\0\x09\x01x"})


def test_cable_modems_ask_for_vendor_options_in_option_125():
    rows = options(option(2, b"\x0a\0\0\1", space="vendor-4491"))
    assert (
        asked(Engine4(config(options=rows)), more={125: CABLE + b"\x03\x01\x01\x02"})[125][4:]
        == b"\x06\x02\x04\x0a\0\0\1"
    )


def test_vendor_options_that_are_never_sent_stay_away():
    rows = options(option(2, b"\x0a\0\0\1", space="vendor-4491", always_send=True, never_send=True))
    assert 125 not in asked(Engine4(config(options=rows)), more={124: CABLE + b"\x03doc"})


def test_a_configured_option_125_brings_the_options_of_its_enterprise():
    rows = options(option(125, CABLE), option(2, b"\x0a\0\0\1", space="vendor-4491", always_send=True))
    assert asked(Engine4(config(options=rows)), bytes((125,)))[125] == CABLE + b"\x06\x02\x04\x0a\0\0\1"


def test_vendor_classes_of_several_enterprises_are_sent_each_once():
    one = subnet(options_chain=(options(option(124, CABLE + b"\x01a")),))
    rows = options(option(124, CABLE + b"\x01b"), option(124, b"\0\0\0\x09\x01c"))
    answer = asked(Engine4(config(one, options=rows)), bytes((124,)))
    assert answer[124] == CABLE + b"\x01a" + b"\0\0\0\x09\x01c"


def test_additional_classes_of_pool_and_subnet_bring_their_options():
    classes = (ClientClass4("p", options=domain("pool.org")), ClientClass4("s", boot_file_name="sub.file"))
    one = subnet(pools=(pool(".10", ".20", additional_classes=("p", "undefined")),), additional_classes=("s",))
    answer = asked(Engine4(config(one, classes=classes)))
    assert (answer[NAME], answer.message.file) == (b"pool.org", b"sub.file")


def test_header_fields_come_from_the_first_class_before_the_subnet():
    classes = (ClientClass4("VENDOR_CLASS_x", next_server=a("10.0.0.1"), server_hostname="class"),)
    one = subnet(parameters=parameters(next_server=a("10.0.0.2"), server_hostname="sub", boot_file_name="file"))
    sent = asked(Engine4(config(one, classes=classes)), more={60: b"x"}).message
    assert (sent.siaddr, sent.sname, sent.file) == (a("10.0.0.1"), b"class", b"file")


def test_a_client_that_prefers_v6_only_gets_no_address():
    one = subnet(options_chain=(options(option(108, packed4(1800))),))
    store = Store()
    answer = answered(Engine4(config(one)), packet(DISCOVER, opts={55: bytes((1, 108))}), store)
    assert (answer.message.yiaddr, answer[108], answer.codes, store.asked) == (0, packed4(1800), [53, 54, 108], [])


def test_a_v6_only_network_counts_for_all_its_subnets():
    one = subnet(options_chain=({}, options(option(108, packed4(1800)))), network="n")
    assert answered(Engine4(config(one)), packet(DISCOVER, opts={55: bytes((108,))})).message.yiaddr == 0


def test_v6_only_that_is_never_sent_gets_no_answer():
    one = subnet(options_chain=(options(option(108, packed4(1800), never_send=True)),))
    outcome = dropped(Engine4(config(one)), packet(DISCOVER, opts={55: bytes((108,))}))
    assert outcome.identifier == "DHCP4_V6_ONLY_PREFERRED_MISSING_IN_OFFER"
