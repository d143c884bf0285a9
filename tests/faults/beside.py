"""kea_mp beside Kea 3.0: the same faults, the same load, the same configuration, one after the other in one run.

Runs in: any (root)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.faults.cells import NEW, RENEWALS, Stand, configuration, processors_waited_for_s
from tests.faults.report import BESIDE, circumstances, put, table
from tests.faults.targets import SqlTarget
from tests.lab.bench_servers import LIBRARIES
from tests.lab.daemon import KeaMp
from tests.lab.databases import USER
from tests.lab.keepers import Keepers
from tests.lab.lease_database import database_on
from tests.lab.peer import Peer
from tests.lab.prober import Prober
from tests.lab.relay import RELAY, SERVER
from tests.lab.waiting import eventually

AWAY_S = 8.0
BEFORE_S, AFTER_S = 1.5, 2.0
PATIENCE_S = 25.0  #: for the first answer after the return
RECOVERY: dict[str, Any] = {"max-reconnect-tries": 1000, "reconnect-wait-time": 1000}
_HOOKS = "/usr/lib/x86_64-linux-gnu/kea/hooks/"
_ONE_SESSION = {
    "postgresql": f"SELECT pid FROM pg_stat_activity WHERE usename = '{USER}' ORDER BY pid LIMIT 1",
    "mysql": f"SELECT id FROM information_schema.processlist WHERE user = '{USER}' ORDER BY id LIMIT 1",
}
_KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}


@dataclass(frozen=True)
class Measured:
    """Times in seconds; away_s: from the blow until the database can be used again, with its own start; first_s: from
    then to the first new lease, None: none within PATIENCE_S. naks, lost: clients that held a lease and were refused
    it, or told in any way to give it up. missing: acknowledged leases that the database does not have. ended: exit
    code. busy: for what part of the time somebody waited for a processor."""

    fault: str
    kind: str
    on_fail: str
    server: str
    away_s: float
    gap_s: float
    first_s: float | None
    status_s: float
    naks: int
    lost: int
    missing: int
    ended: int | None
    busy: float


def _killed(target: SqlTarget) -> None:
    target.server.kill()
    time.sleep(AWAY_S)
    target.server.start()


def _frozen(target: SqlTarget) -> None:
    target.server.freeze()
    try:
        time.sleep(AWAY_S)
    finally:
        target.server.thaw()


def _session(target: SqlTarget) -> None:
    with target.server.connection(target.name, admin=True) as connection:
        (number,) = next(iter(connection.exec_driver_sql(_ONE_SESSION[target.kind])))
        connection.exec_driver_sql(_KILL[target.kind].format(number))


#: Each returns when the database can be used again.
BLOWS: dict[str, Callable[[SqlTarget], None]] = {
    f"server killed for {AWAY_S:.0f} s": _killed,
    f"server frozen for {AWAY_S:.0f} s": _frozen,
    "one session killed": _session,
}


def _own(stand: Stand, config: dict[str, Any]) -> KeaMp:
    return KeaMp(config, stand.server_host, workers=2, severity="WARN")


def _kea(stand: Stand, config: dict[str, Any]) -> Peer:
    return Peer(config, stand.server_host)


SERVERS: dict[str, Callable[[Stand, dict[str, Any]], KeaMp | Peer]] = {"kea_mp": _own, "Kea": _kea}


def measure(stand: Stand, kind: str, on_fail: str) -> Iterator[Measured]:
    """Every fault on both servers, each of which begins afresh on a database of its own, made by Kea's script."""
    server = stand.server(kind)
    for fault, blow in BLOWS.items():
        for name, make in SERVERS.items():
            target = SqlTarget(server, database_on(server, "kea").name)
            config = configuration([target], **RECOVERY, **{"on-fail": on_fail})
            libraries = (LIBRARIES[kind], "libdhcp_lease_cmds.so")
            config["hooks-libraries"] = [{"library": f"{_HOOKS}{library}"} for library in libraries]
            with make(stand, config) as daemon:
                yield _measured(stand, daemon, target, (fault, kind, on_fail, name), blow)


def _measured(
    stand: Stand,
    daemon: KeaMp | Peer,
    target: SqlTarget,
    names: tuple[str, str, str, str],
    blow: Callable[[SqlTarget], None],
) -> Measured:
    with (
        Keepers(stand.clients_host, RELAY, SERVER, NEW, RENEWALS) as load,
        Prober(daemon.socket, "status-get") as prober,
    ):
        time.sleep(BEFORE_S)
        assert load.granted(0), "it does not serve"
        struck, waited_s = time.monotonic(), processors_waited_for_s()
        blow(target)
        back = time.monotonic()
        first = _first(load, back)
        time.sleep(AFTER_S)
        ended = daemon.process.exit_code if daemon.process is not None else None
        over = time.monotonic()
        gap_s, busy = load.gap(struck, over), (processors_waited_for_s() - waited_s) / (over - struck)
        load.finish()
    return Measured(
        *names,
        away_s=back - struck,
        gap_s=gap_s,
        first_s=first,
        status_s=max(prober.took(), default=0.0),
        naks=load.nak_to_holders,
        lost=load.lost_clients,
        missing=len(load.missing_in(target.rows())),
        ended=ended,
        busy=busy,
    )


def _first(load: Keepers, back: float) -> float | None:
    try:
        return eventually(lambda: load.granted(back), PATIENCE_S, "new leases", every=0.01)[0].at - back
    except AssertionError:  # a result like any other
        return None


def write(found: list[Measured]) -> None:
    """The part of the page."""
    head = ("backend", "fault", "on-fail", "server", "away", "gap", "first new lease", "status-get", "NAKs to holders",
            "clients lost", "leases missing", "ended", "busy")  # fmt: skip
    rows = [
        (
            m.kind, m.fault, m.on_fail, m.server, f"{m.away_s:.2f} s", f"{m.gap_s:.2f} s",
            "none" if m.first_s is None else f"{m.first_s:.2f} s",
            f"{1000 * m.status_s:.0f} ms", str(m.naks), str(m.lost), str(m.missing),
            "" if m.ended is None else f"exit {m.ended}", f"{100 * m.busy:.0f}%",
        )
        for m in found
    ]  # fmt: skip
    text = "\n".join([
        "## Beside Kea",
        "",
        f"{circumstances()} {NEW} new exchanges/s and {RENEWALS} renewals/s, reconnect-wait-time 1000 ms,"
        " max-reconnect-tries 1000, the same configuration and Kea's own schema for both, one after the other.",
        "",
        "*away*: how long the database could not be used, with its own start. *gap*: the longest time without any"
        " answer. *first new lease*: after the moment when the database can be used again (none: not within"
        f" {PATIENCE_S:.0f} s). *status-get*: the longest, asked every 50 ms. *NAKs to"
        " holders*: DHCPNAKs to clients that renewed a lease they held. *clients lost*: told to give up a lease they"
        " held (NAK, lifetime 0, another address). *leases missing*: acknowledged, and not or not as long in the"
        " database. *busy*: for what part of the time anything on the machine waited for a processor.",
        "",
        *table(head, rows),
    ])  # fmt: skip
    put(BESIDE, text)
