"""Reading lease files of DHCPv6: most rows pass one regular expression and are kept as they are.

Runs in: connection, the clean-up process
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kea_mp.config.model6 import Subnet6
from kea_mp.family import DHCP6
from kea_mp.leases.csv6 import ADDRESS, FORMAT, ROW, SUBNET, TYPE, VALID, canonical
from kea_mp.leases.csv_fields import Schema, is_context
from kea_mp.leases.load import Loading, SubnetCheck
from kea_mp.values import address6, text6


def check6(subnets: Iterable[Subnet6], mode: str) -> SubnetCheck[bytes]:
    bounds = ((subnet.prefix, subnet.last, subnet.id) for subnet in subnets)
    return SubnetCheck(bounds, mode, DHCP6, SUBNET, text6)


class Loading6(Loading):
    """See `Loading`. rows: address → row."""

    format, family = FORMAT, DHCP6

    def __init__(self, check: SubnetCheck[bytes], max_errors: int = 0) -> None:
        super().__init__(max_errors)
        self.check = check
        self.rows: dict[bytes, bytes] = {}

    def lines(self) -> Iterator[bytes]:
        return iter(self.rows.values())

    def _rows(self, path: str, lines: list[bytes], schema: Schema, allowed: int) -> None:
        match, rows, checks, before = ROW.fullmatch, self.rows, self.check.is_on, self.read
        for number, line in enumerate(lines, before + 1):
            found = match(line) if schema.is_current else None
            try:
                if found is None or found[5]:
                    if not line:
                        continue
                    line = _careful(line, schema)
                    fields = line.split(b",")
                    text, valid, subnet_id, kind = fields[ADDRESS], fields[VALID], fields[SUBNET], fields[TYPE]
                else:
                    text, valid, subnet_id, kind, _ = found.groups()
                address = address6(text.decode())
            except ValueError as error:
                self._bad(path, number, error, allowed)
                continue
            # As in Kea prefixes, which are not in the subnet, are not looked at.
            if checks and kind == b"0" and not self.check.is_sane(address, subnet_id):
                kept = self.check.judged(address, line)
                if kept is None:
                    continue
                line = kept
            if valid != b"0":
                rows[address] = line
            else:
                rows.pop(address, None)
        self.read = before + len(lines)


def _careful(line: bytes, schema: Schema) -> bytes:
    """A row that the regular expression did not pass, after Kea's checks, in the form of `line_of`. RowError."""
    fields = schema.fitted(line.split(b","))
    line = b",".join(fields)
    found = ROW.fullmatch(line)
    if found is not None and is_context(found[5]):
        return line
    return canonical(fields)
