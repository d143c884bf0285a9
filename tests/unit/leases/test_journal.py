"""The lease file on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from kea_mp.errors import ExitCode, ExitWith
from kea_mp.leases.csv4 import HEADER
from kea_mp.leases.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leases.csv"


def test_a_new_file_begins_with_keas_header(path: Path) -> None:
    Journal(str(path), sync=True, header=HEADER).close()
    assert path.read_bytes() == HEADER + b"\n"


def test_lines_are_appended_to_what_is_there(path: Path) -> None:
    path.write_bytes(HEADER + b"\nold\n")
    journal = Journal(str(path), sync=True, header=HEADER)
    journal.append([b"one", b"two"])
    journal.close()
    assert path.read_bytes() == HEADER + b"\nold\none\ntwo\n"


def test_a_torn_last_line_is_ended_first(path: Path) -> None:
    path.write_bytes(HEADER + b"\ntorn")
    journal = Journal(str(path), sync=False, header=HEADER)
    journal.append([b"one"])
    journal.close()
    assert path.read_bytes() == HEADER + b"\ntorn\none\n"


def test_a_file_has_one_owner(path: Path) -> None:
    journal = Journal(str(path), sync=True, header=HEADER)
    with pytest.raises(ExitWith, match="in use") as caught:
        Journal(str(path), sync=True, header=HEADER)
    assert caught.value.code is ExitCode.CANT_CREATE
    journal.close()
    Journal(str(path), sync=True, header=HEADER).close()


def test_a_file_that_was_put_aside_is_owned_in_its_new_place(path: Path) -> None:
    journal = Journal(str(path), sync=True, header=HEADER)
    journal.append([b"one"])
    assert journal.put_aside()
    journal.append([b"two"])
    with pytest.raises(ExitWith, match="in use"):
        Journal(str(path), sync=True, header=HEADER)
    journal.close()
    assert Path(f"{path}.1").read_bytes() == HEADER + b"\none\n"
    assert path.read_bytes() == HEADER + b"\ntwo\n"
    assert sorted(left.name for left in path.parent.iterdir()) == ["leases.csv", "leases.csv.1"]


@pytest.mark.parametrize("left", [".1", ".completed"])
def test_nothing_is_put_aside_while_a_clean_up_has_work_left(path: Path, left: str) -> None:
    journal = Journal(str(path), sync=True, header=HEADER)
    Path(f"{path}{left}").touch()
    assert not journal.put_aside()
    journal.append([b"one"])
    journal.close()
    assert path.read_bytes().endswith(b"one\n")


def test_a_folder_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExitWith, match="No such file or directory") as caught:
        Journal(str(tmp_path / "none" / "leases.csv"), sync=True, header=HEADER)
    assert caught.value.code is ExitCode.CANT_CREATE


def test_probing_leaves_no_trace(path: Path) -> None:
    journal = Journal(str(path), sync=True, header=HEADER)
    journal.append([b"one"])
    journal.probe()
    journal.append([b"two"])
    journal.close()
    assert path.read_bytes() == HEADER + b"\none\ntwo\n"


def test_killed_at_any_step_of_putting_the_file_aside_it_loses_nothing(path: Path) -> None:
    journal = Journal(str(path), sync=True, header=HEADER)
    journal.append([b"one"])
    Path(f"{path}.new").hardlink_to(path)  # the last step but one of a predecessor
    assert journal.put_aside()
    journal.close()
    assert Path(f"{path}.1").read_bytes() == HEADER + b"\none\n"
    assert path.read_bytes() == HEADER + b"\n"
    assert not Path(f"{path}.new").exists()
