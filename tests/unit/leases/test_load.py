"""Reading lease files."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from kea_mp.config.model import Lifetime, Parameters4, Subnet4
from kea_mp.errors import ExitCode, ExitWith
from kea_mp.leases.csv4 import HEADER
from kea_mp.leases.load import lease_files
from kea_mp.leases.load4 import Loading4, check4
from kea_mp.values import address4, text4

PARAMETERS = Parameters4(Lifetime(1, 1, 1))
SUBNETS = (
    Subnet4(1, address4("192.0.2.0"), 25, (), PARAMETERS),
    Subnet4(2, address4("198.51.100.0"), 24, (), PARAMETERS),
)


def row(last: int, subnet: int = 1, network: str = "192.0.2", valid: int = 3600, host: str = "") -> bytes:
    return f"{network}.{last},02:00:00:00:00:01,,{valid},1800003600,{subnet},0,0,{host},0,,0".encode()


def written(folder: Path, *rows: bytes, header: bytes = HEADER, name: str = "leases.csv") -> str:
    path = folder / name
    path.write_bytes(b"\n".join((header, *rows)) + b"\n")
    return str(path)


def loaded(path: str, mode: str = "none", max_errors: int = 0) -> dict[str, bytes]:
    loading = Loading4(check4(SUBNETS, mode), max_errors)
    for name in lease_files(path):
        loading.file(name)
    return {text4(address): line for address, line in loading.finish()}


def test_the_last_row_of_an_address_counts(tmp_path: Path) -> None:
    assert loaded(written(tmp_path, row(1), row(1, host="b"))) == {"192.0.2.1": row(1, host="b")}


def test_a_row_without_lifetime_removes_the_lease(tmp_path: Path) -> None:
    assert loaded(written(tmp_path, row(1), row(1, valid=0), row(2))) == {"192.0.2.2": row(2)}


def test_no_file_means_no_leases(tmp_path: Path) -> None:
    assert loaded(str(tmp_path / "none.csv")) == {}


def test_left_overs_of_a_clean_up_are_read_before_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, row(3, host="new"))
    written(tmp_path, row(1), row(2), row(3), name="leases.csv.2")
    written(tmp_path, row(2, valid=0), name="leases.csv.1")
    assert loaded(path) == {"192.0.2.1": row(1), "192.0.2.3": row(3, host="new")}


def test_the_result_of_a_finished_clean_up_stands_for_its_inputs(tmp_path: Path) -> None:
    path = written(tmp_path)
    written(tmp_path, row(1), name="leases.csv.2")
    written(tmp_path, row(2), name="leases.csv.1")
    written(tmp_path, row(4), name="leases.csv.completed")
    written(tmp_path, row(5), name="leases.csv.output")
    assert loaded(path) == {"192.0.2.4": row(4)}


def test_a_torn_last_row_is_left_out(tmp_path: Path) -> None:
    path = Path(written(tmp_path, row(1)))
    path.write_bytes(path.read_bytes() + row(2)[:30])
    assert loaded(str(path)) == {"192.0.2.1": row(1)}


def test_a_last_row_without_newline_counts(tmp_path: Path) -> None:
    path = Path(written(tmp_path, row(1), row(2)))
    path.write_bytes(path.read_bytes()[:-1])
    assert set(loaded(str(path))) == {"192.0.2.1", "192.0.2.2"}


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    path = Path(written(tmp_path, b"", row(1), b"", b""))
    path.write_bytes(b"\n\n" + path.read_bytes())
    assert loaded(str(path), max_errors=1) == {"192.0.2.1": row(1)}


def test_more_than_a_megabyte_of_rows_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, *(row(n % 256, network=f"10.0.{n // 256}") for n in range(20_000)))
    assert len(loaded(path)) == 20_000


def test_bad_rows_are_left_out_and_said_with_their_number(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert loaded(written(tmp_path, row(1), b"rubbish", row(2))) == {"192.0.2.1": row(1), "192.0.2.2": row(2)}
    assert "DHCPSRV_MEMFILE_LEASE_LOAD_ROW_ERROR discarding row 2, error: " in caplog.text


def test_as_many_bad_rows_as_allowed_are_tolerated_in_each_file(tmp_path: Path) -> None:
    path = written(tmp_path, b"bad", b"bad", row(1))
    written(tmp_path, b"bad", b"bad", row(2), name="leases.csv.2")
    assert len(loaded(path, max_errors=2)) == 2
    with pytest.raises(ExitWith, match="exceeded maximum number of failures 1") as caught:
        loaded(path, max_errors=1)
    assert caught.value.code is ExitCode.CANT_CREATE


def test_a_file_with_another_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExitWith, match="invalid column"):
        loaded(written(tmp_path, header=b"name,phone"))


def test_an_old_file_is_converted(tmp_path: Path) -> None:
    path = written(tmp_path, row(1).removesuffix(b",0,,0"), header=HEADER.removesuffix(b",state,user_context,pool_id"))
    loading = Loading4(check4((), "none"))
    loading.file(path)
    assert loading.converted
    assert dict(loading.finish()) == {address4("192.0.2.1"): row(1)}


def test_a_row_with_user_context_is_checked(tmp_path: Path) -> None:
    good = row(1).removesuffix(b",0") + b'{ "a": 1 },0'
    assert loaded(written(tmp_path, good, row(2).removesuffix(b",0") + b"[],0")) == {"192.0.2.1": good}


RIGHT, WRONG, NOWHERE = row(1), row(2, subnet=2), row(3, network="203.0.113")


@pytest.mark.parametrize(
    ("mode", "kept"),
    [
        ("none", [RIGHT, WRONG, NOWHERE]),
        ("warn", [RIGHT, WRONG, NOWHERE]),
        ("fix", [RIGHT, row(2), NOWHERE]),
        ("fix-del", [RIGHT, row(2)]),
        ("del", [RIGHT]),
    ],
)
def test_leases_of_wrong_subnets_are_treated_as_configured(tmp_path: Path, mode: str, kept: list[bytes]) -> None:
    assert list(loaded(written(tmp_path, RIGHT, WRONG, NOWHERE), mode).values()) == kept


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("warn", "DHCPSRV_LEASE_SANITY_FAIL The lease 192.0.2.2 with subnet-id 2 failed subnet-id checks "
                 "(the lease should have subnet-id 1)."),
        ("fix", "DHCPSRV_LEASE_SANITY_FIXED The lease 192.0.2.2 with subnet-id 2 failed subnet-id checks, but was "
                "corrected to subnet-id 1."),
        ("del", "DHCPSRV_LEASE_SANITY_FAIL_DISCARD The lease 203.0.113.3 with subnet-id 1 failed subnet-id checks "
                "(the lease IP address did not belong to a configured subnet) and was dropped."),
    ],
)  # fmt: skip
def test_wrong_subnets_are_said(tmp_path: Path, mode: str, said: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    loaded(written(tmp_path, RIGHT, WRONG, NOWHERE), mode)
    assert said in caplog.text


def test_addresses_of_one_24_that_lie_in_different_subnets_are_told_apart(tmp_path: Path) -> None:
    assert list(loaded(written(tmp_path, row(1), row(200)), "del").values()) == [row(1)]
