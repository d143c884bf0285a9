"""Which subnet a message belongs to.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.config.model6 import Config6
from kea_mp.dhcp.message6 import Relay6
from tests.unit.serving.engine6.world import CLIENT, SERVER_DUID, a, config, packet, relay, subnet
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.knowledge import Knowledge6
from workers.serving.engine6.subnets import SubnetSelection6

HERE, THERE, FAR = "2001:db8:1::", "2001:db8:2::", "2001:db8:3::"


def chosen(configuration: Config6, *classes: str, **more: object) -> int:
    """The id of the subnet, 0: none."""
    know = Knowledge6(configuration, SERVER_DUID, 0)
    message = packet(1, **more)
    x = Exchange6(know, message, message.message, 0, 1, b"", know.classes.added(know.classes.all, *classes))
    found = SubnetSelection6(know.plan).of(x)
    assert SubnetSelection6(know.plan).of(x) is found
    return found.id if found is not None else 0


TWO = config(subnet(1, HERE), subnet(2, THERE, interface="eth1"))


def test_a_direct_message_belongs_to_its_interface() -> None:
    assert chosen(TWO, interface="eth1") == 2
    assert chosen(TWO, interface="eth7") == 0


def test_a_direct_message_from_a_global_address_belongs_to_its_prefix() -> None:
    assert chosen(TWO, interface="eth7", source=a(THERE + "5")) == 2
    assert chosen(TWO, interface="eth0", source=a(THERE + "5")) == 1


def test_a_relayed_message_belongs_to_the_link_of_the_relay() -> None:
    assert chosen(TWO, relays=(relay(THERE + "1"),)) == 2
    assert chosen(TWO, relays=(relay(FAR + "1"),)) == 0


def test_of_several_relays_the_one_nearest_to_the_client_counts() -> None:
    assert chosen(TWO, relays=(relay(HERE + "1"), relay(THERE + "1"))) == 2


@pytest.mark.parametrize("useless", ["::", "fe80::1"])
def test_a_link_address_that_says_nothing_is_passed_over(useless: str) -> None:
    assert chosen(TWO, relays=(relay(THERE + "1"), relay(useless))) == 2


def test_relays_that_say_nothing_leave_it_to_the_interface() -> None:
    assert chosen(TWO, relays=(relay("::"),), interface="eth1") == 2


def test_the_interface_id_of_the_nearest_relay_comes_first() -> None:
    known = config(subnet(1, HERE), subnet(2, THERE, interface="", interface_id=b"port7"))
    named = relay(HERE + "1", o18=b"port7")
    assert chosen(known, relays=(named,)) == 2
    assert chosen(known, relays=(relay(HERE + "1"), relay("::", o18=b"port7"))) == 2
    assert chosen(known, relays=(named, relay("::"))) == 1
    assert chosen(known, relays=(relay(HERE + "1", o18=b"port8"),)) == 1


def test_an_unknown_interface_id_without_link_address_is_no_direct_message() -> None:
    assert chosen(TWO, relays=(relay("::", o18=b"port8"),)) == 0


def test_addresses_of_relays_come_before_prefixes() -> None:
    known = config(subnet(1, HERE), subnet(2, THERE, relays=(a(HERE + "1"),)))
    assert chosen(known, relays=(relay(HERE + "1"),)) == 2
    assert chosen(known, relays=(relay(HERE + "2"),)) == 1


def test_guards_keep_a_client_out() -> None:
    guarded = config(subnet(1, HERE, classes=("gold",)), subnet(2, THERE))
    assert chosen(guarded) == 2
    assert chosen(guarded, "gold") == 1
    assert chosen(config(subnet(1, HERE, network_classes=("gold",)))) == 0


def test_of_overlapping_subnets_the_first_counts() -> None:
    nested = config(subnet(1, "2001:db8::", 32, interface=""), subnet(2, HERE, interface=""))
    assert chosen(nested, relays=(relay(HERE + "1"),)) == 1


def test_an_answer_that_is_remembered_holds_only_for_the_same_classes() -> None:
    know = Knowledge6(config(subnet(1, HERE, interface="", classes=("gold",))), SERVER_DUID, 0)
    selection = SubnetSelection6(know.plan)
    message = packet(1, relays=(Relay6(0, a(HERE + "1"), CLIENT),))
    plain = Exchange6(know, message, message.message, 0, 1, b"", know.classes.all)
    gold = Exchange6(know, message, message.message, 0, 1, b"", know.classes.added(know.classes.all, "gold"))
    assert [selection.of(x) is not None for x in (plain, gold, plain)] == [False, True, False]
