"""Reading lease files of DHCPv4: most rows pass one regular expression and go into pages as they are.

Runs in: connection, the clean-up process
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kea_mp.config.model import Subnet4
from kea_mp.family import DHCP4
from kea_mp.leases.csv4 import CANONICAL, FORMAT, ROW, canonical
from kea_mp.leases.csv_fields import RowError, Schema, is_context
from kea_mp.leases.load import Loading, SubnetCheck
from kea_mp.leases.rows import Page, Rows
from kea_mp.values import address4, text4

SUBNET = 5  #: column of a row


def check4(subnets: Iterable[Subnet4], mode: str) -> SubnetCheck[int]:
    bounds = ((subnet.prefix, subnet.last, subnet.id) for subnet in subnets)
    return SubnetCheck(bounds, mode, DHCP4, SUBNET, text4)


class Loading4(Loading):
    """See `Loading`."""

    format, family = FORMAT, DHCP4

    def __init__(self, check: SubnetCheck[int], max_errors: int = 0) -> None:
        super().__init__(max_errors)
        self.check = check
        self.rows = Rows()

    def lines(self) -> Iterator[bytes]:
        return (line for _, line in self.finish())

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
