"""The audit of the configuration backend: revisions, entries, and the triggers that make entries.

A writer first makes a revision, whose number goes into the session (`kea.audit_revision_id`); every change of a
configuration object then adds an entry to it. While `kea.cascade_transaction` is on, options are being written as parts
of their owner and make no entries of their own; otherwise a change of an option touches its owner's modification_ts,
and that makes the owner's entry. `kea.disable_audit` turns all of it off.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.postgresql.shape import Routine, Trigger, on_row

_EVENTS = {"ains": ("AFTER INSERT", "NEW", "create"), "aupd": ("AFTER UPDATE", "NEW", "update")}
_ALL_EVENTS = {**_EVENTS, "adel": ("AFTER DELETE", "OLD", "delete")}
_AUDITED = (("global_parameter", "id"), ("option_def", "id"), ("server", "id"))  #: all three events
_AUDITED_WITH_PARTS = (("subnet", "subnet_id"), ("shared_network", "id"))  #: their deletion comes before the row's


def _entries(v: int) -> tuple[Routine, Routine]:
    revision = f"""
DECLARE
    made bigint;
BEGIN
    IF NOT get_session_boolean('kea.disable_audit') THEN
        INSERT INTO dhcp{v}_audit_revision (modification_ts, log_message, server_id)
        VALUES (audit_ts, audit_log_message, (SELECT s.id FROM dhcp{v}_server s WHERE s.tag = server_tag))
        RETURNING id INTO made;
        PERFORM set_session_value('kea.audit_revision_id', made);
        PERFORM set_session_value('kea.cascade_transaction', cascade_transaction);
    END IF;
END"""
    entry = f"""
BEGIN
    IF NOT get_session_boolean('kea.disable_audit') THEN
        INSERT INTO dhcp{v}_audit (object_type, object_id, modification_type, revision_id)
        VALUES (
            object_type_val,
            object_id_val,
            (SELECT m.id FROM modification m WHERE m.modification_type = modification_type_val),
            get_session_big_int('kea.audit_revision_id')
        );
    END IF;
END"""
    return (
        Routine(
            f"createauditrevisiondhcp{v}",
            "audit_ts timestamptz, server_tag varchar, audit_log_message text, cascade_transaction boolean",
            "void",
            revision,
        ),
        Routine(
            f"createauditentrydhcp{v}",
            "object_type_val varchar, object_id_val bigint, modification_type_val varchar",
            "void",
            entry,
        ),
    )


def _option_audit(v: int) -> Routine:
    """Scopes are those of dhcp_option_scope; options of classes and hosts leave no trace."""
    name = f"createoptionauditdhcp{v}"
    pools = {5: "pool", 6: "pd_pool"} if v == 6 else {5: "pool"}
    owners = "\n".join(
        f"WHEN {scope} THEN SELECT p.subnet_id INTO owner FROM dhcp{v}_{pool} p WHERE p.id = {name}.{pool}_id;"
        for scope, pool in pools.items()
    )
    body = f"""
DECLARE
    owner bigint;
BEGIN
    IF get_session_boolean('kea.cascade_transaction') THEN
        RETURN;
    END IF;
    CASE scope_id
        WHEN 0 THEN PERFORM createAuditEntryDHCP{v}('dhcp{v}_options', option_id, modification_type);
        WHEN 1 THEN owner := p_subnet_id;
        WHEN 4 THEN
            UPDATE dhcp{v}_shared_network n SET modification_ts = p_modification_ts WHERE n.name = network_name;
        {owners}
        ELSE RETURN;
    END CASE;
    IF owner IS NOT NULL THEN
        UPDATE dhcp{v}_subnet s SET modification_ts = p_modification_ts WHERE s.subnet_id = owner;
    END IF;
END"""
    pd_pool = ", pd_pool_id bigint" if v == 6 else ""
    return Routine(
        name,
        "modification_type varchar, scope_id smallint, option_id int, p_subnet_id bigint, host_id int, "
        f"network_name varchar, pool_id bigint{pd_pool}, p_modification_ts timestamptz",
        "void",
        body,
    )


def _option_triggers(v: int) -> tuple[list[Routine], list[Trigger]]:
    routines, triggers = [], []
    owners = ["scope_id", "option_id", f"dhcp{v}_subnet_id", "host_id", "shared_network_name", "pool_id"]
    if v == 6:
        owners.append("pd_pool_id")
    for suffix, (event, row, word) in _ALL_EVENTS.items():
        values = ", ".join(f"{row}.{column}" for column in owners)
        when = "now()" if word == "delete" else "NEW.modification_ts"
        call = f"PERFORM createOptionAuditDHCP{v}('{word}', {values}, {when});"
        routines.append(on_row(f"func_dhcp{v}_options_{suffix}", call))
        triggers.append(
            Trigger(f"dhcp{v}_options_{suffix}", f"dhcp{v}_options", event, f"func_dhcp{v}_options_{suffix}")
        )
    return routines, triggers


def _object_triggers(v: int) -> tuple[list[Routine], list[Trigger]]:
    routines, triggers = [], []
    for names, events in ((_AUDITED, _ALL_EVENTS), (_AUDITED_WITH_PARTS, _EVENTS)):
        for name, key in names:
            for suffix, (event, row, word) in events.items():
                table = f"dhcp{v}_{name}"
                call = f"PERFORM createAuditEntryDHCP{v}('{table}', {row}.{key}, '{word}');"
                routines.append(on_row(f"func_{table}_{suffix}", call))
                triggers.append(Trigger(f"{table}_{suffix}", table, event, f"func_{table}_{suffix}"))
    # Kea keeps this function without a trigger: deletion of a network is audited before the row goes.
    unused = f"PERFORM createAuditEntryDHCP{v}('dhcp{v}_shared_network', OLD.id, 'delete');"
    routines.append(on_row(f"func_dhcp{v}_shared_network_adel", unused))
    return routines, triggers


def _deletions(v: int) -> tuple[list[Routine], list[Trigger]]:
    """What goes with a row, before the foreign keys would take it: each part leaves its own entries."""
    pd_pools = "DELETE FROM dhcp6_pd_pool WHERE subnet_id = OLD.subnet_id;" if v == 6 else ""
    bodies = {
        "pool": f"DELETE FROM dhcp{v}_options WHERE scope_id = 5 AND pool_id = OLD.id;",
        "subnet": f"""
            PERFORM createAuditEntryDHCP{v}('dhcp{v}_subnet', OLD.subnet_id, 'delete');
            DELETE FROM dhcp{v}_pool WHERE subnet_id = OLD.subnet_id;
            {pd_pools}
            DELETE FROM dhcp{v}_options WHERE dhcp{v}_subnet_id = OLD.subnet_id;""",
        "shared_network": f"""
            PERFORM createAuditEntryDHCP{v}('dhcp{v}_shared_network', OLD.id, 'delete');
            UPDATE dhcp{v}_subnet SET shared_network_name = NULL WHERE shared_network_name = OLD.name;
            DELETE FROM dhcp{v}_options WHERE shared_network_name = OLD.name;""",
    }
    if v == 6:
        bodies["pd_pool"] = "DELETE FROM dhcp6_options WHERE scope_id = 6 AND pd_pool_id = OLD.id;"
    routines = [
        Routine(f"func_dhcp{v}_{name}_bdel", "", "trigger", f"BEGIN\n{body}\nRETURN OLD;\nEND")
        for name, body in bodies.items()
    ]
    # The options of a prefix pool go by foreign key: Kea's PostgreSQL schema has the function but no trigger for it.
    triggers = [
        Trigger(f"dhcp{v}_{name}_bdel", f"dhcp{v}_{name}", "BEFORE DELETE", f"func_dhcp{v}_{name}_bdel")
        for name in bodies
        if name != "pd_pool"
    ]
    return routines, triggers


ROUTINES: tuple[Routine, ...] = ()
TRIGGERS: tuple[Trigger, ...] = ()
for _v in (4, 6):
    ROUTINES += (*_entries(_v), _option_audit(_v))
    for _make in (_option_triggers, _object_triggers, _deletions):
        _routines, _triggers = _make(_v)
        ROUTINES += tuple(_routines)
        TRIGGERS += tuple(_triggers)
