"""Lease limits: Kea's limits hook asks `checkLease{4,6}Limits` with the limits that hold for a packet, as JSON.

The answer is "" when the packet may have a lease, or a sentence that names the limit that is reached.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.postgresql.shape import Routine

#: word of the limit → lease type, by protocol
_WORDS: dict[int, dict[str, int | None]] = {4: {"address": None}, 6: {"address": 0, "prefix": 2}}


def _check(word: str, count: str, whom: str) -> str:
    return f"""
    IF allowed IS NOT NULL THEN
        SELECT COALESCE(sum(s.leases), 0) INTO held FROM {count};
        IF allowed <= held THEN
            RETURN concat('{word} limit ', allowed, ' for {whom}, current lease count ', held);
        END IF;
    END IF;"""


def _routine(v: int) -> Routine:
    of_class, of_subnet = "", ""
    for word, kind in _WORDS[v].items():
        typed = "" if kind is None else f" AND s.lease_type = {kind}"
        counted = f"lease{v}_stat_by_client_class s WHERE s.client_class = name{typed}"
        of_class += f"allowed := entry -> '{word}-limit';"
        of_class += _check(word, counted, """client class "', name, '\"""")
        counted = f"lease{v}_stat s WHERE s.subnet_id = subnet AND s.state = 0{typed}"
        of_subnet += f"allowed := limits -> 'subnet' -> '{word}-limit';"
        of_subnet += _check(word, counted, "subnet ID ', subnet, '")
    body = f"""
DECLARE
    limits json := json_cast(user_context) -> 'ISC' -> 'limits';
    subnet bigint := limits -> 'subnet' -> 'id';
    entry json;
    name varchar(255);
    allowed bigint;
    held bigint;
BEGIN
    FOR entry IN SELECT e FROM json_array_elements(limits -> 'client-classes') e LOOP
        name := trim('"' FROM (entry -> 'name')::text);
        {of_class}
    END LOOP;
    {of_subnet}
    RETURN '';
END"""
    return Routine(f"checklease{v}limits", "user_context text", "text", body)


ROUTINES = (_routine(4), _routine(6))
