"""What MySQL and MariaDB need besides tables: procedures, functions and triggers, in the order of their making."""

from kea_mp.sql.mysql import audit, classes, counters, limits, transfer
from kea_mp.sql.mysql.shape import Routine, Trigger

ROUTINES: tuple[Routine, ...] = (
    *audit.ROUTINES,
    *classes.ROUTINES,
    *counters.ROUTINES,
    *limits.ROUTINES,
    *transfer.ROUTINES,
)
TRIGGERS: tuple[Trigger, ...] = (*audit.TRIGGERS, *classes.TRIGGERS, *counters.TRIGGERS)
