"""Throw-away database servers: PostgreSQL and MariaDB in temporary folders, on free ports, as unprivileged users.

A server may be killed, stopped, continued, shut down and started again on the same folder and port. It listens on
127.0.0.1 (or on `address`, in the namespace that is given). Commits are not made durable unless a test asks for it:
`durable=True` where a test kills the server and looks for what was acknowledged.

Runs in: any (root, since the servers refuse to be it)
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from kea_mp.config.model import SqlAccess
from kea_mp.errors import BackendDown
from kea_mp.sql import engine
from tests.lab.waiting import eventually

PASSWORD = "kea_mp-test-only"
USER = "kea_test"
_POSTGRESQL = Path("/usr/lib/postgresql")


class Server(ABC):
    """One database server. durable: whether a commit waits for the disk. options: further server settings."""

    type: str
    account: str  #: the user that the processes run as

    def __init__(
        self,
        durable: bool = False,
        options: Sequence[str] = (),
        namespace: str = "",
        address: str = "127.0.0.1",
    ) -> None:
        self.durable, self.options, self.namespace, self.address = durable, tuple(options), namespace, address
        self.folder = Path(tempfile.mkdtemp(prefix=f"kmp-{self.type}-"))
        self.folder.chmod(0o755)
        user = pwd.getpwnam(self.account)
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._names = 0

    # ---- life -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and wait until it serves."""
        assert self._process is None or self._process.poll() is not None, "it runs already"
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._enter(self._command()), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )
        eventually(self._serves, 30, f"{self.type} serves")

    def _serves(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.type} ended: {self.log()[-2000:]}")
        if self.type == "mysql":  # PyMySQL leaves a UNIX socket open that it could not connect
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self._socket())
        try:
            with engine.opened(self.access(self._first_database(), admin=True)):
                return True
        except BackendDown:
            return False

    def pids(self) -> list[int]:
        """The server and its own processes."""
        assert self._process is not None
        import psutil

        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(self._process.pid)
            return [top.pid, *(child.pid for child in top.children(recursive=True))]
        return []

    def _signal(self, number: int) -> None:
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """kill -9 of all its processes at once."""
        self._signal(signal.SIGKILL)
        self._wait(10)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Shut down in order, sending its clients away."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self._stop_signal())
            self._wait(30)

    def end_sessions(self) -> None:
        """Kill every session of USER; the server itself is well."""
        with self.connection(self._first_database(), admin=True) as connection:
            for (number,) in list(connection.exec_driver_sql(self._sessions())):
                with suppress(DBAPIError):  # gone by itself
                    connection.exec_driver_sql(self._kill_session(number))

    def restart(self) -> None:
        self.stop()
        self.start()

    def remove(self) -> None:
        """End it and delete its folder."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self, seconds: float) -> None:
        assert self._process is not None
        self._process.wait(seconds)

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    # ---- databases --------------------------------------------------------------------------------------------

    def access(self, name: str, admin: bool = False, **changes: object) -> SqlAccess:
        """How to get at a database of it. admin: as its superuser."""
        given: dict[str, object] = {
            "type": self.type,
            "name": name,
            # A server in a namespace is reached by its UNIX socket from outside.
            "hosts": ((self._socket() if self.namespace else self.address, self.port),),
            "user": self._superuser() if admin else USER,
            "password": "" if admin else PASSWORD,
            "connect_timeout_s": 3,
        }
        return SqlAccess(**{**given, **changes})  # type: ignore[arg-type]

    @contextmanager
    def connection(self, name: str, admin: bool = False) -> Iterator[Connection]:
        """A connection to one of its databases; what is not committed is rolled back."""
        with engine.opened(self.access(name, admin)) as connection:
            yield connection

    def run(self, name: str, *statements: str) -> None:
        """Run statements as superuser, each at once."""
        with self.connection(name, admin=True) as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)
            for statement in statements:
                connection.exec_driver_sql(statement)

    def database(self, name: str = "") -> str:
        """Make an empty database that belongs to USER; its name."""
        self._names += 1
        name = name or f"kea{self._names}"
        self.run(self._first_database(), *self._make_database(name))
        return name

    @abstractmethod
    def script(self, name: str, path: Path) -> None:
        """Run a file of SQL with the server's own client, as USER."""

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _first_database(self) -> str: ...

    @abstractmethod
    def _socket(self) -> str:
        """What stands for a host when the connection goes through the UNIX socket."""

    @abstractmethod
    def _superuser(self) -> str: ...

    @abstractmethod
    def _make_database(self, name: str) -> list[str]: ...

    @abstractmethod
    def _sessions(self) -> str:
        """The query for the numbers of the sessions of USER."""

    @abstractmethod
    def _kill_session(self, number: int) -> str: ...

    def _stop_signal(self) -> int:
        return signal.SIGTERM

    def _enter(self, command: list[str]) -> list[str]:
        """The command as the unprivileged user, in the namespace."""
        entered = ["setpriv", f"--reuid={self.account}", f"--regid={self.account}", "--clear-groups", *command]
        return self._inside(entered)

    def _inside(self, command: list[str]) -> list[str]:
        return ["ip", "netns", "exec", self.namespace, *command] if self.namespace else command

    def _run(self, *command: str) -> None:
        done = subprocess.run(self._enter(list(command)), capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise RuntimeError(
                f"{' '.join(command)}: exit {done.returncode}: {done.stderr[-2000:]}{done.stdout[-500:]}"
            )


class Postgresql(Server):
    type = "postgresql"
    account = "postgres"

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self.programs = postgresql_programs()
        data = str(self.folder / "data")
        self._run(
            f"{self.programs}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8",
            "--locale=C.UTF-8",
        )  # fmt: skip
        rules = f"local all all trust\nhost all postgres all trust\nhost all {USER} all scram-sha-256\n"
        (self.folder / "data/pg_hba.conf").write_text(rules)

    def _command(self) -> list[str]:
        durable = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        options = [part for option in self.options for part in ("-c", option)]
        return [
            f"{self.programs}/postgres", "-D", f"{self.folder}/data", "-p", str(self.port), "-h", self.address,
            "-k", str(self.folder), *([] if self.durable else durable), *options,
        ]  # fmt: skip

    def _first_database(self) -> str:
        return "postgres"

    def _socket(self) -> str:
        return str(self.folder)

    def _superuser(self) -> str:
        return "postgres"

    def _sessions(self) -> str:
        return f"SELECT pid FROM pg_stat_activity WHERE usename = '{USER}'"

    def _kill_session(self, number: int) -> str:
        return f"SELECT pg_terminate_backend({number})"

    def _stop_signal(self) -> int:
        return signal.SIGINT  # "fast": SIGTERM would wait for the clients

    def _make_database(self, name: str) -> list[str]:
        quoted = PASSWORD.replace("'", "''")
        return [
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{USER}') THEN"
            f" CREATE ROLE {USER} LOGIN PASSWORD '{quoted}'; END IF; END $$",
            f"CREATE DATABASE {name} OWNER {USER}",
        ]

    def script(self, name: str, path: Path) -> None:
        command = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.address, "-p", str(self.port), "-U", USER]
        _client(self._inside([*command, "-d", name, "-f", str(path)]), {"PGPASSWORD": PASSWORD})


class Mariadb(Server):
    type = "mysql"
    account = "mysql"

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self._run(
            "mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", "--skip-test-db",
            "--auth-root-authentication-method=normal",
        )  # fmt: skip

    def _command(self) -> list[str]:
        careless = ["--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0", "--innodb-doublewrite=0"]
        return [
            "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.folder}/data", f"--port={self.port}",
            f"--bind-address={self.address}", f"--socket={self.folder}/server.sock", "--skip-name-resolve",
            "--character-set-server=utf8mb4", *([] if self.durable else careless),
            *(f"--{option}" for option in self.options),
        ]  # fmt: skip

    def _first_database(self) -> str:
        return "mysql"

    def _socket(self) -> str:
        return f"{self.folder}/server.sock"

    def _superuser(self) -> str:
        return "root"

    def _sessions(self) -> str:
        return f"SELECT id FROM information_schema.processlist WHERE user = '{USER}'"

    def _kill_session(self, number: int) -> str:
        return f"KILL {number}"

    def access(self, name: str, admin: bool = False, **changes: object) -> SqlAccess:
        if admin:  # root may come only from here: by the socket
            changes = {"hosts": ((self._socket(), self.port),), **changes}
        return super().access(name, admin, **changes)

    def _make_database(self, name: str) -> list[str]:
        quoted = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        return [
            f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{quoted}'",
            f"CREATE DATABASE {name}",
            f"GRANT ALL ON {name}.* TO '{USER}'@'%'",
        ]

    def script(self, name: str, path: Path) -> None:
        command = ["mariadb", "--no-defaults", "-h", self.address, "-P", str(self.port), "-u", USER, name]
        _client(self._inside([*command, "-e", f"source {path}"]), {"MYSQL_PWD": PASSWORD})


SERVERS: dict[str, type[Postgresql] | type[Mariadb]] = {"postgresql": Postgresql, "mysql": Mariadb}


def _client(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr[-2000:]}")


def postgresql_programs() -> Path:
    """The folder with the newest PostgreSQL server of this machine."""
    found = sorted(_POSTGRESQL.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("no PostgreSQL server is installed: scripts/test installs it")
    return found[-1].parent


def available(kind: str) -> bool:
    """Whether a server of this kind can be started here."""
    if os.geteuid():
        return False
    if kind == "mysql":
        return Path("/usr/sbin/mariadbd").exists()
    return bool(list(_POSTGRESQL.glob("*/bin/postgres")))


def free_port() -> int:
    """A TCP port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(kind: str, **named: object) -> Iterator[Server]:
    """A server of this kind, started; gone at the end."""
    server = SERVERS[kind](**named)
    try:
        server.start()
        yield server
    finally:
        server.remove()
