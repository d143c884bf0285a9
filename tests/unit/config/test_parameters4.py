"""Inheritance from global over shared network to subnet and pool."""

from typing import Any

from kea_mp.config.load import config4_from_json
from kea_mp.config.model import Config4, Lifetime, Parameters4
from kea_mp.values import address4


def config(**dhcp4: Any) -> Config4:
    return config4_from_json({"Dhcp4": {name.replace("_", "-"): value for name, value in dhcp4.items()}})


def inherited(top: dict[str, Any], network: dict[str, Any], subnet: dict[str, Any]) -> Parameters4:
    inner = {"id": 1, "subnet": "192.0.2.0/24", **subnet}
    value = {**top, "shared-networks": [{"name": "n", "subnet4": [inner], **network}]}
    return config4_from_json({"Dhcp4": value}).subnets[0].parameters


def test_without_anything_kea_s_defaults_hold() -> None:
    found = inherited({}, {}, {})
    assert found.valid_lifetime == Lifetime(7200, 7200, 7200)
    assert (found.renew_timer, found.rebind_timer, found.t1_percent, found.t2_percent) == (None, None, 0.5, 0.875)
    assert (found.cache_threshold, found.cache_max_age, found.offer_lifetime) == (0.25, 0, 0)
    assert (found.match_client_id, found.authoritative, found.allocator) == (True, False, "iterative")
    assert (found.ddns.generated_prefix, found.ddns.hostname_char_set) == ("myhost", "[^A-Za-z0-9.-]")


def test_a_cache_age_of_nothing_turns_caching_off() -> None:
    assert inherited({"cache-max-age": 0}, {}, {}).cache_threshold == 0.0
    assert inherited({"cache-max-age": 0}, {}, {"cache-max-age": 60}).cache_threshold == 0.25


def test_the_nearest_level_wins() -> None:
    for levels, expected in (
        (({"renew-timer": 1}, {}, {}), 1),
        (({"renew-timer": 1}, {"renew-timer": 2}, {}), 2),
        (({"renew-timer": 1}, {"renew-timer": 2}, {"renew-timer": 3}), 3),
        (({"renew-timer": 1}, {}, {"renew-timer": 3}), 3),
    ):
        assert inherited(*levels).renew_timer == expected


def test_the_three_lifetimes_are_inherited_each_on_its_own() -> None:
    found = inherited({"min-valid-lifetime": 100}, {"max-valid-lifetime": 9000}, {"valid-lifetime": 500})
    assert found.valid_lifetime == Lifetime(default=500, min=100, max=9000)


def test_empty_text_for_booting_means_what_the_outer_level_says() -> None:
    top = {"next-server": "192.0.2.1", "server-hostname": "s", "boot-file-name": "b"}
    found = inherited(top, {}, {"next-server": "", "server-hostname": "", "boot-file-name": "c"})
    assert (found.next_server, found.server_hostname, found.boot_file_name) == (address4("192.0.2.1"), "s", "c")


def test_an_explicit_zero_next_server_hides_the_outer_one() -> None:
    assert inherited({"next-server": "192.0.2.1"}, {}, {"next-server": "0.0.0.0"}).next_server == 0


def test_a_class_of_characters_is_spelt_out_for_python() -> None:
    found = inherited({"hostname-char-set": "[^[:alnum:].-]"}, {}, {})
    assert found.ddns.hostname_char_set == "[^A-Za-z0-9.-]"


def test_a_pool_has_names_of_its_own_only_when_it_sets_them() -> None:
    pools = [{"pool": "192.0.2.0/28"}, {"pool": "192.0.2.16/28", "ddns-qualifying-suffix": "p."}]
    subnet = {"id": 1, "subnet": "192.0.2.0/24", "ddns-generated-prefix": "s", "pools": pools}
    plain, own = config(subnet4=[subnet]).subnets[0].pools
    assert plain.ddns is None
    assert own.ddns is not None
    assert (own.ddns.qualifying_suffix, own.ddns.generated_prefix) == ("p.", "s")


def test_subnets_that_set_nothing_share_the_parameters_of_their_network() -> None:
    subnets = [{"id": i, "subnet": f"10.0.{i}.0/24"} for i in (1, 2)]
    found = config(shared_networks=[{"name": "n", "renew-timer": 5, "subnet4": subnets}]).subnets
    assert found[0].parameters is found[1].parameters


def test_renewing_after_rebinding_is_warned_about() -> None:
    (warning,) = config(renew_timer=20, rebind_timer=10).warnings
    assert warning.startswith("DHCPSRV_CFGMGR_RENEW_GTR_REBIND")
