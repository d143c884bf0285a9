"""Lease statistics: triggers that count a row, and Kea's procedures for the same.

MySQL has row triggers only. Ours write the counters themselves and call a procedure only for a lease whose
user-context names client classes; a renewal compares three columns and writes nothing. The row that a change takes from
and the row that it adds to are written in the order of their keys, so that two transactions never wait for each other
in a circle for them.

Kea's procedures, one per table and event, are kept: scripts for Kea may call them.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.mysql.shape import Routine, Trigger
from kea_mp.sql.statistics import COUNTED_BY_CLASS, COUNTERS, HAS_CLASSES, Counter, class_keys

_TYPES = {"state": "tinyint", "subnet_id": "int unsigned", "pool_id": "int unsigned", "lease_type": "tinyint"}
# "Not JSON" in MySQL and the like in MariaDB: such a user-context has no classes.
_TOLERANT = "DECLARE CONTINUE HANDLER FOR 3141 BEGIN END;\n    DECLARE CONTINUE HANDLER FOR 4037 BEGIN END;"


def _where(keys: tuple[str, ...], values: tuple[str, ...]) -> str:
    return " AND ".join(f"{key} = {value}" for key, value in zip(keys, values, strict=True))


def _more(table: str, keys: tuple[str, ...], values: tuple[str, ...]) -> str:
    """An insert that becomes an update is cheaper than an update that is looked at whether it found its row."""
    return (
        f"INSERT INTO {table} ({', '.join(keys)}, leases) VALUES ({', '.join(values)}, 1) "
        "ON DUPLICATE KEY UPDATE leases = leases + 1;"
    )


def _less(table: str, keys: tuple[str, ...], values: tuple[str, ...]) -> str:
    return f"UPDATE {table} SET leases = IF(leases > 0, leases - 1, 0) WHERE {_where(keys, values)};"


def _of(row: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{row}{name}" for name in names)


def _added(c: Counter, new: str) -> str:
    return f"IF {c.counts(f'{new}state')} THEN {_more(c.table, c.keys, _of(new, c.keys))} END IF;"


def _taken(c: Counter, old: str) -> str:
    return f"IF {c.counts(f'{old}state')} THEN {_less(c.table, c.keys, _of(old, c.keys))} END IF;"


def _moved(c: Counter, old: str, new: str) -> str:
    """Take from one row and add to the other, the smaller key first."""
    olds, news = _of(old, c.keys), _of(new, c.keys)
    differs = " OR ".join(f"{a} <> {b}" for a, b in zip(olds, news, strict=True))
    return f"""
    IF {differs} THEN
        IF ({", ".join(olds)}) < ({", ".join(news)}) THEN
            {_taken(c, old)}
            {_added(c, new)}
        ELSE
            {_added(c, new)}
            {_taken(c, old)}
        END IF;
    END IF;"""


# ---- triggers ----------------------------------------------------------------------------------------------------


def _triggers(v: int) -> tuple[Trigger, ...]:
    mine = [c for c in COUNTERS if c.v == v]
    kind = ("lease_type",) if v == 6 else ()
    table = f"lease{v}_stat_by_client_class"

    def classes(suffix: str, *rows: str) -> str:
        some = " OR ".join(f"{row}.user_context {HAS_CLASSES}" for row in rows)
        counts = " OR ".join(f"{row}.state = {COUNTED_BY_CLASS}" for row in rows)
        values = ", ".join(f"{row}.{name}" for row in rows for name in ("state", "user_context", *kind))
        return f"IF ({counts}) AND ({some}) THEN CALL lease{v}_{suffix}_{table}({values}); END IF;"

    bodies = {
        "AINS": ("AFTER INSERT", [*(_added(c, "NEW.") for c in mine), classes("AINS", "NEW")]),
        "AUPD": ("AFTER UPDATE", [*(_moved(c, "OLD.", "NEW.") for c in mine), classes("AUPD", "OLD", "NEW")]),
        "ADEL": ("AFTER DELETE", [*(_taken(c, "OLD.") for c in mine), classes("ADEL", "OLD")]),
    }
    return tuple(
        Trigger(f"lease{v}_{suffix}", f"lease{v}", event, "BEGIN\n    {}\nEND".format("\n    ".join(parts)))
        for suffix, (event, parts) in bodies.items()
    )


# ---- Kea's procedures for one row ----------------------------------------------------------------------------------


def _row_procedures(c: Counter) -> tuple[Routine, ...]:
    bodies = {
        "AINS": (("new",), _added(c, "new_")),
        "AUPD": (("old", "new"), _moved(c, "old_", "new_")),
        "ADEL": (("old",), _taken(c, "old_")),
    }
    return tuple(
        Routine(
            f"{c.lease}_{suffix}_{c.table}",
            ", ".join(f"{side}_{name} {_TYPES[name]}" for side in sides for name in c.arguments),
            f"BEGIN\n{body}\nEND",
        )
        for suffix, (sides, body) in bodies.items()
    )


def _each_class(side: str, action: str) -> str:
    """Run `action` for each of a lease's classes when its state counts."""
    return f"""
    IF {side}_state = {COUNTED_BY_CLASS} THEN
        SET number = 0;
        WHILE number < JSON_LENGTH({side}_classes) DO
            SET class = JSON_UNQUOTE(JSON_EXTRACT({side}_classes, CONCAT('$[', number, ']')));
            {action}
            SET number = number + 1;
        END WHILE;
    END IF;"""


def _class_procedures(v: int) -> tuple[Routine, ...]:
    table, keys = f"lease{v}_stat_by_client_class", class_keys(v)

    def values(side: str) -> tuple[str, ...]:
        return ("class", f"{side}_lease_type")[: len(keys)]

    more = _each_class("new", _more(table, keys, values("new")))
    less = _each_class("old", _less(table, keys, values("old")))
    changed = "old_state <> new_state OR old_classes <> new_classes"
    if v == 6:
        changed += " OR old_lease_type <> new_lease_type"
    bodies = {
        "AINS": (("new",), more),
        "AUPD": (("old", "new"), f"IF {changed} THEN{less}{more}\nEND IF;"),
        "ADEL": (("old",), less),
    }
    made = []
    for suffix, (sides, body) in bodies.items():
        kinds = {"state": "tinyint", "user_context": "text"} | ({"lease_type": "tinyint"} if v == 6 else {})
        extracted = "".join(
            f'\n    SET {side}_classes = JSON_EXTRACT({side}_user_context, \'$."ISC"."client-classes"\');'
            for side in sides
        )
        made.append(
            Routine(
                f"lease{v}_{suffix}_{table}",
                ", ".join(f"{side}_{name} {kind}" for side in sides for name, kind in kinds.items()),
                f"""
BEGIN
    DECLARE {", ".join(f"{side}_classes" for side in sides)} text;
    DECLARE class varchar(255);
    DECLARE number int;
    {_TOLERANT}{extracted}
    {body}
END""",
            )
        )
    return tuple(made)


ROUTINES = (
    *(routine for counter in COUNTERS for routine in _row_procedures(counter)),
    *_class_procedures(4),
    *_class_procedures(6),
)
TRIGGERS = (*_triggers(4), *_triggers(6))
