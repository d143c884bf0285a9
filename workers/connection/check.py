"""Whether the lease database of a configuration file can be used now: `python -m workers.connection.check FILE`.

Exit code 0, 69 when no host can be reached, 76 when the schema is of another version. As at a start, an empty database
gets the schema. Nothing is tried twice.

Runs in: a process of its own (-T)
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from kea_mp.config.databases import lease_database_in
from kea_mp.errors import BackendDown, ExitCode
from kea_mp.leases.link import LinkError, Mismatch, first_of
from kea_mp.leases.open_sql import connect, link_to
from kea_mp.sql.errors import DatabaseRefused


def check(config_file: Path) -> int:
    """The exit code; what is wrong is said on stderr. ConfigError: see `lease_database_in`."""
    access = lease_database_in(config_file)
    link = link_to(access)
    try:
        first_of(access.hosts, partial(connect, link, access))
    except Mismatch as mismatch:
        return _said(str(mismatch), mismatch.code)
    except (LinkError, BackendDown, DatabaseRefused) as error:
        later = "; the server itself would go on trying (retry-on-startup)" if access.retry_on_startup else ""
        return _said(f"Unable to open database: {error}{later}", ExitCode.UNAVAILABLE)
    link.close()
    return ExitCode.OK


def _said(problem: str, code: ExitCode) -> int:
    print(f"Error encountered: {problem}", file=sys.stderr)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(check(Path(sys.argv[1])))
