"""Client classes as values."""

from typing import Any

from kea_mp.config.load import config4_from_json
from kea_mp.config.model import ClientClass4, Lifetime
from kea_mp.values import address4


def one(**keys: Any) -> ClientClass4:
    item = {"name": "a", **{name.replace("_", "-"): value for name, value in keys.items()}}
    (found,) = config4_from_json({"Dhcp4": {"client-classes": [item], "valid-lifetime": 5000}}).classes
    return found


def test_a_class_inherits_nothing() -> None:
    assert one() == ClientClass4("a")


def test_a_class_keeps_all_that_it_gives() -> None:
    found = one(
        next_server="192.0.2.1", server_hostname="s", boot_file_name="b", offer_lifetime=0, user_context={"x": 1}
    )
    assert (found.next_server, found.server_hostname, found.boot_file_name) == (address4("192.0.2.1"), "s", "b")
    assert (found.offer_lifetime, found.user_context) == (0, {"x": 1})


def test_one_of_the_three_lifetimes_is_enough() -> None:
    assert one(min_valid_lifetime=5).valid_lifetime == Lifetime(5, 5, 5)
    assert one(max_valid_lifetime=5).valid_lifetime == Lifetime(5, 5, 5)
    assert one(valid_lifetime=5, max_valid_lifetime=9).valid_lifetime == Lifetime(5, 5, 9)


def test_the_older_name_of_the_additional_list_means_the_same() -> None:
    assert one(only_if_required=True).only_in_additional_list
    assert one(only_in_additional_list=True).only_in_additional_list
