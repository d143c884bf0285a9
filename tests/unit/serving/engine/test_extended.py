"""Relay information in leases: stored, and taken back.

Runs in: any
"""

from __future__ import annotations

import json

from kea_mp.dhcp.message4 import DISCOVER, REQUEST
from kea_mp.leases.json4 import kea_json
from kea_mp.values import packed4
from tests.unit.serving.engine.world import SERVER, Store, a, answered, config, host, lease, packet, parameters, subnet
from workers.serving.engine.exchange import Engine4

AGENT = b"\x02\x02rm\x01\x02ci\x0c\x02id"
STORED = '{ "ISC": { "relay-agent-info": { "relay-id": "6964", "remote-id": "726D", "sub-options": "0x010263690202726D0C026964" } } }'  # fmt: skip  # noqa: E501
KEEPING = parameters(store_extended_info=True)


def selecting(agent: bytes | None = AGENT):
    opts = {54: packed4(SERVER), 50: packed4(a(".10")), **({} if agent is None else {82: agent})}
    return packet(REQUEST, giaddr=a(".1"), opts=opts)


def stored(store: Store, agent: bytes | None = AGENT):
    answered(Engine4(config(subnet(parameters=KEEPING))), selecting(agent), store)
    return store.rows[a(".10")]


def test_relay_information_is_stored_as_kea_writes_it():
    row = stored(Store())
    assert (row.user_context, row.relay_id, row.remote_id) == (STORED, b"id", b"rm")


def test_relay_information_is_not_stored_by_default():
    store = Store()
    answered(Engine4(config()), selecting(), store)
    assert store.rows[a(".10")].user_context == ""


def test_other_context_of_the_lease_stays():
    row = stored(Store.of(lease(".10", user_context='{"note": [1, "x"], "ISC": {"other": true}}')))
    context = json.loads(row.user_context)
    assert (context["note"], context["ISC"]["other"], "relay-agent-info" in context["ISC"]) == ([1, "x"], True, True)


def test_without_relay_information_what_is_stored_stays():
    row = stored(Store.of(lease(".10", user_context=STORED, remote_id=b"rm")), None)
    assert (row.user_context, row.remote_id) == (STORED, b"rm")


def test_other_relay_information_makes_a_young_lease_be_written():
    store = Store.of(lease(".10", age=5, user_context=STORED))
    stored(store, b"\x01\x02xx")
    assert len(store.writes) == 1


STASHING = Engine4(
    config(
        subnet(parameters=KEEPING, hosts=(host(kind="circuit-id", value=b"ci", hostname="bycirc"),)),
        stash_agent_options=True,
    )
)


def renewing(**more):
    return packet(REQUEST, ciaddr=a(".10"), source=a(".10"), destination=SERVER, **more)


def test_a_direct_renewal_is_known_by_the_relay_information_of_its_lease():
    answer = answered(STASHING, renewing(), Store.of(lease(".10", user_context=STORED)))
    assert (answer[12], 82 in answer) == (b"bycirc", False)


def test_relay_information_in_the_old_layout_is_understood():
    old = '{ "ISC": { "relay-agent-info": "0x01026369" } }'
    assert answered(STASHING, renewing(), Store.of(lease(".10", user_context=old)))[12] == b"bycirc"


def test_relay_information_of_anothers_or_an_expired_or_a_garbled_lease_is_not_taken():
    for row in (
        lease(".10", user_context=STORED, age=9999),
        lease(".10", user_context="{ garbled"),
        lease(".10", user_context='{ "ISC": { "relay-agent-info": "0xZZ" } }'),
    ):
        assert 12 not in answered(STASHING, renewing(), Store.of(row))


def test_a_discover_is_not_looked_up_for_relay_information():
    store = Store()
    answered(STASHING, packet(DISCOVER), store)
    assert len(store.asked) == 1


def test_json_is_written_as_kea_writes_it():
    assert kea_json({"b": [], "a": {}, "c": [1, "x"]}) == '{ "a": {  }, "b": [  ], "c": [ 1, "x" ] }'
