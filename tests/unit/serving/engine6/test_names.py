"""Client FQDN: what the client gets back and what its leases keep.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.config.model import Ddns
from kea_mp.dhcp.message6 import REBIND, RENEW, REQUEST, SOLICIT
from kea_mp.dhcp.names import FLAG6_N, FLAG6_O, FLAG6_S, Fqdn6, parse_fqdn6
from tests.unit.serving.engine6.world import (
    Store,
    a,
    answered,
    engine,
    host,
    lease,
    na,
    packet,
    parameters,
    pd,
    pd_pool,
    pool,
    subnet,
)

FQDN = 39


def fqdn(name: str, full: bool = True, flags: int = FLAG6_S) -> dict[int, bytes]:
    return {FQDN: Fqdn6(flags, name, full).pack()}


def named(rules: Ddns, **more: object) -> object:
    return engine(subnet(parameters=parameters(ddns=rules), **more))


def test_a_full_name_is_told_and_kept_in_lower_case() -> None:
    store = Store()
    answer = answered(engine(), packet(REQUEST, na(), opts=fqdn("Host.Example.org")), store)
    assert parse_fqdn6(answer[FQDN]) == Fqdn6(FLAG6_N | FLAG6_O, "host.example.org", True)
    assert store.rows[a("::10")].hostname == "host.example.org."
    assert not store.rows[a("::10")].fqdn_fwd


def test_a_client_that_does_its_updates_itself_is_not_overruled() -> None:
    answer = answered(engine(), packet(SOLICIT, na(), opts=fqdn("h.example", flags=0)))
    assert parse_fqdn6(answer[FQDN]).flags == FLAG6_N


def test_a_partial_name_is_completed() -> None:
    server = named(Ddns(qualifying_suffix="example.com"))
    answer = answered(server, packet(SOLICIT, na(), opts=fqdn("h", False)))  # type: ignore[arg-type]
    assert parse_fqdn6(answer[FQDN]) == Fqdn6(FLAG6_N | FLAG6_O, "h.example.com", True)


def test_an_empty_name_is_made_from_the_address_when_a_lease_is_written() -> None:
    server = named(Ddns(qualifying_suffix="example.com"))
    store = Store()
    assert parse_fqdn6(answered(server, packet(SOLICIT, na(), opts=fqdn("", False)), store)[FQDN]).name == ""  # type: ignore[arg-type]
    answer = answered(server, packet(REQUEST, na(), opts=fqdn("", False)), store)  # type: ignore[arg-type]
    assert parse_fqdn6(answer[FQDN]).name == "myhost-2001-db8--10.example.com"
    assert store.rows[a("::10")].hostname == "myhost-2001-db8--10.example.com."


def test_only_the_first_address_gets_the_made_name() -> None:
    store = Store()
    server = engine(subnet(pd_pools=(pd_pool(),)))
    answered(server, packet(REQUEST, na(1), na(2), pd(3), opts=fqdn("", False)), store)
    assert [row.hostname for row in store.rows.values()] == ["myhost-2001-db8--10.", "", ""]


def test_all_leases_keep_the_name_of_the_client() -> None:
    store = Store()
    answered(engine(subnet(pd_pools=(pd_pool(),))), packet(REQUEST, na(1), pd(3), opts=fqdn("h.x")), store)
    assert [row.hostname for row in store.rows.values()] == ["h.x.", "h.x."]


def test_the_reserved_name_comes_first() -> None:
    rules = Ddns(qualifying_suffix="example.com")
    store = Store()
    server = named(rules, hosts=(host(hostname="reserved"),))
    answer = answered(server, packet(REQUEST, na(), opts=fqdn("h.x")), store)  # type: ignore[arg-type]
    assert parse_fqdn6(answer[FQDN]).name == "reserved.example.com"
    assert store.rows[a("::10")].hostname == "reserved.example.com."


def test_without_a_client_fqdn_the_reserved_name_is_kept_as_it_is_and_not_told() -> None:
    store = Store()
    server = named(Ddns(qualifying_suffix="example.com"), hosts=(host(hostname="Reserved"),))
    answer = answered(server, packet(REQUEST, na()), store)  # type: ignore[arg-type]
    assert FQDN not in answer
    assert store.rows[a("::10")].hostname == "Reserved"


@pytest.mark.parametrize("mode", ["always", "when-present"])
def test_a_name_may_be_replaced(mode: str) -> None:
    answer = answered(named(Ddns(replace_client_name=mode)), packet(REQUEST, na(), opts=fqdn("h.x")))  # type: ignore[arg-type]
    assert parse_fqdn6(answer[FQDN]).name == "myhost-2001-db8--10"


def test_a_client_without_a_name_gets_none() -> None:
    store = Store()
    answer = answered(named(Ddns(replace_client_name="always")), packet(REQUEST, na()), store)  # type: ignore[arg-type]
    assert FQDN not in answer
    assert store.rows[a("::10")].hostname == ""


def test_a_name_is_cleaned() -> None:
    rules = Ddns(hostname_char_set="[^a-z]", hostname_char_replacement="-")
    answer = answered(named(rules), packet(SOLICIT, na(), opts=fqdn("h_h.x")))  # type: ignore[arg-type]
    assert parse_fqdn6(answer[FQDN]).name == "h-h.x"


def test_the_pool_of_the_address_may_have_rules_of_its_own() -> None:
    pools = (pool("::10", "::1f", ddns=Ddns(qualifying_suffix="pool.example")),)
    answer = answered(engine(subnet(pools=pools)), packet(SOLICIT, na(), opts=fqdn("h", False)))
    assert parse_fqdn6(answer[FQDN]).name == "h.pool.example"


@pytest.mark.parametrize("kind", [RENEW, REBIND])
def test_a_renewal_with_another_name_is_written(kind: int) -> None:
    store = Store.of(lease("::10", age=10, hostname="old.x."))
    answered(engine(), packet(kind, na(1, "::10"), opts=fqdn("new.x")), store)
    assert store.rows[a("::10")].hostname == "new.x."
