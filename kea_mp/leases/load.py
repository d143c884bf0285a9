"""Reading lease files into memory, with Kea's rules on bad rows, removed leases, old schemas and wrong subnets: what
both families share. `load4` and `load6` have the rows.

Runs in: connection, the clean-up process
"""

from __future__ import annotations

import logging
import os
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, Generic, TypeVar

from kea_mp.errors import ExitCode, ExitWith
from kea_mp.family import Family
from kea_mp.leases.csv_fields import Format, RowError, Schema
from kea_mp.leases.journal import FINISHED, INPUT, PREVIOUS

_CHUNK = 1 << 20

A = TypeVar("A", int, bytes)  #: an address


def lease_files(path: str) -> list[str]:
    """The files that together hold the leases, oldest first: a finished clean-up's result stands for its inputs."""
    if os.path.exists(path + FINISHED):
        older = [path + FINISHED]
    else:
        older = [name for name in (path + PREVIOUS, path + INPUT) if os.path.exists(name)]
    return [*older, path]


class SubnetCheck(Generic[A]):
    """The sanity check of a lease's subnet id (Kea sanity-checks/lease-checks: none, warn, fix, fix-del, del)."""

    def __init__(
        self, subnets: Iterable[tuple[A, A, int]], mode: str, family: Family, column: int, text_of: Callable[[A], str]
    ) -> None:
        """subnets: first and last address, id. column: where the subnet id is in a row."""
        self._logger = logging.getLogger(family.logger("dhcpsrv"))
        self._column = column
        self._text_of: Callable[[A], str] = text_of
        self.is_on = mode != "none"
        self._mode = mode
        ordered = sorted(subnets)
        self._by_id: dict[bytes, tuple[A, A]] = {b"%d" % subnet_id: (first, last) for first, last, subnet_id in ordered}
        self._starts: list[A] = [prefix for prefix, _, _ in ordered]
        self._ordered: list[tuple[A, A, int]] = ordered

    def is_sane(self, address: A, subnet_id: bytes) -> bool:
        bounds = self._by_id.get(subnet_id)
        return bounds is not None and bounds[0] <= address <= bounds[1]

    def judged(self, address: A, line: bytes) -> bytes | None:
        """What becomes of an insane row: kept, put right, or None (dropped)."""
        fields = line.split(b",")
        have, want = int(fields[self._column]), self._subnet_of(address)
        if have == want:
            return line
        text = self._text_of(address)
        if want and self._mode in ("fix", "fix-del"):
            self._logger.info(
                "DHCPSRV_LEASE_SANITY_FIXED The lease %s with subnet-id %s failed subnet-id checks, but was corrected "
                "to subnet-id %s.", text, have, want,
            )  # fmt: skip
            fields[self._column] = b"%d" % want
            return b",".join(fields)
        why = (f"the lease should have subnet-id {want}" if want
               else "the lease IP address did not belong to a configured subnet")  # fmt: skip
        if self._mode in ("del", "fix-del"):
            self._logger.info(
                "DHCPSRV_LEASE_SANITY_FAIL_DISCARD The lease %s with subnet-id %s failed subnet-id checks (%s) and was "
                "dropped.", text, have, why,
            )  # fmt: skip
            return None
        self._logger.warning(
            "DHCPSRV_LEASE_SANITY_FAIL The lease %s with subnet-id %s failed subnet-id checks (%s).", text, have, why
        )
        return line

    def _subnet_of(self, address: A) -> int:
        place = bisect_right(self._starts, address) - 1
        while place >= 0:  # subnets may lie in one another, the smallest that fits counts
            _, last, subnet_id = self._ordered[place]
            if address <= last:
                return subnet_id
            place -= 1
        return 0


class Loading(ABC):
    """Rows read so far. max_errors: more bad rows than this in one file are too many (0: no limit)."""

    format: ClassVar[Format]
    family: ClassVar[Family]

    def __init__(self, max_errors: int = 0) -> None:
        self._logger = logging.getLogger(self.family.logger("dhcpsrv"))
        self.max_errors = max_errors
        self.read = 0  #: rows seen, good or bad
        self.errors = 0
        self.converted = False  #: a file of another schema was among them

    @abstractmethod
    def _rows(self, path: str, lines: list[bytes], schema: Schema, allowed: int) -> None:
        """Take these rows, of which the first is number `read` + 1, and count them; see `_bad`."""

    @abstractmethod
    def lines(self) -> Iterator[bytes]:
        """The rows of all leases that are there after the files read so far."""

    def file(self, path: str) -> None:
        """Read one file. ExitWith: too many bad rows, or no lease file at all. A missing file holds nothing."""
        self._logger.info("DHCPSRV_MEMFILE_LEASE_FILE_LOAD loading leases from file %s", path)
        allowed = self.errors + self.max_errors if self.max_errors else -1
        schema: Schema | None = None
        try:
            for lines in _chunks(path):
                if schema is None:
                    schema = self._header(path, lines.pop(0))
                self._rows(path, lines, schema, allowed)
        except FileNotFoundError:
            return
        except PermissionError as error:
            raise _refused(ExitCode.NO_PERMISSION, f"Could not open lease file: {path}: {error.strerror}") from error

    def _header(self, path: str, line: bytes) -> Schema:
        try:
            schema = self.format.schema_of(line)
        except RowError as error:
            raise _refused(ExitCode.CANT_CREATE, f"Could not open lease file: {path}: {error}") from error
        if not schema.is_current:
            self.converted = True
            if schema.is_older:
                self._logger.warning("DHCPSRV_MEMFILE_NEEDS_UPGRADING version of lease file: %s schema is earlier than "
                               "version %s", path, self.format.version)  # fmt: skip
            else:
                self._logger.warning("DHCPSRV_MEMFILE_NEEDS_DOWNGRADING version of lease file: %s schema is later than "
                               "version %s", path, self.format.version)  # fmt: skip
        return schema

    def _bad(self, path: str, number: int, error: ValueError, allowed: int) -> None:
        self._logger.error("DHCPSRV_MEMFILE_LEASE_LOAD_ROW_ERROR discarding row %s, error: %s", number, error)
        self.errors += 1
        if 0 <= allowed < self.errors:
            raise _refused(
                ExitCode.CANT_CREATE,
                f"exceeded maximum number of failures {self.max_errors} to read a lease from the lease file {path}",
            )


def _chunks(path: str) -> Iterator[list[bytes]]:
    """The lines of a file, many at a time; the first list begins with the first line that is not empty."""
    with open(path, "rb") as file:
        rest = b""
        first = True
        while data := file.read(_CHUNK):
            lines = (rest + data).split(b"\n")
            rest = lines.pop()
            if first:
                while lines and not lines[0]:
                    del lines[0]
                first = not lines
            if lines:
                yield lines
        if rest:
            yield [rest]


def _refused(code: ExitCode, text: str) -> ExitWith:
    return ExitWith(code, "DHCPSRV_MEMFILE_FAILED_TO_OPEN", text)
