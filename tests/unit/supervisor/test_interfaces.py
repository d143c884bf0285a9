"""interfaces-config.interfaces against what a machine has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kea_mp.errors import ExitCode, ExitWith
from kea_mp.supervisor.interfaces import Interface, chosen, chosen6, described
from kea_mp.values import address4, address6

UP = frozenset({"up", "running", "broadcast"})
A, B, C = address4("192.0.2.1"), address4("192.0.2.2"), address4("198.51.100.1")
LO = Interface("lo", 1, b"", (address4("127.0.0.1"),), frozenset({"up", "running", "loopback"}))
ETH0 = Interface("eth0", 2, b"\2\0\0\0\0\1", (A, B), UP)
ETH1 = Interface("eth1", 3, b"\2\0\0\0\0\2", (C,), UP)
TUN0 = Interface("tun0", 4, b"", (C + 1,), frozenset({"up", "running", "pointopoint"}))
MACHINE = [LO, ETH0, ETH1]


def picked(*names: str, kind: str = "raw", machine: list[Interface] = MACHINE) -> dict[str, tuple[int, ...]]:
    return {target.name: target.addresses for target in chosen(names, machine, kind)[0]}


def problems(*names: str, kind: str = "raw", machine: list[Interface] = MACHINE) -> list[str]:
    return [problem.text for problem in chosen(names, machine, kind)[1]]


def test_a_name_takes_all_its_addresses() -> None:
    assert picked("eth0") == {"eth0": (A, B)}


def test_a_name_with_an_address_takes_that_one() -> None:
    assert picked("eth0/192.0.2.2") == {"eth0": (B,)}


def test_two_addresses_of_one_interface_are_one_target() -> None:
    assert picked("eth0/192.0.2.2", "eth0/192.0.2.1") == {"eth0": (B, A)}


def test_blanks_around_names_are_not_theirs() -> None:
    assert picked(" eth0 / 192.0.2.2 ") == {"eth0": (B,)}


def test_the_star_is_every_interface_but_loopback() -> None:
    assert picked("*") == {"eth0": (A, B), "eth1": (C,)}
    assert problems("*") == []


def test_the_star_beside_a_narrower_choice_widens_only_the_others() -> None:
    assert picked("eth0/192.0.2.1", "*") == {"eth0": (A,), "eth1": (C,)}


def test_no_names_no_targets() -> None:
    assert chosen((), MACHINE, "raw") == ([], [])


@pytest.mark.parametrize("name", ["eth9", "eth9/192.0.2.1", "eth0/192.0.2.9"])
def test_what_does_not_exist_ends_the_start_with_71(name: str) -> None:
    with pytest.raises(ExitWith) as end:
        chosen((name,), MACHINE, "raw")
    assert end.value.code is ExitCode.OS_ERROR
    assert name.partition("/")[0] in str(end.value)


def test_loopback_is_for_udp_and_by_name_only() -> None:
    assert picked("lo", kind="udp") == {"lo": LO.addresses}
    assert "loopback" in problems("lo")[0]
    assert "lo" not in picked("*", kind="udp")


@pytest.mark.parametrize(
    ("flags", "addresses", "text"),
    [
        (frozenset({"broadcast"}), (A,), "is down"),
        (frozenset({"up", "broadcast"}), (A,), "is not running"),
        (UP, (), "no usable IPv4 addresses"),
    ],
)
def test_what_may_pass_is_a_problem(flags: frozenset[str], addresses: tuple[int, ...], text: str) -> None:
    machine = [Interface("eth0", 2, b"", addresses, flags)]
    assert text in problems("eth0", machine=machine)[0]
    assert picked("eth0", machine=machine) == {}


def test_one_problem_does_not_keep_the_others_away() -> None:
    machine = [ETH0, Interface("eth1", 3, b"", (), UP)]
    assert picked("*", machine=machine) == {"eth0": (A, B)}


def test_an_interface_without_broadcast_gets_no_broadcast_socket() -> None:
    targets, _ = chosen(("tun0", "eth1"), [TUN0, ETH1], "udp")
    assert {target.name: target.broadcast for target in targets} == {"tun0": False, "eth1": True}


LOCAL, LOCAL_TOO, GLOBAL, OTHER = (address6(text) for text in ("fe80::1", "fe80::2", "2001:db8::1", "2001:db8::2"))
UP6 = frozenset({"up", "running", "broadcast", "multicast"})
LO6 = Interface("lo", 1, b"", (), frozenset({"up", "running", "loopback"}), (address6("::1"),))
ETH6 = Interface("eth0", 2, b"\2\0\0\0\0\1", (), UP6, (GLOBAL, LOCAL, OTHER, LOCAL_TOO))
WG6 = Interface("wg0", 3, b"", (), frozenset({"up", "running", "pointopoint"}), (GLOBAL,))
MACHINE6 = [LO6, ETH6]


def picked6(*names: str, machine: list[Interface] = MACHINE6) -> dict[str, tuple[tuple[bytes, ...], ...]]:
    return {target.name: (target.link_locals, target.unicasts) for target in chosen6(names, machine)[0]}


def test_a_name_takes_the_link_local_addresses_of_dhcpv6() -> None:
    assert picked6("eth0") == picked6("*") == {"eth0": ((LOCAL, LOCAL_TOO), ())}


@pytest.mark.parametrize(
    "names", [("eth0", "eth0/2001:db8::2"), ("eth0/2001:db8::2", "eth0"), ("*", "eth0/2001:DB8::2")]
)
def test_an_address_of_dhcpv6_is_served_besides(names: tuple[str, ...]) -> None:
    assert picked6(*names) == picked6("eth0/2001:db8::2") == {"eth0": ((LOCAL, LOCAL_TOO), (OTHER,))}


def test_a_link_local_address_is_served_already() -> None:
    assert picked6("eth0/fe80::1") == picked6("eth0")


def test_loopback_has_only_the_address_that_is_named() -> None:
    assert picked6("lo/::1") == {"lo": ((), (address6("::1"),))}
    assert not picked6("lo")
    (problem,) = chosen6(("lo",), MACHINE6)[1]
    assert problem.text == "the interface lo has no link-local address"


def test_multicasts_need_an_interface_that_has_them_and_a_link_local_address() -> None:
    assert [target.multicast for target in chosen6(("eth0",), MACHINE6)[0]] == [True]
    assert [target.multicast for target in chosen6(("wg0/2001:db8::1",), [WG6])[0]] == [False]


@pytest.mark.parametrize(
    ("flags", "text"), [(frozenset({"multicast"}), "is down"), (frozenset({"up", "multicast"}), "is not running")]
)
def test_what_may_pass_is_a_problem_in_dhcpv6(flags: frozenset[str], text: str) -> None:
    targets, (problem,) = chosen6(("*",), [replace(ETH6, flags=flags)])
    assert not targets
    assert text in problem.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("eth9", "doesn't exist"),
        ("eth0/2001:db8::9", "doesn't have address"),
        ("eth0/ff02::1:2", "not a valid IPv6 unicast address"),
        ("eth0/192.0.2.1", "not a valid IPv6 unicast address"),
    ],
)
def test_what_does_not_exist_ends_the_start_of_dhcpv6(name: str, text: str) -> None:
    with pytest.raises(ExitWith, match=text) as end:
        chosen6((name,), MACHINE6)
    assert (end.value.code, end.value.identifier) == (ExitCode.OS_ERROR, "DHCP6_INIT_FAIL")


def test_targets_are_described_by_their_addresses() -> None:
    (target,) = chosen6(("eth0/2001:db8::2",), MACHINE6)[0]
    assert described(target) == "eth0 (fe80::1, fe80::2, 2001:db8::2)"
    assert described(chosen(("eth1",), MACHINE, "raw")[0][0]) == "eth1 (198.51.100.1)"
