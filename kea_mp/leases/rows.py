"""The rows of a lease file in memory: address → line, in pages of 256 neighbours.

Dense pools cost 9 bytes per lease beyond the line itself, and walking the rows goes in the order of addresses.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Iterator

Page = list[bytes | None]


class Rows:
    """A map from addresses to rows. `pages` is open to loops that cannot afford a call per row."""

    __slots__ = ("_order", "pages")

    def __init__(self) -> None:
        self.pages: dict[int, Page] = {}  #: address >> 8 → rows of that /24
        self._order: list[int] = []  #: numbers of pages in order, and those of pages that have gone

    def order(self) -> list[int]:
        """The numbers of all pages in order; some may have no page any more."""
        if not self._order:
            self._order = sorted(self.pages)
        return self._order

    def get(self, address: int) -> bytes | None:
        page = self.pages.get(address >> 8)
        return page[address & 255] if page is not None else None

    def put(self, address: int, line: bytes) -> None:
        page = self.pages.get(address >> 8)
        if page is None:
            page = self.pages[address >> 8] = [None] * 256
            self._order = []
        page[address & 255] = line

    def remove(self, address: int) -> None:
        page = self.pages[address >> 8]
        page[address & 255] = None
        if not any(page):
            del self.pages[address >> 8]

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """(address, row) in the order of addresses."""
        for number in sorted(self.pages):
            base = number << 8
            for offset, line in enumerate(self.pages[number]):
                if line is not None:
                    yield base + offset, line

    def __len__(self) -> int:
        return sum(256 - page.count(None) for page in self.pages.values())
