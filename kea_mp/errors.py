"""Errors, grouped by what the caller does next.

```
KeaMpError
├─ ConfigError    refuse the configuration and say where (file, line, JSON path)
├─ WireError      drop the packet and count it
├─ Conflict       somebody else holds the address: take the next one
├─ BackendDown    no answer to the client; report it
├─ CommandError   answer the command with its result code
└─ ExitWith       end the process with this exit code
```

Runs in: any
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a daemon ends, for the nanny that watches it (sysexits.h)."""

    OK = 0
    USAGE = 64
    UNAVAILABLE = 69  #: a backend could not be reached at start-up
    SOFTWARE = 70  #: internal fault, crash loop
    OS_ERROR = 71  #: DHCP sockets or interfaces could not be opened
    CANT_CREATE = 73  #: already running, or the lease file is not writable
    TEMP_FAIL = 75  #: connectivity not restored, on-fail says exit
    SCHEMA = 76  #: database schema of another version
    NO_PERMISSION = 77
    CONFIG = 78  #: configuration missing or invalid


class KeaMpError(Exception):
    """Root of all our errors."""


class ConfigError(KeaMpError):
    """The configuration is missing or invalid.

    `path` is the JSON path ("Dhcp4.subnet4[0].pools[1].pool"); `where` is "file:line:column" or "".
    """

    def __init__(self, problem: str, path: str = "", where: str = "") -> None:
        self.problem, self.path, self.where = problem, path, where
        super().__init__(": ".join(part for part in (where, path, problem) if part))


class WireError(KeaMpError):
    """These bytes are no message."""


class Conflict(KeaMpError):
    """The lease is not what the caller had seen."""


class BackendDown(KeaMpError):
    """A backend cannot be asked; says nothing about what it holds."""


class CommandError(KeaMpError):
    """A command is answered with `result` (Kea: 1 error, 2 unknown, 3 empty, 4 conflict) and this text."""

    def __init__(self, text: str, result: int = 1) -> None:
        self.text, self.result = text, result
        super().__init__(text)


class ExitWith(KeaMpError):
    """The process ends with `code`; `identifier` is the Kea message identifier of the FATAL line."""

    def __init__(self, code: ExitCode, identifier: str, text: str) -> None:
        self.code, self.identifier = code, identifier
        super().__init__(text)
