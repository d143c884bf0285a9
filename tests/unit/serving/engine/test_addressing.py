"""Where replies go.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.model import Interfaces
from kea_mp.dhcp.message4 import DISCOVER, INFORM, REQUEST
from kea_mp.values import packed4
from tests.unit.serving.engine.world import EVERYBODY, OTHER_HW, SERVER, Store, a, answered, config, lease, packet
from workers.serving.engine.exchange import Engine4

EVERYBODY_MAC, CLIENT_MAC = b"\xff" * 6, b"\x02\0\0\0\0\x99"
ME = packed4(SERVER)


def sent(query, store: Store | None = None):
    return answered(Engine4(config()), query, store).reply


def test_a_client_without_address_is_answered_at_its_new_one_and_its_mac():
    reply = sent(packet(DISCOVER))
    assert (reply.destination, reply.port, reply.mac, reply.source) == (a(".10"), 68, CLIENT_MAC, SERVER)


def test_the_broadcast_flag_is_heeded_and_returned():
    answer = answered(Engine4(config()), packet(DISCOVER, flags=0x8000))
    assert (answer.reply.destination, answer.reply.mac, answer.message.flags) == (EVERYBODY, EVERYBODY_MAC, 0x8000)


def test_a_udp_socket_can_only_broadcast_to_a_client_without_address():
    reply = sent(packet(DISCOVER, raw=False))
    assert (reply.destination, reply.mac) == (EVERYBODY, b"")


def test_ciaddr_is_answered_even_by_a_refusal():
    query = packet(REQUEST, ciaddr=a(".10"), source=a(".10"), destination=SERVER)
    assert sent(query, Store.of(lease(".10", hw=OTHER_HW))).destination == a(".10")


def test_a_refusal_of_a_client_without_address_is_broadcast():
    query = packet(REQUEST, opts={54: ME, 50: packed4(a(".10"))})
    reply = sent(query, Store.of(lease(".10", hw=OTHER_HW)))
    assert (reply.destination, reply.port, reply.mac) == (EVERYBODY, 68, CLIENT_MAC)


def test_a_relayed_client_is_answered_by_its_relay():
    answer = answered(Engine4(config()), packet(DISCOVER, giaddr=a(".1"), hops=3, flags=0x8000))
    reply = answer.reply
    assert (reply.destination, reply.port, reply.mac) == (a(".1"), 67, CLIENT_MAC)
    assert (answer.message.giaddr, answer.message.hops) == (a(".1"), 3)


def test_a_relayed_refusal_is_to_be_broadcast_by_the_relay():
    query = packet(REQUEST, giaddr=a(".1"), opts={54: ME, 50: packed4(a(".10"))})
    answer = answered(Engine4(config()), query, Store.of(lease(".10", hw=OTHER_HW)))
    assert (answer.reply.destination, answer.message.flags) == (a(".1"), 0x8000)


def test_a_relay_on_another_port_is_answered_there_if_it_says_so():
    relayed = {"giaddr": a(".1"), "source_port": 6767}
    assert sent(packet(DISCOVER, **relayed)).port == 67
    assert sent(packet(DISCOVER, **relayed, opts={82: b"\x13\x02\x1a\x6f"})).port == 6767


def test_an_inform_is_answered_at_the_clients_port_even_past_a_relay():
    assert sent(packet(INFORM, giaddr=a(".1"), ciaddr=a(".50"))).port == 68


def test_header_fields_of_the_query_that_are_not_returned():
    answer = answered(Engine4(config()), packet(DISCOVER, secs=7, siaddr=5, sname=b"x", file=b"y"))
    assert (answer.message.secs, answer.message.siaddr, answer.message.sname, answer.message.file) == (0, 0, b"", b"")


def test_replies_to_relays_may_follow_the_routes():
    interfaces = Interfaces(socket_type="udp", outbound_interface="use-routing")
    engine = Engine4(config(interfaces=interfaces))
    relayed, direct = (answered(engine, packet(DISCOVER, raw=False, giaddr=giaddr)) for giaddr in (a(".1"), 0))
    assert (relayed.reply.source, direct.reply.source) == (0, SERVER)
