"""Real DHCPv6 clients in a namespace: ISC dhclient, dhcpcd, WIDE's dhcp6c, and the ISC relay agent.

Each asks for an address and a prefix. Their renewals are their own business: they come at T1, which tests keep short.

Runs in: any (root)
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.lab.clients import Client, overlaid
from tests.lab.net import ip
from tests.lab.processes import Process
from tests.lab.waiting import eventually

DHCLIENT6_SCRIPT = """#!/bin/sh
# What dhclient -6 calls at each event, once per address or prefix.
case "$reason" in
BOUND6|RENEW6|REBIND6)
    [ -z "$new_ip6_address" ] || ip -6 address replace "$new_ip6_address/128" dev "$interface" ;;
EXPIRE6|RELEASE6|STOP6)
    [ -z "$old_ip6_address" ] || ip -6 address delete "$old_ip6_address/128" dev "$interface" ;;
esac
echo "$reason address=${new_ip6_address:-$old_ip6_address} prefix=${new_ip6_prefix:-$old_ip6_prefix}" \
"dns=$new_dhcp6_name_servers" >> "$EVENTS"
"""

DHCPCD6_SCRIPT = """#!/bin/sh
# dhcpcd sets the address by itself.
prefix=
[ -z "$new_dhcp6_ia_pd1_prefix1" ] || prefix="$new_dhcp6_ia_pd1_prefix1/$new_dhcp6_ia_pd1_prefix1_length"
echo "$reason address=$new_dhcp6_ia_na1_ia_addr1 prefix=$prefix dns=$new_dhcp6_name_servers" >> "$EVENTS"
"""

DHCP6C_SCRIPT = """#!/bin/sh
# dhcp6c sets the address by itself, and does not tell its script which one; it hands no environment on.
echo "$REASON dns=$new_domain_name_servers" >> "${0%/*}/events"
"""


class Client6(Client):
    """As `Client`. prefix(): what was delegated, "2001:db8::/64"; renew() waits for its renewal at T1."""

    def address(self) -> str:
        lines = ip("-n", self.namespace, "-6", "-o", "address", "show", "dev", self.interface, "scope", "global")
        words = lines.split()
        return words[words.index("inet6") + 1].partition("/")[0] if "inet6" in words else ""

    def prefix(self) -> str:
        """From what its script was told last."""
        found = [match[1] for event in self.events() if (match := re.search(r"prefix=([^ ]+)", event))]
        return found[-1] if found else ""

    def renewals(self) -> int:
        return sum(event.startswith("RENEW6") for event in self.events())

    def ask_to_renew(self) -> None:
        """It will."""

    def renew(self, timeout: float = 30.0) -> str:
        before = self.renewals()
        eventually(lambda: self.renewals() > before, timeout, f"{self.name} renews: {self.events()} {self.output()}")
        return self.address()


class Dhclient6(Client6):
    name, program, script = "dhclient6", "dhclient", DHCLIENT6_SCRIPT

    def _files(self) -> list[str]:
        configuration = self.folder / "dhclient.conf"
        configuration.write_text("timeout 10;\nretry 1;\n")
        lease, pid = self.folder / "leases", self.folder / "pid"
        lease.touch()
        return [
            "dhclient", "-6", "-v", "-N", "-P", "-D", "LL", "-sf", str(self.hook), "-lf", str(lease),
            "-pf", str(pid), "-cf", str(configuration), "-e", f"EVENTS={self._events}",
        ]  # fmt: skip

    def command(self) -> list[str]:
        return [*self._files(), "-d", self.interface]

    def ask_to_release(self) -> None:
        self.stop()
        self._run(*self._files(), "-r", self.interface)


class Dhcpcd6(Client6):
    name, program, script = "dhcpcd6", "dhcpcd", DHCPCD6_SCRIPT

    def _inside(self, *arguments: str) -> list[str]:
        configuration = self.folder / "dhcpcd.conf"
        configuration.write_text(
            f"env EVENTS={self._events}\nscript {self.hook}\nipv6only\nnoipv6rs\nduid\noption dhcp6_name_servers\n"
            f"interface {self.interface}\n  ia_na 1\n  ia_pd 2 -\n"
        )
        return overlaid(self.folder, ("/var/lib/dhcpcd", "/run/dhcpcd"), "dhcpcd", "-f", str(configuration), *arguments)

    def command(self) -> list[str]:
        return self._inside("-B", "-d", "-6", "-t", "20", self.interface)

    def ask_to_release(self) -> None:
        self._run(*self._inside("-6", "-k", self.interface))


class Dhcp6c(Client6):
    """WIDE's client. It gives its leases back when it is ended."""

    name, program, script = "dhcp6c", "dhcp6c", DHCP6C_SCRIPT

    def command(self) -> list[str]:
        configuration = self.folder / "dhcp6c.conf"
        configuration.write_text(
            f"interface {self.interface} {{ send ia-na 1; send ia-pd 2; request domain-name-servers;\n"
            f'  script "{self.hook}"; }};\nid-assoc na 1 {{ }};\nid-assoc pd 2 {{ }};\n'
        )
        return overlaid(
            self.folder, ("/var/lib/dhcpv6",), "dhcp6c", "-c", str(configuration), "-p", str(self.folder / "pid"),
            "-f", "-D", self.interface,
        )  # fmt: skip

    def prefix(self) -> str:
        found = re.findall(r"create a prefix ([0-9a-f:]+/\d+)", self.output())
        return found[-1] if found else ""

    def renewals(self) -> int:
        return self.output().count("update an address")

    def ask_to_release(self) -> None:
        assert self._process is not None
        self._process.stop()


CLIENTS6: tuple[type[Client6], ...] = (Dhclient6, Dhcpcd6, Dhcp6c)


class Relay6:
    """The ISC relay agent for DHCPv6: listens to clients on `downstream`, sends to all servers and relay agents on
    `upstream`. identified: adds an interface-id."""

    def __init__(self, namespace: str, downstream: str, upstream: str, folder: Path, identified: bool = False) -> None:
        self.process = Process(
            [
                "ip", "netns", "exec", namespace, "dhcrelay", "-6", "-d", "--no-pid", *(["-I"] if identified else []),
                "-l", downstream, "-u", f"ff02::1:2%{upstream}",
            ],
            folder / f"dhcrelay6-{namespace}.log",
        )  # fmt: skip
        eventually(lambda: "hop count limit" in self.process.output(), 10, "the relay agent listens")

    def stop(self) -> None:
        self.process.kill_tree()
