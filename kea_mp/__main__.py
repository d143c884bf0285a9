"""The command line: `kea-mp dhcp4 -c FILE`, `kea-mp dhcp6 -t FILE`, `kea-mp status`, `kea-mp command`, `kea-mp db`.

Nothing is imported before it is needed: `kea-mp -h` needs no server, and a server no client.

Runs in: supervisor
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kea_mp import KEA_COMPATIBLE, __version__
from kea_mp.errors import ExitCode
from kea_mp.family import FAMILIES, Family

FILE = click.Path(path_type=Path)
PORT = click.IntRange(1, 65535)


class Commands(click.Group):
    """The commands of the daemon's clients come from their own modules, when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["command", "db", "dhcp4", "dhcp6", "status"]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in SERVERS:
            return SERVERS[name]
        if name in ("status", "command"):
            from kea_mp.control.cli import command, status

            return status if name == "status" else command
        if name == "db":
            from kea_mp.sql.cli import db  # the drivers, which no server's parent may have

            return db
        return None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message=f"kea_mp %(version)s, follows Kea {KEA_COMPATIBLE}")
def main_group() -> None:
    """A Kea-compatible DHCP server whose heart is database connectivity."""


def _server(family: Family) -> click.Command:
    """The command of one server. The flags of one letter are those of Kea's."""

    @click.command(family.name, context_settings={"help_option_names": ["-h", "--help"]})
    @click.option("-c", "config_file", type=FILE, metavar="FILE", help="Serve with this configuration, in foreground.")
    @click.option("-t", "check_file", type=FILE, metavar="FILE", help="Check the configuration and exit.")
    @click.option("-T", "deep_check_file", type=FILE, metavar="FILE", help="The same, with interfaces and backends.")
    @click.option("-d", "verbose", is_flag=True, help="Log everything, whatever the configuration says.")
    @click.option("-p", "server_port", type=PORT, default=family.server_port, help="Server port, for tests.")
    @click.option("-P", "client_port", type=PORT, default=family.client_port, help="Client port, for tests.")
    @click.option("-v", "version", is_flag=True, help="Print the version and exit.")
    @click.option("-V", "long_version", is_flag=True, help="Print the extended version and exit.")
    @click.option("-W", "report", is_flag=True, help="Print what this installation is made of and exit.")
    @click.option("--workers", type=click.IntRange(1, 255), help="Packet workers; default: the number of cores.")
    def server(
        config_file: Path | None,
        check_file: Path | None,
        deep_check_file: Path | None,
        verbose: bool,
        server_port: int,
        client_port: int,
        version: bool,
        long_version: bool,
        report: bool,
        workers: int | None,
    ) -> int:
        if version or long_version or report:
            click.echo(_about(long_version, report))
            return ExitCode.OK
        from kea_mp.supervisor import startup

        if check_file or deep_check_file:
            file = deep_check_file or check_file or Path()
            return startup.check(file, with_backends=deep_check_file is not None, family=family)
        if config_file is None:
            raise click.UsageError("Configuration file not specified (-c FILE).")
        return startup.run(startup.Options(family, config_file, verbose, (server_port, client_port), workers))

    server.help = f"The {family.protocol} server. The flags of one letter are {family.root}'s."
    return server


SERVERS = {family.name: _server(family) for family in FAMILIES.values()}


def _about(long_version: bool, report: bool) -> str:
    from kea_mp.control.report import build_text, lease_backends

    if report:
        return build_text()
    if long_version:
        return f"{__version__} (kea_mp {__version__}, follows Kea {KEA_COMPATIBLE})\n{lease_backends()}"
    return __version__


def main() -> None:
    """Entry point; a wrong command line is exit code 64."""
    try:
        code = main_group.main(standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)  # as a shell says it for SIGINT
    sys.exit(code)


if __name__ == "__main__":
    main()
