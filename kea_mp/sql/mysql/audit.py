"""The audit of the configuration backend: revisions, entries, and the triggers that make entries.

As `kea_mp.sql.postgresql.audit`, with variables of the session (`@audit_revision_id`, `@cascade_transaction`,
`@disable_audit`) where PostgreSQL has settings.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.mysql.shape import Routine, Trigger

_EVENTS = {"AINS": ("AFTER INSERT", "NEW", "create"), "AUPD": ("AFTER UPDATE", "NEW", "update")}
_ALL_EVENTS = {**_EVENTS, "ADEL": ("AFTER DELETE", "OLD", "delete")}
_AUDITED = (("global_parameter", "id"), ("option_def", "id"), ("server", "id"))  #: all three events
_AUDITED_WITH_PARTS = (("subnet", "subnet_id"), ("shared_network", "id"))  #: their deletion comes before the row's


def _entries(v: int) -> tuple[Routine, Routine]:
    revision = f"""
BEGIN
    IF NOT IFNULL(@disable_audit, 0) THEN
        INSERT INTO dhcp{v}_audit_revision (modification_ts, log_message, server_id)
        VALUES (audit_ts, audit_log_message, (SELECT s.id FROM dhcp{v}_server s WHERE s.tag = server_tag));
        SET @audit_revision_id = LAST_INSERT_ID(), @cascade_transaction = cascade_transaction;
    END IF;
END"""
    entry = f"""
BEGIN
    IF NOT IFNULL(@disable_audit, 0) THEN
        INSERT INTO dhcp{v}_audit (object_type, object_id, modification_type, revision_id)
        SELECT object_type_val, object_id_val, m.id, @audit_revision_id
        FROM (SELECT 1) one LEFT JOIN modification m ON m.modification_type = modification_type_val;
    END IF;
END"""
    return (
        Routine(
            f"createAuditRevisionDHCP{v}",
            "audit_ts timestamp, server_tag varchar(256), audit_log_message text, cascade_transaction tinyint(1)",
            revision,
        ),
        Routine(
            f"createAuditEntryDHCP{v}",
            "object_type_val varchar(256), object_id_val bigint unsigned, modification_type_val varchar(32)",
            entry,
        ),
    )


def _option_audit(v: int) -> Routine:
    """Scopes are those of dhcp_option_scope; options of classes and hosts leave no trace."""
    pools = {5: "pool", 6: "pd_pool"} if v == 6 else {5: "pool"}
    owners = "\n".join(
        f"WHEN {scope} THEN SET owner = (SELECT p.subnet_id FROM dhcp{v}_{pool} p WHERE p.id = {pool}_id);"
        for scope, pool in pools.items()
    )
    body = f"""
BEGIN
    DECLARE owner int unsigned;
    IF NOT IFNULL(@cascade_transaction, 0) THEN
        CASE scope_id
            WHEN 0 THEN CALL createAuditEntryDHCP{v}('dhcp{v}_options', option_id, modification_type);
            WHEN 1 THEN SET owner = subnet_id;
            WHEN 4 THEN
                UPDATE dhcp{v}_shared_network n SET n.modification_ts = modification_ts WHERE n.name = network_name;
            {owners}
            ELSE BEGIN END;
        END CASE;
        IF owner IS NOT NULL THEN
            UPDATE dhcp{v}_subnet s SET s.modification_ts = modification_ts WHERE s.subnet_id = owner;
        END IF;
    END IF;
END"""
    pd_pool = ", pd_pool_id bigint" if v == 6 else ""
    return Routine(
        f"createOptionAuditDHCP{v}",
        "modification_type varchar(32), scope_id tinyint unsigned, option_id bigint unsigned, subnet_id int unsigned, "
        f"host_id int unsigned, network_name varchar(128), pool_id bigint{pd_pool}, modification_ts timestamp",
        body,
    )


def _option_triggers(v: int) -> tuple[Trigger, ...]:
    owners = ["scope_id", "option_id", f"dhcp{v}_subnet_id", "host_id", "shared_network_name", "pool_id"]
    if v == 6:
        owners.append("pd_pool_id")
    made = []
    for suffix, (event, row, word) in _ALL_EVENTS.items():
        values = ", ".join(f"{row}.{column}" for column in owners)
        when = "NOW()" if word == "delete" else "NEW.modification_ts"
        call = f"CALL createOptionAuditDHCP{v}('{word}', {values}, {when})"
        made.append(Trigger(f"dhcp{v}_options_{suffix}", f"dhcp{v}_options", event, call))
    return tuple(made)


def _object_triggers(v: int) -> tuple[Trigger, ...]:
    made = []
    for names, events in ((_AUDITED, _ALL_EVENTS), (_AUDITED_WITH_PARTS, _EVENTS)):
        for name, key in names:
            table = f"dhcp{v}_{name}"
            for suffix, (event, row, word) in events.items():
                call = f"CALL createAuditEntryDHCP{v}('{table}', {row}.{key}, '{word}')"
                made.append(Trigger(f"{table}_{suffix}", table, event, call))
    return tuple(made)


def _deletions(v: int) -> tuple[Trigger, ...]:
    """What goes with a row: MySQL runs no triggers for what a foreign key removes, so that is done here."""
    pd_pools = "DELETE FROM dhcp6_pd_pool WHERE subnet_id = OLD.subnet_id;" if v == 6 else ""
    bodies = {
        "pool": f"DELETE FROM dhcp{v}_options WHERE scope_id = 5 AND pool_id = OLD.id;",
        "subnet": f"""
            CALL createAuditEntryDHCP{v}('dhcp{v}_subnet', OLD.subnet_id, 'delete');
            DELETE FROM dhcp{v}_pool WHERE subnet_id = OLD.subnet_id;
            {pd_pools}
            DELETE FROM dhcp{v}_options WHERE dhcp{v}_subnet_id = OLD.subnet_id;""",
        "shared_network": f"""
            CALL createAuditEntryDHCP{v}('dhcp{v}_shared_network', OLD.id, 'delete');
            UPDATE dhcp{v}_subnet SET shared_network_name = NULL WHERE shared_network_name = OLD.name;
            DELETE FROM dhcp{v}_options WHERE shared_network_name = OLD.name;""",
    }
    if v == 6:
        bodies["pd_pool"] = "DELETE FROM dhcp6_options WHERE scope_id = 6 AND pd_pool_id = OLD.id;"
    return tuple(
        Trigger(f"dhcp{v}_{name}_BDEL", f"dhcp{v}_{name}", "BEFORE DELETE", f"BEGIN\n{body}\nEND")
        for name, body in bodies.items()
    )


ROUTINES = tuple(routine for v in (4, 6) for routine in (*_entries(v), _option_audit(v)))
TRIGGERS = tuple(trigger for v in (4, 6) for trigger in (*_option_triggers(v), *_object_triggers(v), *_deletions(v)))
