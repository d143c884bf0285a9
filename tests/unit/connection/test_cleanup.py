"""The lease file's clean-up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kea_mp.family import DHCP4, DHCP6
from kea_mp.leases import csv6
from kea_mp.leases.csv4 import HEADER
from workers.connection.cleanup import clean_up, running_cleanup

A, B = (f"192.0.2.{n},02:00:00:00:00:01,,3600,1800003600,1,0,0,,0,,0".encode() for n in (1, 2))
B_GONE = B.replace(b"3600,1800003600", b"0,1800000000")


def put(path: Path, suffix: str, *rows: bytes) -> None:
    Path(f"{path}{suffix}").write_bytes(b"\n".join((HEADER, *rows)) + b"\n")


def left(path: Path) -> dict[str, bytes]:
    files = path.parent.glob(f"{path.name}*")
    return {file.name.removeprefix(path.name): file.read_bytes().split(b"\n", 1)[1] for file in files}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leases.csv"


def test_both_files_become_one_without_what_is_obsolete(path: Path) -> None:
    put(path, ".2", A, B)
    put(path, ".1", B_GONE)
    assert clean_up(str(path), DHCP4) == "3 rows read, 0 bad ones, 1 leases written"
    assert left(path) == {".2": A + b"\n"}


def test_files_of_dhcpv6_are_merged_likewise(path: Path) -> None:
    kept, gone = (b"2001:db8::%d,00:03:01,60,1800000060,1,30,0,7,128,0,0,,,0,,,,0" % n for n in (1, 2))
    head = csv6.HEADER + b"\n"
    Path(f"{path}.2").write_bytes(head + gone + b"\n" + kept + b"\n")
    Path(f"{path}.1").write_bytes(head + gone.replace(b",60,", b",0,") + b"\n")
    assert clean_up(str(path), DHCP6) == "3 rows read, 0 bad ones, 1 leases written"
    assert Path(f"{path}.2").read_bytes() == head + kept + b"\n"


def test_the_first_clean_up_has_one_input(path: Path) -> None:
    put(path, ".1", B, A)
    clean_up(str(path), DHCP4)
    assert left(path) == {".2": A + b"\n" + B + b"\n"}


def test_a_torn_output_of_a_predecessor_is_written_again(path: Path) -> None:
    put(path, ".2", A)
    put(path, ".1", B)
    put(path, ".output", A[:10])
    clean_up(str(path), DHCP4)
    assert left(path) == {".2": A + b"\n" + B + b"\n"}


@pytest.mark.parametrize("inputs", [(".2", ".1"), (".1",), ()])
def test_a_finished_output_of_a_predecessor_is_put_into_its_place(path: Path, inputs: tuple[str, ...]) -> None:
    put(path, ".completed", A)
    for suffix in inputs:
        put(path, suffix, B)
    clean_up(str(path), DHCP4)
    assert left(path) == {".2": A + b"\n"}


def test_a_pid_file_of_a_process_that_is_no_clean_up_means_nothing(path: Path) -> None:
    assert running_cleanup(str(path)) == 0
    for text in ("", "x", "999999999", str(os.getpid())):
        Path(f"{path}.pid").write_text(text)
        assert running_cleanup(str(path)) == 0
