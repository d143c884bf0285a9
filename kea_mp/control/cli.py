"""`kea-mp status` and `kea-mp command`.

Runs in: the command line
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from kea_mp.control.answer import Result
from kea_mp.control.client import NotReachable, ask, socket_path
from kea_mp.control.screen import Verdict, screen, verdict

STATUS_S = 5.0  #: how long status waits for an answer
WATCH_S = 1.0

F = TypeVar("F", bound=Callable[..., Any])


def _which_daemon(function: F) -> F:
    """The options that say whom to ask."""
    file = click.Path(path_type=Path)
    for option in (
        click.option("--family", type=click.Choice(["4", "6"]), help="Which daemon, when both run."),
        click.option("--socket", "path", type=file, metavar="PATH", help="Ask at this control socket."),
        click.option("-c", "config", type=file, metavar="FILE", help="Ask the daemon of this configuration file."),
    ):
        function = option(function)
    return function


@click.command()
@_which_daemon
@click.option("--json", "as_json", is_flag=True, help="The whole status-get answer, for programs.")
@click.option("--watch", is_flag=True, help="Show it again every second, until Ctrl-C.")
def status(config: Path | None, path: Path | None, family: str | None, as_json: bool, watch: bool) -> None:
    """Say how the daemon is.

    Exit codes: 0 serving, 1 serving but degraded, 2 paused, 3 not reachable.
    """
    if watch and as_json:
        raise click.UsageError("--watch is for people, --json for programs: take one of them")

    def fetch() -> dict[str, Any]:
        answer = ask(socket_path(config, path, int(family) if family else None), "status-get", patience_s=STATUS_S)
        arguments = answer.get("arguments")
        if not isinstance(arguments, dict) or "kea-mp" not in arguments:
            raise NotReachable("this is no kea_mp daemon: its status-get has no kea-mp")
        return arguments

    if watch:
        sys.exit(_watch(fetch))
    try:
        found = fetch()
    except NotReachable as problem:
        click.echo(msgspec.json.encode({"error": str(problem)}) if as_json else str(problem), err=not as_json)
        sys.exit(Verdict.NOT_REACHABLE)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        Console(highlight=False).print(screen(found))
    sys.exit(verdict(found))


def _watch(fetch: Callable[[], dict[str, Any]]) -> Verdict:
    last = Verdict.NOT_REACHABLE
    with Live(console=Console(highlight=False), screen=True, auto_refresh=False) as live:
        try:
            while True:
                try:
                    found = fetch()
                    last = verdict(found)
                    live.update(screen(found), refresh=True)
                except NotReachable as problem:
                    last = Verdict.NOT_REACHABLE
                    live.update(Text(str(problem), "bold red"), refresh=True)
                time.sleep(WATCH_S)
        except KeyboardInterrupt:
            return last


@click.command()
@_which_daemon
@click.argument("name")
@click.argument("arguments", required=False, metavar="[JSON]")
def command(config: Path | None, path: Path | None, family: str | None, name: str, arguments: str | None) -> None:
    """Send a command to the daemon and print its answer.

    JSON is the command's arguments, @FILE takes them from a file, - from standard input. Exit codes: 0 done (results 0
    and 3, nothing found), 1 another result, 3 not reachable, 64 the arguments are no JSON.
    """
    try:
        answer = ask(socket_path(config, path, int(family) if family else None), name, _arguments(arguments))
    except NotReachable as problem:
        click.echo(str(problem), err=True)
        sys.exit(Verdict.NOT_REACHABLE)
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
    sys.exit(0 if answer.get("result") in (Result.SUCCESS, Result.EMPTY) else 1)


def _arguments(text: str | None) -> Any:
    if text is None:
        return msgspec.UNSET
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text()
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as problem:
        click.echo(f"the arguments: {problem}", err=True)
        sys.exit(64)
