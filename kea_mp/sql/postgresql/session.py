"""Settings of a session, JSON, hexadecimal text, times: the small functions that the others and Kea build on.

Audit and class dependencies hand values from one trigger to the next in settings of the session named `kea.…`.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.postgresql.shape import Routine, Trigger


def _failing(function: str, what: str) -> str:
    return f"EXCEPTION WHEN OTHERS THEN\n    RAISE EXCEPTION '{function}(%) failed: % (%)', {what}, SQLERRM, SQLSTATE;"


def _setter(kind: str) -> Routine:
    body = f"BEGIN\nPERFORM set_config(name, value::text, false);\n{_failing('set_session_value', 'name')}\nEND"
    return Routine("set_session_value", f"name text, value {kind}", "void", body)


def _getter(name: str, kind: str, unset: str) -> Routine:
    """A setting that nobody has made, or that was cleared, counts as `unset`."""
    body = f"""
BEGIN
    RETURN COALESCE(NULLIF(get_session_value(name), '')::{kind}, {unset});
{_failing(name, "name")}
END"""
    return Routine(name, "name text", kind, body)


ROUTINES = (
    *(_setter(kind) for kind in ("text", "bigint", "boolean")),
    Routine("get_session_value", "name text", "text", "BEGIN\nRETURN current_setting(name, true);\nEND"),
    _getter("get_session_big_int", "bigint", "0"),
    _getter("get_session_boolean", "boolean", "false"),
    # Kea's triggers run it after the row, where it changes nothing; writers set modification_ts themselves.
    Routine("modification_ts_update", "", "trigger", "BEGIN\nRETURN NULL;\nEND"),
    Routine(
        "json_cast",
        "json_candidate text",
        "json",
        "BEGIN\nRETURN CASE json_candidate WHEN '' THEN '{}' ELSE json_candidate END::json;\nEND",
    ),
    Routine(
        "isjsonsupported",
        "",
        "boolean",
        "BEGIN\nRETURN EXISTS (SELECT FROM pg_proc WHERE proname = 'json_extract_path');\nEND",
    ),
    Routine(
        "texttojsonlist",
        "orig text",
        "text",
        """BEGIN\nRETURN '[ "' || NULLIF(orig, '') || '" ]';\nEND""",
    ),
    # Seconds since the epoch as the clock on the wall of the session's time zone shows them.
    Routine(
        "gmt_epoch",
        "input_ts timestamptz",
        "bigint",
        "BEGIN\nRETURN extract(epoch FROM input_ts) + extract(timezone FROM input_ts);\nEND",
    ),
    Routine(
        "colonseparatedhex",
        "hex text",
        "text",
        """
BEGIN
    RETURN lower(regexp_replace(CASE length(hex) % 2 WHEN 1 THEN '0' ELSE '' END || hex, '(..)(?=.)', '\\1:', 'g'));
END""",
    ),
)

_STAMPED = (
    "audit",
    "audit_revision",
    "global_parameter",
    "global_parameter_server",
    "option_def",
    "option_def_server",
    "options",
    "options_server",
    "pool",
    "server",
    "shared_network",
    "subnet",
    "subnet_server",
)


def _stamped(v: int) -> tuple[Trigger, ...]:
    names = [*_STAMPED, "pd_pool"] if v == 6 else _STAMPED
    return tuple(
        Trigger(
            f"dhcp{v}_{name}_modification_ts_update",
            # Kea's DHCPv6 schema has the trigger of the subnets on the table of the servers.
            "dhcp6_server" if (v, name) == (6, "subnet") else f"dhcp{v}_{name}",
            "AFTER UPDATE",
            "modification_ts_update",
        )
        for name in names
    )


TRIGGERS = (*_stamped(4), *_stamped(6))
