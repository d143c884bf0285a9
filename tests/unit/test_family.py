"""The names of the two daemons."""

from __future__ import annotations

import pickle

from kea_mp.family import DHCP4, DHCP6, FAMILIES


def test_names_are_those_of_kea() -> None:
    assert (DHCP4.logger("commands"), DHCP6.logger()) == ("kea-dhcp4.commands", "kea-dhcp6.dhcp6")
    assert (DHCP4.message("STARTED"), DHCP6.message("INIT_FAIL")) == ("DHCP4_STARTED", "DHCP6_INIT_FAIL")
    assert (DHCP6.top, DHCP6.packets, DHCP6.lease_file) == ("Dhcp6", "pkt6", "kea-leases6.csv")


def test_a_family_stays_itself_in_a_child() -> None:
    assert pickle.loads(pickle.dumps(DHCP6)) == FAMILIES[6]
