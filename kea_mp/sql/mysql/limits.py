"""Lease limits: Kea's limits hook asks `checkLease{4,6}Limits` with the limits that hold for a packet, as JSON.

The answer is "" when the packet may have a lease, or a sentence that names the limit that is reached.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.mysql.shape import Routine

#: word of the limit → lease type, by protocol
_WORDS: dict[int, dict[str, int | None]] = {4: {"address": None}, 6: {"address": 0, "prefix": 2}}


def _check(word: str, count: str, whom: str) -> str:
    return f"""
    IF allowed IS NOT NULL THEN
        SET held = (SELECT IFNULL(SUM(s.leases), 0) FROM {count});
        IF allowed <= held THEN
            RETURN CONCAT('{word} limit ', allowed, ' for {whom}, current lease count ', held);
        END IF;
    END IF;"""


def _routine(v: int) -> Routine:
    of_class, of_subnet = "", ""
    for word, kind in _WORDS[v].items():
        typed = "" if kind is None else f" AND s.lease_type = {kind}"
        counted = f"lease{v}_stat_by_client_class s WHERE s.client_class = name{typed}"
        of_class += f"SET allowed = JSON_EXTRACT(entry, '$.\"{word}-limit\"');"
        of_class += _check(word, counted, """client class "', name, '\"""")
        counted = f"lease{v}_stat s WHERE s.subnet_id = subnet AND s.state = 0{typed}"
        of_subnet += f"SET allowed = JSON_EXTRACT(user_context, '$.ISC.limits.subnet.\"{word}-limit\"');"
        of_subnet += _check(word, counted, "subnet ID ', subnet, '")
    body = f"""
BEGIN
    DECLARE entries, entry text;
    DECLARE name varchar(255);
    DECLARE number, subnet int unsigned DEFAULT 0;
    DECLARE allowed, held bigint;
    SET entries = JSON_EXTRACT(user_context, '$.ISC.limits."client-classes"');
    WHILE number < JSON_LENGTH(entries) DO
        SET entry = JSON_EXTRACT(entries, CONCAT('$[', number, ']'));
        SET name = JSON_UNQUOTE(JSON_EXTRACT(entry, '$.name'));
        {of_class}
        SET number = number + 1;
    END WHILE;
    SET subnet = JSON_EXTRACT(user_context, '$.ISC.limits.subnet.id');
    {of_subnet}
    RETURN '';
END"""
    return Routine(f"checkLease{v}Limits", "user_context text", body, "text READS SQL DATA")


_JSON = Routine(
    "isJsonSupported",
    "",
    """
BEGIN
    DECLARE one int DEFAULT 0;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION RETURN false;
    SET one = JSON_EXTRACT('[1]', '$[0]');
    RETURN one = 1;
END""",
    "tinyint(1) DETERMINISTIC",
)

ROUTINES = (_routine(4), _routine(6), _JSON)
