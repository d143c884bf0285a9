"""Rows of Kea's lease file of DHCPv6."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from kea_mp.leases.csv6 import FORMAT, HEADER, NO_DUID, ROW, canonical, lease_of, line_of, removal_of
from kea_mp.leases.csv_fields import RowError
from kea_mp.leases.model import DECLINED, PD, Lease6
from kea_mp.values import INFINITY, address6

ADDRESS = address6("2001:db8::9")
LEASE = Lease6(
    ADDRESS, b"\0\3\0\1", 7, 0, 128, 1800, 3600, 1_800_000_000, 5, True, False, "host.example",
    hw=b"\x01\x02\x00\x00\x00\x00\xab", hw_source=2, pool_id=3,
)  # fmt: skip
LINE = b"2001:db8::9,00:03:00:01,3600,1800003600,5,1800,0,7,128,1,0,host.example,02:00:00:00:00:ab,0,,1,2,3"
BARE = b"2001:db8::,00:03:00:01,3600,1800003600,5,1800,2,7,56,0,0,,,0,,,,0"

LEASES = st.builds(
    Lease6,
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=3, max_size=130).filter(lambda duid: duid != NO_DUID),
    st.integers(0, INFINITY),
    st.sampled_from([0, PD]),
    st.integers(1, 128),
    st.integers(0, INFINITY),
    st.integers(0, INFINITY),
    st.integers(0, INFINITY),
    st.integers(1, INFINITY),
    st.booleans(),
    st.booleans(),
    st.text(max_size=20),
    st.integers(0, 4),
    st.sampled_from(["", '{ "a": "b,c" }']),
    st.integers(0, INFINITY),
    st.binary(min_size=2, max_size=21),
    st.integers(0, INFINITY),
)


def test_a_row_is_as_kea_writes_it() -> None:
    assert line_of(LEASE) == LINE
    assert ROW.fullmatch(LINE) is not None
    assert removal_of(LEASE).split(b",")[2:6] == [b"0", b"1800000000", b"5", b"0"]


def test_without_a_hardware_address_its_type_and_source_are_empty() -> None:
    prefix = Lease6(address6("2001:db8::"), b"\0\3\0\1", 7, PD, 56, 1800, 3600, 1_800_000_000, 5)
    assert line_of(prefix) == BARE
    assert lease_of(prefix.address, BARE) == prefix


@given(LEASES)
def test_a_lease_comes_back_from_its_row(lease: Lease6) -> None:
    line = line_of(lease)
    assert lease_of(lease.address, line) == lease
    address = lease if lease.lease_type == PD else structs.replace(lease, prefix_len=128)
    assert canonical(line.split(b",")) == line_of(address)


def test_only_a_declined_lease_has_no_duid() -> None:
    with pytest.raises(RowError, match="has no DUID"):
        line_of(Lease6(ADDRESS, NO_DUID, 7, 0, 128, 0, 60, 0, 1))
    declined = Lease6(ADDRESS, NO_DUID, 7, 0, 128, 0, 60, 0, 1, state=DECLINED)
    line = line_of(declined)
    assert ROW.fullmatch(line) is None
    assert canonical(line.split(b",")) == line
    with pytest.raises(RowError, match="only valid for declined"):
        canonical(line.replace(b",,1,,", b",,0,,").split(b","))


@pytest.mark.parametrize(
    ("column", "value"),
    [(0, b"192.0.2.1"), (0, b""), (1, b""), (1, b"01:02"), (1, b"zz"), (2, b"-"), (2, b"4294967296"), (7, b"x"),
     (9, b"2"), (13, b""), (14, b"5"), (14, b"{"), (17, b"")],
)  # fmt: skip
def test_what_kea_refuses_is_refused(column: int, value: bytes) -> None:
    fields = LINE.split(b",")
    fields[column] = value
    assert ROW.fullmatch(b",".join(fields)) is None or column in (0, 14)  # which are looked at once more
    with pytest.raises(RowError):
        canonical(fields)


def test_a_hardware_address_that_cannot_be_read_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    fields = LINE.split(b",")
    fields[12] = b"zz"
    assert lease_of(ADDRESS, canonical(fields)).hw == b""
    assert "DHCPSRV_MEMFILE_READ_HWADDR_FAIL" in caplog.text


def test_an_older_file_gets_defaults() -> None:
    schema = FORMAT.schema_of(HEADER.removesuffix(b",hwaddr,state,user_context,hwtype,hwaddr_source,pool_id"))
    assert schema.is_older
    old = lease_of(ADDRESS, canonical(schema.fitted(LINE.split(b",")[:12])))
    assert (old.state, old.pool_id, old.hw, old.duid) == (0, 0, b"", LEASE.duid)
    with_hw = FORMAT.schema_of(HEADER.removesuffix(b",hwtype,hwaddr_source,pool_id"))
    assert lease_of(ADDRESS, canonical(with_hw.fitted(LINE.split(b",")[:15]))).hw == LEASE.hw
