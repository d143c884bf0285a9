"""Copies of all leases in a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kea_mp.errors import CommandError
from kea_mp.leases.csv4 import HEADER
from workers.connection.dump import Dump


class Rows:
    """A lease file of these rows."""

    header, beginning = HEADER, -1

    def __init__(self, *rows: bytes) -> None:
        self._rows = list(rows)

    def lines(self, after: int) -> tuple[list[bytes], int | None]:
        return self._rows, None


SOME = Rows(b"a", b"b")


def finished(dump: Dump) -> None:
    while not dump.step():
        pass


def test_the_copy_has_a_header_and_the_rows(tmp_path: Path) -> None:
    finished(Dump(str(tmp_path / "x"), SOME))
    assert (tmp_path / "x").read_bytes() == HEADER + b"\na\nb\n"
    finished(Dump(str(tmp_path / "y"), Rows()))
    assert (tmp_path / "y").read_bytes() == HEADER + b"\n"


def test_a_former_copy_is_kept_under_another_name(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    finished(Dump(str(tmp_path / "x"), SOME))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x", f"x.bak{os.getpid()}"]
    assert (tmp_path / f"x.bak{os.getpid()}").read_text() == "old"


def test_others_cannot_read_the_copy(tmp_path: Path) -> None:
    finished(Dump(str(tmp_path / "x"), SOME))
    assert (tmp_path / "x").stat().st_mode & 0o007 == 0


def test_a_full_disk_leaves_the_former_copy(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    (tmp_path / f"x.tmp{os.getpid()}").symlink_to("/dev/full")
    dump = Dump(str(tmp_path / "x"), SOME)
    with pytest.raises(CommandError, match="No space left on device"):
        finished(dump)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "old"
