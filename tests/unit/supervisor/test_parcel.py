"""A value on its way to the children."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kea_mp.supervisor import parcel
from kea_mp.supervisor.parcel import Parcel


class Handed:
    """What multiprocessing makes of a descriptor in the child."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def detach(self) -> int:
        return os.dup(self._descriptor)


@pytest.fixture
def packed() -> Iterator[Parcel[dict[str, list[int]]]]:
    made = Parcel({"numbers": list(range(100_000))})
    yield made
    made.close()


def test_every_child_finds_the_value(packed: Parcel[dict[str, list[int]]]) -> None:
    for _ in range(2):
        assert parcel._opened(Handed(packed._descriptor)) == {"numbers": list(range(100_000))}


def test_nothing_of_it_is_on_disk(packed: Parcel[dict[str, list[int]]]) -> None:
    assert "memfd:" in str(Path(f"/proc/self/fd/{packed._descriptor}").readlink())
