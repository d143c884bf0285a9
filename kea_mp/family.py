"""What differs between the DHCPv4 and the DHCPv6 daemon by name alone: one value, passed to what serves both.

Names are Kea's: of its programs, loggers, message identifiers, statistics and files.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """A daemon's names and ports. It is told from the other one by `number`, 4 or 6."""

    number: int
    name: str  #: of the command, the service, the option space: "dhcp4"
    top: str  #: the key of the configuration: "Dhcp4"
    identifier: str  #: how its message identifiers begin: "DHCP4" in DHCP4_STARTED
    root: str  #: the root logger, which is also the program's name in PID files: "kea-dhcp4"
    protocol: str  #: as said in texts: "DHCPv4"
    packets: str  #: how its statistics begin: "pkt4"
    server_port: int
    client_port: int
    lease_file: str  #: default of lease-database name, under the data folder
    socket_name: str  #: the control socket of Kea's examples, under the run folder

    def logger(self, part: str = "") -> str:
        """The name of a logger under the root: `logger("commands")` is "kea-dhcp4.commands"; "" stands for the
        daemon's own, "kea-dhcp4.dhcp4"."""
        return f"{self.root}.{part or self.name}"

    def message(self, rest: str) -> str:
        """A message identifier: `message("STARTED")` is "DHCP4_STARTED"."""
        return f"{self.identifier}_{rest}"


def _family(number: int, server_port: int, client_port: int) -> Family:
    return Family(
        number=number,
        name=f"dhcp{number}",
        top=f"Dhcp{number}",
        identifier=f"DHCP{number}",
        root=f"kea-dhcp{number}",
        protocol=f"DHCPv{number}",
        packets=f"pkt{number}",
        server_port=server_port,
        client_port=client_port,
        lease_file=f"kea-leases{number}.csv",
        socket_name=f"kea{number}-ctrl-socket",
    )


DHCP4 = _family(4, 67, 68)
DHCP6 = _family(6, 547, 546)
FAMILIES = {family.number: family for family in (DHCP4, DHCP6)}
