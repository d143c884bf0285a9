"""Host names and FQDN options of a server that sends no DNS updates.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.config.model import Ddns
from kea_mp.dhcp.message4 import DISCOVER, REQUEST
from kea_mp.values import packed4
from tests.unit.serving.engine.world import (
    SERVER,
    Store,
    a,
    answered,
    config,
    host,
    lease,
    packet,
    parameters,
    pool,
    subnet,
)
from workers.serving.engine.client_names import generated, label_count, python_pattern, qualified, scrubbed
from workers.serving.engine.exchange import Engine4

CLEAN = "[^A-Za-z0-9.-]"
WIRE = b"\x04host"


def engine(*hosts, **rules) -> Engine4:
    rules.setdefault("hostname_char_set", CLEAN)
    return Engine4(config(subnet(hosts=hosts, parameters=parameters(ddns=Ddns(**rules)))))


def hostname(engine: Engine4, sent: bytes | None) -> bytes | None:
    answer = answered(engine, packet(DISCOVER, opts={} if sent is None else {12: sent}))
    return answer.message.options.get(12)


def fqdn(engine: Engine4, flags: int, name: bytes) -> bytes | None:
    answer = answered(engine, packet(DISCOVER, opts={81: bytes((flags, 0, 0)) + name}))
    return answer.message.options.get(81)


@pytest.mark.parametrize(
    ("rules", "sent", "back"),
    [
        ({}, None, None),
        ({}, b"PC", b"pc"),
        ({}, b"pc\0", b"pc"),
        ({}, b" pc ", b"pc"),
        ({}, b"p_c", b"pc"),
        ({"hostname_char_replacement": "x"}, b"p_c", b"pxc"),
        ({}, b"___", None),
        ({}, b"a..b", None),
        ({}, b".", b"myhost-192-0-2-10"),
        ({"qualifying_suffix": "x.org"}, b"pc", b"pc.x.org"),
        ({"qualifying_suffix": "x.org."}, b"pc", b"pc.x.org"),
        ({"qualifying_suffix": "x.org"}, b"pc.y.org", b"pc.y.org"),
        ({"qualifying_suffix": "x.org"}, b"pc.", b"pc"),
        ({"replace_client_name": "always"}, b"pc", b"myhost-192-0-2-10"),
        ({"replace_client_name": "always"}, None, b"myhost-192-0-2-10"),
        ({"replace_client_name": "when-present"}, b"pc", b"myhost-192-0-2-10"),
        ({"replace_client_name": "when-present"}, None, None),
        ({"replace_client_name": "when-not-present"}, b"pc", b"pc"),
        ({"replace_client_name": "when-not-present", "generated_prefix": "p"}, None, b"p-192-0-2-10"),
    ],
)
def test_a_host_name_comes_back(rules, sent, back):
    assert hostname(engine(**rules), sent) == back


@pytest.mark.parametrize(
    ("rules", "flags", "sent", "back"),
    [
        ({}, 0b0101, WIRE + b"\1x\3org\0", b"\x0e\0\0" + WIRE + b"\1x\3org\0"),
        ({}, 0b0100, WIRE + b"\0", b"\x0c\0\0" + WIRE + b"\0"),
        ({}, 0b1100, WIRE + b"\0", b"\x0c\0\0" + WIRE + b"\0"),
        ({}, 0b0001, b"Host.X.org.", b"\x0a\0\0host.x.org."),
        ({}, 0b0101, WIRE, b"\x0e\0\0" + WIRE + b"\0"),
        ({"qualifying_suffix": "x.org"}, 0b0101, WIRE, b"\x0e\0\0" + WIRE + b"\1x\3org\0"),
        ({"qualifying_suffix": "x.org"}, 0b0101, WIRE + b"\0", b"\x0e\0\0" + WIRE + b"\0"),
        ({}, 0b0101, b"\4h_st\0", b"\x0e\0\0\3hst\0"),
        ({}, 0b0101, b"\1_\0", None),
        ({}, 0b0101, b"", b"\x0e\0\0\x11myhost-192-0-2-10\0"),
        ({"replace_client_name": "always"}, 0b0101, WIRE + b"\0", b"\x0e\0\0\x11myhost-192-0-2-10\0"),
        ({"override_client_update": True}, 0b0100, WIRE + b"\0", b"\x0c\0\0" + WIRE + b"\0"),
    ],
)
def test_an_fqdn_comes_back(rules, flags, sent, back):
    assert fqdn(engine(**rules), flags, sent) == back


def test_an_fqdn_goes_before_a_host_name():
    answer = answered(engine(), packet(DISCOVER, opts={12: b"other", 81: b"\4\0\0" + WIRE + b"\0"}))
    assert (12 in answer, 81 in answer) == (False, True)


def test_a_reserved_name_goes_before_the_clients():
    assert hostname(engine(host(hostname="Mine"), qualifying_suffix="x.org"), b"pc") == b"mine.x.org"


def test_a_reserved_name_is_sent_unasked():
    assert hostname(engine(host(hostname="mine")), None) == b"mine"


def test_a_reserved_name_answers_an_fqdn():
    assert fqdn(engine(host(hostname="Mine"), qualifying_suffix="x.org"), 1, b"pc") == b"\x0a\0\0mine.x.org."


def test_the_rules_of_the_pool_replace_those_of_the_subnet():
    pools = (pool(".10", ".20", ddns=Ddns(qualifying_suffix="pool.org")),)
    one = subnet(pools=pools, parameters=parameters(ddns=Ddns(qualifying_suffix="sub.org")))
    assert hostname(Engine4(config(one)), b"pc") == b"pc.pool.org"


@pytest.mark.parametrize(
    ("opts", "stored"),
    [({}, ""), ({12: b"PC"}, "pc"), ({81: b"\1\0\0pc.x.org."}, "pc.x.org."), ({12: b"."}, "myhost-192-0-2-10")],
)
def test_the_lease_keeps_the_name(opts, stored):
    store = Store()
    query = packet(REQUEST, opts={54: packed4(SERVER), 50: packed4(a(".10")), **opts})
    answered(engine(), query, store)
    row = store.rows[a(".10")]
    assert (row.hostname, row.fqdn_fwd, row.fqdn_rev) == (stored, False, False)


def test_a_young_lease_without_a_name_is_written_when_one_is_made():
    store = Store.of(lease(".10", age=5))
    answered(engine(), packet(REQUEST, ciaddr=a(".10"), source=a(".10"), destination=SERVER, opts={12: b"."}), store)
    assert store.rows[a(".10")].hostname == "myhost-192-0-2-10"


def test_a_made_name_keeps_the_case_of_the_suffix_in_the_lease_only():
    store = Store()
    query = packet(REQUEST, opts={54: packed4(SERVER), 50: packed4(a(".10")), 81: b"\1\0\0"})
    answer = answered(engine(qualifying_suffix="Ex.org"), query, store)
    assert store.rows[a(".10")].hostname == "myhost-192-0-2-10.Ex.org."
    assert answer[81] == b"\x0a\0\0myhost-192-0-2-10.ex.org."


def test_a_renewal_without_name_takes_the_name_away():
    store = Store.of(lease(".10", hostname="pc", age=5))
    answered(engine(), packet(REQUEST, ciaddr=a(".10"), source=a(".10"), destination=SERVER), store)
    assert store.rows[a(".10")].hostname == ""


@pytest.mark.parametrize(
    ("name", "suffix", "dot", "result"),
    [
        ("a", "", False, "a"),
        ("a", "", True, "a."),
        ("a.", "x.org", True, "a."),
        ("a.x.org", "x.org", False, "a.x.org"),
        ("ax.org", "x.org", False, "ax.org.x.org"),
        ("x.org", "x.org", True, "x.org."),
        ("a", "x.org.", False, "a.x.org"),
    ],
)
def test_a_name_is_qualified(name, suffix, dot, result):
    assert qualified(name, suffix, dot) == result


def test_labels_are_counted_with_the_root():
    assert [label_count(name) for name in ("", ".", "a", "a.b", "a.b.", "a..b")] == [0, 1, 2, 3, 3, 0]


def test_a_generated_name_has_the_address_and_the_suffix():
    assert generated("192.0.2.1", Ddns(generated_prefix="p", qualifying_suffix="x"), True) == "p-192-0-2-1.x."


def test_posix_brackets_are_understood():
    assert python_pattern(r"[^[:alnum:].\-]") == r"[^A-Za-z0-9.\\-]"
    assert scrubbed("a_b", Ddns(hostname_char_set="[^[:alpha:]]", hostname_char_replacement="-")) == "a-b"


def test_the_replacement_may_name_what_matched():
    assert scrubbed("a_b", Ddns(hostname_char_set="_", hostname_char_replacement="<$&$$>")) == "a<_$>b"
