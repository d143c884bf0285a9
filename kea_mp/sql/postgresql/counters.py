"""Lease statistics: triggers that count once for a statement, and Kea's functions that count one row.

A trigger sums up what its statement has changed for each row of a statistics table and writes those rows in the order
of their keys, so that two batches never wait for each other in a circle within one table. A renewal changes no sum and
writes nothing. A row that would fall below zero stays at zero, a decrease makes no row: as in Kea.

Kea's own functions, one per table and event, are kept, with the trigger functions that call them: upgrade scripts
replace them. Our triggers do not run them.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.postgresql.shape import Routine, Trigger
from kea_mp.sql.statistics import COUNTED_BY_CLASS, COUNTERS, HAS_CLASSES, Counter, class_keys

_TYPES = {"state": "bigint", "subnet_id": "bigint", "pool_id": "bigint", "lease_type": "smallint"}
_CLASSES = "json_cast({row}user_context) -> 'ISC' -> 'client-classes'"


# ---- once for a statement ----------------------------------------------------------------------------------------


def _apply(table: str, keys: tuple[str, ...], change: str) -> str:
    """Add the changes that the query `change` gives (keys and n, none of them 0) to the table."""
    names = ", ".join(keys)
    present = " AND ".join(f"s.{key} = c.{key}" for key in keys)
    return f"""
    INSERT INTO {table} AS s ({names}, leases)
    SELECT {", ".join(f"c.{key}" for key in keys)}, c.n FROM ({change}) c
    WHERE c.n > 0 OR EXISTS (SELECT FROM {table} s WHERE {present})
    ORDER BY {", ".join(f"c.{key}" for key in keys)}
    ON CONFLICT ({names}) DO UPDATE SET leases = GREATEST(s.leases + EXCLUDED.leases, 0);"""


def _count(counter: Counter, rows: str, sign: str) -> str:
    names = ", ".join(counter.keys)
    where = counter.counts("state")
    return f"SELECT {names}, {sign}count(*)::bigint AS n FROM {rows} WHERE {where} GROUP BY {names}"


def _change(counter: Counter, event: str) -> str:
    if event == "insert":
        return _count(counter, "fresh", "")
    if event == "delete":
        return _count(counter, "gone", "-")
    names = ", ".join(counter.keys)
    both = f"{_count(counter, 'gone', '-')} UNION ALL {_count(counter, 'fresh', '')}"
    return f"SELECT {names}, sum(n)::bigint AS n FROM ({both}) b GROUP BY {names} HAVING sum(n) <> 0"


def _class_side(v: int, event: str, side: str) -> str:
    """Changes by client class: what the leases as they were ("old") take away, or as they are ("new") add. An update
    counts only where Kea sees one: another state, type or list of classes."""
    row, sign = ("o.", "-") if side == "old" else ("n.", "")
    source, changed = ("gone o" if side == "old" else "fresh n"), ""
    if event == "update":
        old, new = (_CLASSES.format(row=each) for each in ("o.", "n."))
        differs = " OR o.lease_type <> n.lease_type" if v == 6 else ""
        source = "gone o JOIN fresh n USING (address)"
        changed = (
            f" AND (o.state <> n.state OR o.user_context <> n.user_context AND ({old})::text <> ({new})::text{differs})"
        )
    kind = f", {row}lease_type" if v == 6 else ""
    return f"""
        SELECT trim('"' FROM e::text)::varchar(128) AS client_class{kind}, {sign}count(*)::bigint AS n
        FROM {source}, json_array_elements({_CLASSES.format(row=row)}) e
        WHERE {row}state = {COUNTED_BY_CLASS} AND {row}user_context {HAS_CLASSES}{changed}
        GROUP BY {", ".join(str(number) for number, _ in enumerate(class_keys(v), 1))}"""


def _count_classes(v: int, event: str) -> str:
    """A class may both lose and gain by one update, and must not fall below zero between: first the losses. All rows
    are locked in order before, since the gains come after losses of greater keys."""
    table, keys = f"lease{v}_stat_by_client_class", class_keys(v)
    if event == "insert":
        return _apply(table, keys, _class_side(v, event, "new"))
    if event == "delete":
        return _apply(table, keys, _class_side(v, event, "old"))
    sides = [_class_side(v, event, side) for side in ("old", "new")]
    names = ", ".join(f"s.{key}" for key in keys)
    chosen = " UNION ALL ".join(f"SELECT {', '.join(keys)} FROM ({side}) c" for side in sides)
    lock = f"""
    PERFORM FROM {table} s WHERE ({names}) IN ({chosen}) ORDER BY {names} FOR UPDATE;"""
    return lock + "".join(_apply(table, keys, side) for side in sides)


def _statement_function(v: int, event: str) -> Routine:
    sources = {"insert": ("fresh",), "update": ("gone", "fresh"), "delete": ("gone",)}[event]
    counted = "".join(_apply(c.table, c.keys, _change(c, event)) for c in COUNTERS if c.v == v)
    has_classes = " OR ".join(f"EXISTS (SELECT FROM {rows} WHERE user_context {HAS_CLASSES})" for rows in sources)
    body = f"BEGIN{counted}\n    IF {has_classes} THEN{_count_classes(v, event)}\n    END IF;\n    RETURN NULL;\nEND"
    return Routine(f"count_lease{v}_{event}", "", "trigger", body)


def _trigger(v: int, event: str, suffix: str) -> Trigger:
    tables = {
        "insert": "NEW TABLE AS fresh",
        "update": "OLD TABLE AS gone NEW TABLE AS fresh",
        "delete": "OLD TABLE AS gone",
    }[event]
    return Trigger(f"lease{v}_{suffix}", f"lease{v}", f"AFTER {event.upper()}", f"count_lease{v}_{event}", tables)


# ---- Kea's functions for one row -----------------------------------------------------------------------------------


def _parameters(sides: tuple[str, ...], arguments: tuple[str, ...]) -> str:
    return ", ".join(f"{side}_{name} {_TYPES[name]}" for side in sides for name in arguments)


def _more(table: str, keys: tuple[str, ...], values: str) -> str:
    names = ", ".join(keys)
    return f"""INSERT INTO {table} AS s ({names}, leases) VALUES ({values}, 1)
        ON CONFLICT ({names}) DO UPDATE SET leases = s.leases + 1;"""


def _less(table: str, keys: tuple[str, ...], values: tuple[str, ...]) -> str:
    where = " AND ".join(f"s.{key} = {value}" for key, value in zip(keys, values, strict=True))
    return f"UPDATE {table} s SET leases = GREATEST(s.leases - 1, 0) WHERE {where};"


def _row_functions(counter: Counter) -> tuple[Routine, ...]:
    table, keys = counter.table, counter.keys
    more = f"""
    IF {counter.counts("new_state")} THEN
        {_more(table, keys, ", ".join(f"new_{key}" for key in keys))}
    END IF;"""
    less = f"""
    IF {counter.counts("old_state")} THEN
        {_less(table, keys, tuple(f"old_{key}" for key in keys))}
    END IF;"""
    moved = " OR ".join(f"old_{name} <> new_{name}" for name in counter.arguments)
    bodies = {
        "ains": (("new",), more),
        "aupd": (("old", "new"), f"IF {moved} THEN{less}{more}\nEND IF;"),
        "adel": (("old",), less),
    }
    return tuple(
        Routine(
            f"{counter.lease}_{suffix}_{table}",
            _parameters(sides, counter.arguments),
            "void",
            f"BEGIN\n{body}\nEND",
        )
        for suffix, (sides, body) in bodies.items()
    )


def _class_functions(v: int) -> tuple[Routine, ...]:
    table, keys = f"lease{v}_stat_by_client_class", class_keys(v)
    kind = ", {side}_lease_type smallint" if v == 6 else ""

    def loop(side: str, action: str) -> str:
        classes = f"json_array_elements(json_cast({side}_user_context) -> 'ISC' -> 'client-classes')"
        return f"""
    IF {side}_state = {COUNTED_BY_CLASS} THEN
        FOR class IN SELECT trim('"' FROM e::text) FROM {classes} e LOOP
            {action}
        END LOOP;
    END IF;"""

    values = {side: ("class", f"{side}_lease_type")[: len(keys)] for side in ("old", "new")}
    more = loop("new", _more(table, keys, ", ".join(values["new"])))
    less = loop("old", _less(table, keys, values["old"]))
    changed = "old_state <> new_state OR ({old})::text <> ({new})::text".format(
        **{side: _CLASSES.format(row=f"{side}_") for side in ("old", "new")}
    )
    if v == 6:
        changed += " OR old_lease_type <> new_lease_type"
    bodies = {
        "ains": (("new",), more),
        "aupd": (("old", "new"), f"IF {changed} THEN{less}{more}\nEND IF;"),
        "adel": (("old",), less),
    }
    return tuple(
        Routine(
            f"lease{v}_{suffix}_{table}",
            ", ".join(f"{side}_state bigint, {side}_user_context text{kind.format(side=side)}" for side in sides),
            "void",
            f"DECLARE\n    class varchar(128);\nBEGIN\n{body}\nEND",
        )
        for suffix, (sides, body) in bodies.items()
    )


def _row_triggers(v: int) -> tuple[Routine, ...]:
    """Kea's trigger functions: not used by our triggers, but what a script for Kea expects."""
    kind = ("lease_type",) if v == 6 else ()
    made = []
    for suffix, rows in (("ains", ("NEW",)), ("aupd", ("OLD", "NEW")), ("adel", ("OLD",))):
        calls = []
        for table, arguments in (
            (f"lease{v}_stat_by_client_class", ("state", "user_context", *kind)),
            *((c.table, c.arguments) for c in COUNTERS if c.v == v),
        ):
            values = ", ".join(f"{row}.{name}" for row in rows for name in arguments)
            calls.append(f"PERFORM lease{v}_{suffix}_{table}({values});")
        body = "BEGIN\n{}\nRETURN NULL;\nEND".format("\n".join(calls))
        made.append(Routine(f"func_lease{v}_{suffix}", "", "trigger", body))
    return tuple(made)


_EVENTS = {"insert": "ains", "update": "aupd", "delete": "adel"}

OURS = tuple(_statement_function(v, event) for v in (4, 6) for event in _EVENTS)  #: what Kea does not have
ROUTINES = (
    *(routine for counter in COUNTERS for routine in _row_functions(counter)),
    *(routine for v in (4, 6) for routine in (*_class_functions(v), *_row_triggers(v))),
    *OURS,
)
TRIGGERS = tuple(_trigger(v, event, suffix) for v in (4, 6) for event, suffix in _EVENTS.items())
