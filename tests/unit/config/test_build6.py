"""What only a DHCPv6 configuration has."""

from typing import Any

import pytest

from kea_mp.config.load import config6_from_json
from kea_mp.config.model import Lifetime
from kea_mp.config.model6 import ClientClass6, Config6, ServerId
from kea_mp.family import DHCP6


def config(**dhcp6: Any) -> Config6:
    return config6_from_json({"Dhcp6": {"server-tag": "", **{n.replace("_", "-"): v for n, v in dhcp6.items()}}})


@pytest.fixture(autouse=True)
def _folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEA_MP_DATA_DIR", "/d")


def test_without_any_setting_all_is_as_in_kea() -> None:
    found = config()
    assert found.family is DHCP6
    assert found.server_id == ServerId("/d/kea-dhcp6-serverid")
    assert found.lease_database.name == "/d/kea-leases6.csv"
    assert (found.mac_sources, found.host_identifiers) == (("any",), ("hw-address", "duid"))
    assert found.relay_supplied_options == {65}
    parameters = found.global_parameters
    assert parameters.valid_lifetime == Lifetime(7200, 7200, 7200)
    assert parameters.preferred_lifetime is None
    assert (parameters.calculate_tee_times, parameters.t1_percent, parameters.t2_percent) == (True, 0.5, 0.8)
    assert (parameters.allocator, parameters.pd_allocator) == ("iterative", "iterative")


def test_a_server_identifier_has_its_parts() -> None:
    part = {"type": "LL", "htype": 8, "identifier": "0a 0b", "persist": False, "time": 7, "enterprise-id": 9}
    expected = ServerId("/d/kea-dhcp6-serverid", "LL", 8, b"\x0a\x0b", 7, 9, persist=False)
    assert config(server_id=part).server_id == expected


def test_the_data_directory_holds_leases_and_server_identifier() -> None:
    found = config(data_directory="/e", lease_database={"type": "memfile", "name": "l.csv"})
    assert (found.server_id.file, found.lease_database.name) == ("/e/kea-dhcp6-serverid", "/e/l.csv")
    assert "DHCP6_DATA_DIRECTORY_DEPRECATED" in found.warnings[0]


def test_sources_of_hardware_addresses_have_one_name_each() -> None:
    assert config(mac_sources=["rfc4649", "rfc6939", "duid"]).mac_sources == (
        "remote-id",
        "client-link-addr-option",
        "duid",
    )


def test_options_that_relays_may_supply_are_names_or_numbers() -> None:
    definition = {"name": "mine", "code": 1000, "type": "uint8"}
    found = config(relay_supplied_options=["dns-servers", "110", "mine"], option_def=[definition])
    assert found.relay_supplied_options == {23, 65, 110, 1000}


def test_a_class_has_both_lifetimes() -> None:
    classes = [{"name": "a", "preferred-lifetime": 7, "max-valid-lifetime": 9}]
    expected = ClientClass6("a", preferred_lifetime=Lifetime(7, 7, 7), valid_lifetime=Lifetime(9, 9, 9))
    assert config(client_classes=classes).classes == (expected,)


def test_address_registration_may_be_turned_off() -> None:
    assert config().allow_address_registration
    assert not config(allow_address_registration=False).allow_address_registration


def test_sub_options_follow_their_container_with_numbers_of_two_bytes() -> None:
    options = [
        {"name": "s46-cont-mape"},
        {"name": "s46-br", "space": "s46-cont-mape-options", "data": "2001:db8::1"},
    ]
    (container,) = config(option_data=options).options["dhcp6"][94]
    assert container.data == bytes.fromhex("005a001020010db8000000000000000000000001")


def test_an_interface_may_have_an_address_besides() -> None:
    found = config(interfaces_config={"interfaces": ["eth0", "eth0/2001:db8::1"]}).interfaces
    assert found.names == ("eth0", "eth0/2001:db8::1")
