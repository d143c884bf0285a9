"""Reading lease files into memory, with Kea's rules on bad rows, removed leases, old schemas and wrong subnets.

Runs in: connection, the clean-up process
"""

from __future__ import annotations

import logging
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kea_mp.config.model import Subnet4
from kea_mp.errors import ExitCode, ExitWith
from kea_mp.leases.csv4 import CANONICAL, ROW, RowError, Schema, canonical, is_context, schema_of
from kea_mp.leases.journal import FINISHED, INPUT, PREVIOUS
from kea_mp.leases.rows import Page, Rows
from kea_mp.values import address4, text4

logger = logging.getLogger("kea-dhcp4.dhcpsrv")

_CHUNK = 1 << 20


def lease_files(path: str) -> list[str]:
    """The files that together hold the leases, oldest first: a finished clean-up's result stands for its inputs."""
    if os.path.exists(path + FINISHED):
        older = [path + FINISHED]
    else:
        older = [name for name in (path + PREVIOUS, path + INPUT) if os.path.exists(name)]
    return [*older, path]


class SubnetCheck:
    """The sanity check of a lease's subnet id (Kea sanity-checks/lease-checks: none, warn, fix, fix-del, del)."""

    def __init__(self, subnets: Iterable[Subnet4], mode: str) -> None:
        self.is_on = mode != "none"
        self._mode = mode
        self._by_id = {b"%d" % subnet.id: (subnet.prefix, subnet.last) for subnet in subnets}
        ordered = sorted((subnet.prefix, subnet.last, subnet.id) for subnet in subnets)
        self._starts = [prefix for prefix, _, _ in ordered]
        self._ordered = ordered

    def is_sane(self, address: int, subnet_id: bytes) -> bool:
        bounds = self._by_id.get(subnet_id)
        return bounds is not None and bounds[0] <= address <= bounds[1]

    def judged(self, address: int, line: bytes) -> bytes | None:
        """What becomes of an insane row: kept, put right, or None (dropped)."""
        fields = line.split(b",")
        have, want = int(fields[5]), self._subnet_of(address)
        if have == want:
            return line
        text = text4(address)
        if want and self._mode in ("fix", "fix-del"):
            logger.info("DHCPSRV_LEASE_SANITY_FIXED The lease %s with subnet-id %s failed subnet-id checks, but was "
                        "corrected to subnet-id %s.", text, have, want)  # fmt: skip
            fields[5] = b"%d" % want
            return b",".join(fields)
        why = (f"the lease should have subnet-id {want}" if want
               else "the lease IP address did not belong to a configured subnet")  # fmt: skip
        if self._mode in ("del", "fix-del"):
            logger.info("DHCPSRV_LEASE_SANITY_FAIL_DISCARD The lease %s with subnet-id %s failed subnet-id checks "
                        "(%s) and was dropped.", text, have, why)  # fmt: skip
            return None
        logger.warning("DHCPSRV_LEASE_SANITY_FAIL The lease %s with subnet-id %s failed subnet-id checks (%s).",
                       text, have, why)  # fmt: skip
        return line

    def _subnet_of(self, address: int) -> int:
        place = bisect_right(self._starts, address) - 1
        while place >= 0:  # subnets may lie in one another, the smallest that fits counts
            _, last, subnet_id = self._ordered[place]
            if address <= last:
                return subnet_id
            place -= 1
        return 0


@dataclass(slots=True)
class Loading:
    """Rows read so far. max_errors: more bad rows than this in one file are too many (0: no limit)."""

    check: SubnetCheck
    max_errors: int = 0
    rows: Rows = field(default_factory=Rows)
    read: int = 0  #: rows seen, good or bad
    errors: int = 0
    converted: bool = False  #: a file of another schema was among them

    def file(self, path: str) -> None:
        """Read one file. ExitWith: too many bad rows, or no lease file at all. A missing file holds nothing."""
        logger.info("DHCPSRV_MEMFILE_LEASE_FILE_LOAD loading leases from file %s", path)
        allowed = self.errors + self.max_errors if self.max_errors else -1
        schema = None
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
            schema = schema_of(line)
        except RowError as error:
            raise _refused(ExitCode.CANT_CREATE, f"Could not open lease file: {path}: {error}") from error
        if not schema.is_current:
            self.converted = True
            if schema.is_older:
                logger.warning("DHCPSRV_MEMFILE_NEEDS_UPGRADING version of lease file: %s schema is earlier than "
                               "version 3.0", path)  # fmt: skip
            else:
                logger.warning("DHCPSRV_MEMFILE_NEEDS_DOWNGRADING version of lease file: %s schema is later than "
                               "version 3.0", path)  # fmt: skip
        return schema

    def _rows(self, path: str, lines: list[bytes], schema: Schema, allowed: int) -> None:
        """Most rows pass one regular expression and are kept as they are; the others are looked at field by field."""
        match, checks, before = ROW.fullmatch, self.check.is_on, self.read
        pages: dict[bytes, Page] = {}
        sane: set[tuple[bytes, bytes]] = set()  #: (/24, subnet id) known to fit
        for number, line in enumerate(lines, before + 1):
            found = match(line) if schema.is_current else None
            if found is None or found[5]:
                if not line:
                    continue
                try:
                    line = _careful(line, schema)
                except RowError as error:
                    self._bad(path, number, error, allowed)
                    continue
                found = match(line) or CANONICAL.fullmatch(line)
                if found is None:
                    raise AssertionError(f"a row that no pattern knows: {line!r}")
            prefix, last_octet, valid, subnet_id, _ = found.groups()
            page = pages.get(prefix)
            if page is None:
                page = pages[prefix] = self._page(prefix)
            offset = int(last_octet)
            if checks and (prefix, subnet_id) not in sane:
                kept = self._checked(prefix, offset, subnet_id, line, sane)
                if kept is None:
                    continue
                line = kept
            page[offset] = line if valid != b"0" else None
        self.read = before + len(lines)

    def _page(self, prefix: bytes) -> Page:
        number = address4(prefix.decode() + ".0") >> 8
        page = self.rows.pages.get(number)
        if page is None:
            page = self.rows.pages[number] = [None] * 256
        return page

    def _checked(
        self, prefix: bytes, offset: int, subnet_id: bytes, line: bytes, sane: set[tuple[bytes, bytes]]
    ) -> bytes | None:
        base = address4(prefix.decode() + ".0")
        if self.check.is_sane(base, subnet_id) and self.check.is_sane(base + 255, subnet_id):
            sane.add((prefix, subnet_id))
            return line
        return line if self.check.is_sane(base + offset, subnet_id) else self.check.judged(base + offset, line)

    def _bad(self, path: str, number: int, error: RowError, allowed: int) -> None:
        logger.error("DHCPSRV_MEMFILE_LEASE_LOAD_ROW_ERROR discarding row %s, error: %s", number, error)
        self.errors += 1
        if 0 <= allowed < self.errors:
            raise _refused(
                ExitCode.CANT_CREATE,
                f"exceeded maximum number of failures {self.max_errors} to read a lease from the lease file {path}",
            )

    def finish(self) -> Rows:
        """The rows, without the pages that removals have emptied."""
        pages = self.rows.pages
        for number in [number for number, page in pages.items() if not any(page)]:
            del pages[number]
        return self.rows


def _careful(line: bytes, schema: Schema) -> bytes:
    """A row that the regular expression did not pass, after Kea's checks, in the form it would have passed."""
    fields = schema.fitted(line.split(b","))
    line = b",".join(fields)
    found = ROW.fullmatch(line)
    if found is not None and is_context(found[5]):
        return line
    return canonical(fields)


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
