"""Client classes of the configuration backend: their order of evaluation and what they depend on.

As `kea_mp.sql.postgresql.classes`, with variables of the session where PostgreSQL has settings.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.mysql.shape import Routine, Trigger


def _order(v: int) -> Routine:
    order = f"dhcp{v}_client_class_order"
    body = f"""
placing: BEGIN
    DECLARE place bigint unsigned;
    DECLARE problem text;
    SET @depend_on_known_indirectly = (SELECT o.depend_on_known_indirectly FROM {order} o WHERE o.class_id = id);

    -- Updated where it stands: its dependencies are written anew, so this is not known any more.
    IF @depend_on_known_indirectly IS NOT NULL AND follow_class_name <=> old_follow_class_name THEN
        UPDATE {order} o SET o.depend_on_known_indirectly = 0 WHERE o.class_id = id;
        LEAVE placing;
    END IF;

    IF follow_class_name IS NULL THEN
        SET place = (SELECT IFNULL(MAX(o.order_index), 0) FROM {order} o) + 1;
    ELSE
        SET place = 1 + (
            SELECT o.order_index FROM {order} o JOIN dhcp{v}_client_class c ON c.id = o.class_id
            WHERE c.name = follow_class_name
        );
        IF place IS NULL THEN
            SET problem = CONCAT('Class ', follow_class_name, ' does not exist.');
            SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = problem;
        END IF;
        IF EXISTS (SELECT 1 FROM {order} o WHERE o.order_index = place) THEN
            UPDATE {order} SET order_index = order_index + 1 WHERE order_index >= place ORDER BY order_index DESC;
        END IF;
    END IF;

    IF EXISTS (
        SELECT 1 FROM dhcp{v}_client_class_dependency d JOIN {order} o ON o.class_id = d.class_id
        WHERE d.dependency_id = id AND o.order_index < place
    ) THEN
        SET problem = CONCAT('Unable to move class with id ', id, ' because it would break its dependencies');
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = problem;
    END IF;

    INSERT INTO {order} (class_id, order_index, depend_on_known_indirectly) VALUES (id, place, 0)
    ON DUPLICATE KEY UPDATE order_index = place, depend_on_known_indirectly = 0;
END"""
    arguments = "id bigint unsigned, follow_class_name varchar(128), old_follow_class_name varchar(128)"
    return Routine(f"setClientClass{v}Order", arguments, body)


def _check_dependency(v: int) -> Routine:
    server = f"dhcp{v}_client_class_server"
    position = f"SELECT o.order_index FROM dhcp{v}_client_class_order o WHERE o.class_id ="
    body = f"""
BEGIN
    DECLARE problem text DEFAULT NULL;
    DECLARE own_place, its_place bigint unsigned;
    SET own_place = ({position} class_id), its_place = ({position} dependency_id);
    SET problem = CASE
        WHEN class_id IS NULL THEN 'Client class id must not be NULL.'
        WHEN dependency_id IS NULL THEN 'Class dependency id must not be NULL.'
        WHEN class_id = dependency_id THEN 'Client class must not have dependency on self.'
        WHEN own_place IS NULL THEN CONCAT('Client class with id ', class_id, ' does not exist.')
        WHEN its_place IS NULL THEN CONCAT('Client class with id ', dependency_id, ' does not exist.')
        WHEN its_place > own_place THEN CONCAT(
            'Client class with id ', class_id, ' must not depend on class defined later with id ', dependency_id)
        -- Every server that has the class must have the other one: itself, or as one of all servers (id 1).
        WHEN EXISTS (
            SELECT 1 FROM {server} mine WHERE mine.class_id = class_id AND NOT EXISTS (
                SELECT 1 FROM {server} its
                WHERE its.class_id = dependency_id AND its.server_id IN (1, mine.server_id)
            )
        ) THEN CONCAT('Unmet dependencies for client class with id ', class_id)
    END;
    IF problem IS NOT NULL THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = problem;
    END IF;
END"""
    arguments = "class_id bigint unsigned, dependency_id bigint unsigned"
    return Routine(f"checkDHCPv{v}ClientClassDependency", arguments, body)


def _known(v: int, class_id: str) -> str:
    """Whether a class depends on KNOWN or UNKNOWN, itself or through others: 1 or 0, NULL without such a class."""
    return f"""(
        SELECT c.depend_on_known_directly <> 0 OR IFNULL(o.depend_on_known_indirectly, 0) <> 0
        FROM dhcp{v}_client_class c LEFT JOIN dhcp{v}_client_class_order o ON o.class_id = c.id
        WHERE c.id = {class_id})"""


def _pass_on_known(v: int) -> Routine:
    body = f"""
BEGIN
    IF {_known(v, "dependency_id")} THEN
        UPDATE dhcp{v}_client_class_order o SET o.depend_on_known_indirectly = 1 WHERE o.class_id = client_class_id;
    END IF;
END"""
    arguments = "client_class_id bigint unsigned, dependency_id bigint unsigned"
    return Routine(f"updateDHCPv{v}ClientClassKnownDependency", arguments, body)


def _check_known(v: int) -> Routine:
    body = f"""
BEGIN
    IF EXISTS (SELECT 1 FROM dhcp{v}_client_class_dependency d WHERE d.dependency_id = @client_class_id)
        AND (IFNULL(@depend_on_known_directly, 0) <> 0 OR IFNULL(@depend_on_known_indirectly, 0) <> 0)
            <> {_known(v, "@client_class_id")}
    THEN
        SIGNAL SQLSTATE '45000'
            SET MESSAGE_TEXT = 'Class dependency on KNOWN/UNKNOWN built-in classes must not change.';
    END IF;
END"""
    return Routine(f"checkDHCPv{v}ClientClassKnownDependencyChange", "", body)


def _triggers(v: int) -> tuple[Trigger, ...]:
    table = f"dhcp{v}_client_class"
    dependency = f"{table}_dependency"

    def entry(row: str, word: str) -> str:
        return f"CALL createAuditEntryDHCP{v}('{table}', {row}.id, '{word}');"

    created = f"CALL setClientClass{v}Order(NEW.id, NEW.follow_class_name, NULL); {entry('NEW', 'create')}"
    updated = f"""SET @depend_on_known_directly = OLD.depend_on_known_directly, @client_class_id = NEW.id;
        CALL setClientClass{v}Order(NEW.id, NEW.follow_class_name, OLD.follow_class_name);
        {entry("NEW", "update")}"""
    rows = (
        (f"{table}_AINS", table, "AFTER INSERT", created),
        (f"{table}_AUPD", table, "AFTER UPDATE", updated),
        (f"{table}_ADEL", table, "AFTER DELETE", entry("OLD", "delete")),
        (
            f"{table}_check_dependency_BINS",
            dependency,
            "BEFORE INSERT",
            f"CALL checkDHCPv{v}ClientClassDependency(NEW.class_id, NEW.dependency_id);",
        ),
        (
            f"{dependency}_AINS",
            dependency,
            "AFTER INSERT",
            f"CALL updateDHCPv{v}ClientClassKnownDependency(NEW.class_id, NEW.dependency_id);",
        ),
    )
    return tuple(Trigger(name, on, event, f"BEGIN\n{body}\nEND") for name, on, event, body in rows)


ROUTINES = tuple(
    routine for v in (4, 6) for routine in (_order(v), _check_dependency(v), _pass_on_known(v), _check_known(v))
)
TRIGGERS = (*_triggers(4), *_triggers(6))
