"""Which subnet a message belongs to.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.model import Compatibility
from kea_mp.dhcp.message4 import DISCOVER, REQUEST
from kea_mp.values import packed4
from tests.unit.serving.engine.world import SERVER, a, answered, config, dropped, packet, pool, subnet
from workers.serving.engine.exchange import Engine4


def net(id: int, prefix: str, **more):
    """A subnet whose pool begins at .10."""
    base = prefix.rpartition(".")[0]
    return subnet(id, prefix, pools=(pool(f"{base}.10", f"{base}.20"),), **more)


THREE = (net(1, "192.0.2.0"), net(2, "10.1.0.0"), net(3, "10.2.0.0"))
R1, R2 = a("10.1.0.1"), a("10.2.0.1")


def agent(code: int, value: bytes) -> bytes:
    return bytes((code, len(value))) + value


def offered(engine: Engine4, **query) -> int:
    return answered(engine, packet(DISCOVER, **query)).message.yiaddr


def test_a_broadcast_belongs_to_the_address_of_the_interface():
    assert offered(Engine4(config(*THREE))) == a(".10")


def test_a_broadcast_belongs_to_the_subnet_of_the_interface_before_its_address():
    engine = Engine4(config(net(1, "192.0.2.0"), net(2, "10.1.0.0", interface="eth0")))
    assert offered(engine) == a("10.1.0.10")


def test_a_subnet_of_another_interface_is_not_found_by_interface():
    engine = Engine4(config(net(1, "192.0.2.0"), net(2, "10.1.0.0", interface="eth1")))
    assert offered(engine) == a(".10")


def test_the_relay_address_selects_the_subnet():
    assert offered(Engine4(config(*THREE)), giaddr=R2) == a("10.2.0.10")


def test_a_configured_relay_goes_before_the_prefix():
    engine = Engine4(config(net(1, "192.0.2.0", relays=(R1,)), net(2, "10.1.0.0")))
    assert offered(engine, giaddr=R1) == a(".10")


def test_link_selection_goes_before_the_relay_address():
    assert offered(Engine4(config(*THREE)), giaddr=R1, opts={82: agent(5, packed4(R2))}) == a("10.2.0.10")


def test_link_selection_of_an_unknown_network_finds_nothing():
    query = packet(DISCOVER, giaddr=R1, opts={82: agent(5, packed4(a("10.9.0.1")))})
    assert dropped(Engine4(config(*THREE)), query).identifier == "DHCP4_PACKET_NAK_0001"


def test_link_selection_can_be_ignored():
    engine = Engine4(config(*THREE, compatibility=Compatibility(ignore_rai_link_selection=True)))
    assert offered(engine, giaddr=R1, opts={82: agent(5, packed4(R2))}) == a("10.1.0.10")


def test_subnet_selection_goes_before_the_relay_address_and_is_echoed():
    answer = answered(Engine4(config(*THREE)), packet(DISCOVER, giaddr=R1, opts={118: packed4(a("10.2.0.0"))}))
    assert (answer.message.yiaddr, answer[118]) == (a("10.2.0.10"), packed4(a("10.2.0.0")))


def test_link_selection_goes_before_subnet_selection():
    options = {82: agent(5, packed4(R1)), 118: packed4(a("10.2.0.0"))}
    assert offered(Engine4(config(*THREE)), giaddr=R2, opts=options) == a("10.1.0.10")


def test_a_unicast_belongs_to_ciaddr():
    query = packet(REQUEST, ciaddr=a("10.1.0.15"), source=a("10.2.0.9"), destination=SERVER)
    assert answered(Engine4(config(*THREE)), query).message.yiaddr == a("10.1.0.15")


def test_a_unicast_without_ciaddr_belongs_to_its_source():
    query = packet(DISCOVER, source=a("10.2.0.9"), destination=SERVER)
    assert answered(Engine4(config(*THREE)), query).message.yiaddr == a("10.2.0.10")


def test_a_guarded_subnet_is_passed_over():
    engine = Engine4(config(net(1, "192.0.2.0", classes=("VENDOR_CLASS_phone",)), subnet(2, "192.0.0.0", 16)))
    assert answered(engine, packet(DISCOVER)).message.options[1] == packed4(a("255.255.0.0"))


def test_a_guarded_subnet_is_open_to_its_class():
    engine = Engine4(config(net(1, "192.0.2.0", classes=("VENDOR_CLASS_phone",)), subnet(2, "192.0.0.0", 16)))
    assert offered(engine, opts={60: b"phone"}) == a(".10")


def test_the_guard_of_the_network_holds_for_its_subnets():
    engine = Engine4(config(net(1, "192.0.2.0", network="n", network_classes=("VENDOR_CLASS_phone",))))
    assert dropped(engine, packet(DISCOVER)).identifier == "DHCP4_PACKET_NAK_0001"


def test_of_two_subnets_with_the_address_the_first_wins():
    engine = Engine4(config(subnet(1, "192.0.0.0", 16), subnet(2, "192.0.2.0", 24)))
    assert answered(engine, packet(DISCOVER)).message.options[1] == packed4(a("255.255.0.0"))


def test_the_relay_may_name_another_server_identifier():
    engine = Engine4(config(*THREE))
    options = {54: packed4(R1), 50: packed4(a("10.1.0.10")), 82: agent(11, packed4(R1))}
    assert answered(engine, packet(REQUEST, giaddr=R1, opts=options)).message.yiaddr == a("10.1.0.10")
