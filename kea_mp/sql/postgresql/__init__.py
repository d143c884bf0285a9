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
