"""What PostgreSQL needs besides tables: functions and triggers, in the order of their making."""

from kea_mp.sql.postgresql import audit, classes, counters, limits, session, transfer
from kea_mp.sql.postgresql.shape import Routine, Trigger

ROUTINES: tuple[Routine, ...] = (
    *session.ROUTINES,
    *audit.ROUTINES,
    *classes.ROUTINES,
    *counters.ROUTINES,
    *limits.ROUTINES,
    *transfer.ROUTINES,
)
TRIGGERS: tuple[Trigger, ...] = (*session.TRIGGERS, *audit.TRIGGERS, *classes.TRIGGERS, *counters.TRIGGERS)

#: Lines of a catalog that one of the two makers of a schema leaves out: our counting functions, and functions that
#: nothing in Kea's own schema has used since its version 13.
OPTIONAL = frozenset(
    {
        *(routine.line for routine in counters.OURS),
        *(f"proc_stat_lease{v}_{event} (): trigger" for v in (4, 6) for event in ("insert", "update", "delete")),
    }
)
