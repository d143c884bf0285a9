"""Client classes of the configuration backend: their order of evaluation and what they depend on.

A class stands behind the class it follows (`follow_class_name`) or at the end. It may only depend on classes that
stand before it and that all its servers have. A class that depends on KNOWN or UNKNOWN, itself or through others, is
evaluated later; that dependency must not change under a class that others depend on. Kea calls the last check itself,
after the dependencies of an updated class are written; the triggers leave it what it needs in the session.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.postgresql.shape import Routine, Trigger, on_row

_FAILS = "USING ERRCODE = 'sql_routine_exception'"


def _order(v: int) -> Routine:
    name = f"setclientclass{v}order"
    order = f"dhcp{v}_client_class_order"
    body = f"""
DECLARE
    known boolean;
    before bigint;
BEGIN
    SELECT o.depend_on_known_indirectly INTO known FROM {order} o WHERE o.class_id = {name}.id;
    PERFORM set_session_value('kea.depend_on_known_indirectly', known);

    -- Updated where it stands: its dependencies are written anew, so this is not known any more.
    IF known IS NOT NULL AND new_follow_class_name IS NOT DISTINCT FROM old_follow_class_name THEN
        UPDATE {order} o SET depend_on_known_indirectly = false WHERE o.class_id = {name}.id;
        RETURN;
    END IF;

    IF new_follow_class_name IS NULL THEN
        SELECT COALESCE(max(o.order_index), 0) INTO before FROM {order} o;
    ELSE
        SELECT o.order_index INTO before
        FROM {order} o JOIN dhcp{v}_client_class c ON c.id = o.class_id
        WHERE c.name = new_follow_class_name;
        IF before IS NULL THEN
            RAISE EXCEPTION 'Class % does not exist.', new_follow_class_name {_FAILS};
        END IF;
        UPDATE {order} o SET order_index = o.order_index + 1
        WHERE o.order_index > before AND EXISTS (SELECT FROM {order} x WHERE x.order_index = before + 1);
    END IF;

    PERFORM FROM dhcp{v}_client_class_dependency d JOIN {order} o ON o.class_id = d.class_id
    WHERE d.dependency_id = {name}.id AND o.order_index <= before;
    IF FOUND THEN
        RAISE EXCEPTION 'Unable to move class with id % because it would break its dependencies', id {_FAILS};
    END IF;

    INSERT INTO {order} AS o (class_id, order_index, depend_on_known_indirectly)
    VALUES ({name}.id, before + 1, false)
    ON CONFLICT (class_id) DO UPDATE SET order_index = EXCLUDED.order_index;
END"""
    return Routine(name, "id bigint, new_follow_class_name varchar, old_follow_class_name varchar", "void", body)


def _check_dependency(v: int) -> Routine:
    server = f"dhcp{v}_client_class_server"
    position = f"SELECT o.order_index FROM dhcp{v}_client_class_order o WHERE o.class_id ="
    body = f"""
DECLARE
    own_place bigint := ({position} p_class_id);
    its_place bigint := ({position} p_dependency_id);
BEGIN
    IF p_class_id IS NULL THEN
        RAISE EXCEPTION 'Client class id must not be NULL.' {_FAILS};
    ELSIF p_dependency_id IS NULL THEN
        RAISE EXCEPTION 'Class dependency id must not be NULL.' {_FAILS};
    ELSIF p_class_id = p_dependency_id THEN
        RAISE EXCEPTION 'Client class must not have dependency on self.' {_FAILS};
    ELSIF own_place IS NULL THEN
        RAISE EXCEPTION 'Client class with id % does not exist.', p_class_id {_FAILS};
    ELSIF its_place IS NULL THEN
        RAISE EXCEPTION 'Dependency class with id % does not exist.', p_dependency_id {_FAILS};
    ELSIF its_place > own_place THEN
        RAISE EXCEPTION 'Client class with id % must not depend on class defined later with id %',
            p_class_id, p_dependency_id {_FAILS};
    END IF;
    -- Every server that has the class must have the other one: itself, or as one of all servers (id 1).
    PERFORM FROM {server} mine
    WHERE mine.class_id = p_class_id AND NOT EXISTS (
        SELECT FROM {server} its
        WHERE its.class_id = p_dependency_id AND its.server_id IN (1, mine.server_id)
    );
    IF FOUND THEN
        RAISE EXCEPTION 'Unmet dependencies for client class with id %', p_class_id {_FAILS};
    END IF;
END"""
    return Routine(f"checkdhcpv{v}clientclassdependency", "p_class_id bigint, p_dependency_id bigint", "void", body)


def _known(v: int, class_id: str) -> str:
    """Whether a class depends on KNOWN or UNKNOWN, itself or through others."""
    return f"""(
        SELECT c.depend_on_known_directly OR COALESCE(o.depend_on_known_indirectly, false)
        FROM dhcp{v}_client_class c LEFT JOIN dhcp{v}_client_class_order o ON o.class_id = c.id
        WHERE c.id = {class_id})"""


def _pass_on_known(v: int) -> Routine:
    name = f"updatedhcpv{v}clientclassknowndependency"
    body = f"""
BEGIN
    UPDATE dhcp{v}_client_class_order o SET depend_on_known_indirectly = true
    WHERE o.class_id = {name}.client_class_id AND {_known(v, f"{name}.dependency_id")};
END"""
    return Routine(name, "client_class_id bigint, dependency_id bigint", "void", body)


def _check_known(v: int) -> Routine:
    body = f"""
DECLARE
    changed bigint := get_session_big_int('kea.client_class_id');
    depended boolean := get_session_boolean('kea.depend_on_known_directly')
        OR get_session_boolean('kea.depend_on_known_indirectly');
BEGIN
    PERFORM FROM dhcp{v}_client_class_dependency d WHERE d.dependency_id = changed;
    IF FOUND AND depended <> {_known(v, "changed")} THEN
        RAISE EXCEPTION 'Class dependency on KNOWN/UNKNOWN built-in classes must not change.' {_FAILS};
    END IF;
END"""
    return Routine(f"checkdhcpv{v}clientclassknowndependencychange", "", "void", body)


def _trigger_functions(v: int) -> tuple[Routine, ...]:
    table = f"dhcp{v}_client_class"

    def entry(row: str, word: str) -> str:
        return f"PERFORM createAuditEntryDHCP{v}('{table}', {row}.id, '{word}');"

    return (
        on_row(
            f"func_{table}_ains",
            f"PERFORM setClientClass{v}Order(NEW.id, NEW.follow_class_name, NULL);\n{entry('NEW', 'create')}",
        ),
        on_row(
            f"func_{table}_aupd",
            f"""
PERFORM set_session_value('kea.depend_on_known_directly', OLD.depend_on_known_directly);
PERFORM set_session_value('kea.client_class_id', NEW.id);
PERFORM setClientClass{v}Order(NEW.id, NEW.follow_class_name, OLD.follow_class_name);
{entry("NEW", "update")}""",
        ),
        on_row(f"func_{table}_adel", entry("OLD", "delete")),
        Routine(
            f"func_{table}_check_dependency_bins",
            "",
            "trigger",
            f"BEGIN\nPERFORM checkDHCPv{v}ClientClassDependency(NEW.class_id, NEW.dependency_id);\nRETURN NEW;\nEND",
        ),
        on_row(
            f"func_{table}_dependency_ains",
            f"PERFORM updateDHCPv{v}ClientClassKnownDependency(NEW.class_id, NEW.dependency_id);",
        ),
    )


def _triggers(v: int) -> tuple[Trigger, ...]:
    table = f"dhcp{v}_client_class"
    dependency = f"{table}_dependency"
    rows = (
        (f"{table}_ains", table, "AFTER INSERT"),
        (f"{table}_aupd", table, "AFTER UPDATE"),
        (f"{table}_adel", table, "AFTER DELETE"),
        (f"{table}_check_dependency_bins", dependency, "BEFORE INSERT"),
        (f"{dependency}_ains", dependency, "AFTER INSERT"),
    )
    return tuple(Trigger(name, on, event, f"func_{name}") for name, on, event in rows)


ROUTINES = tuple(
    routine
    for v in (4, 6)
    for routine in (
        _order(v),
        _check_dependency(v),
        _pass_on_known(v),
        _check_known(v),
        *_trigger_functions(v),
    )
)
TRIGGERS = (*_triggers(4), *_triggers(6))
