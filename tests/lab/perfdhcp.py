"""Kea's load generator, and what it says in numbers.

Runs in: any (root)
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace

from kea_mp.family import DHCP4, DHCP6, Family
from tests.lab.net import run_in

LINGER_US = 1_000_000


@dataclass(frozen=True)
class Tick:
    """One line of `-t 1`: totals since the start."""

    discovers: int
    requests: int
    offers: int
    acks: int

    @property
    def missing(self) -> int:
        """Packets that had no answer at that moment, those still under way among them."""
        return self.discovers - self.offers + self.requests - self.acks


@dataclass(frozen=True)
class Result:
    """rate: 4-way exchanges a second as perfdhcp counts them. Delays in ms, of both halves together for the mean.
    overrun: answers that came to its host but not to it, because its own receive buffer was full."""

    offered_rate: float
    rate: float
    discovers: int
    offers: int
    requests: int
    acks: int
    orphans: int
    rejected: int
    not_unique: int
    average_ms: float
    maximum_ms: float
    ticks: tuple[Tick, ...]
    text: str
    overrun: int = 0
    renewals: int = 0  #: requests to renew that were sent (`-f`)
    renewed: int = 0

    @property
    def complete(self) -> float:
        """The part of the exchanges begun that ended with an acknowledgement."""
        return self.acks / self.discovers if self.discovers else 0.0

    @property
    def drops(self) -> int:
        return self.discovers - self.offers + self.requests - self.acks


def available() -> bool:
    return shutil.which("perfdhcp", path="/usr/sbin:/usr/bin") is not None


def run(
    namespace: str,
    rate: int,
    seconds: int,
    clients: int = 100_000,
    interface: str = "cli0",
    arguments: tuple[str, ...] = (),
    family: Family = DHCP4,
    asks: str = "address-and-prefix",
) -> Result:
    """`perfdhcp -4 -r rate -R clients -p seconds -u -t 1`: as a relay with the interface's address, or with `-6` as
    clients on the link, each of which asks for what `asks` says (`-e`). After the last
    packet it listens for LINGER_US more, so that what is missing then was lost and is not just under way.

    Its exit code 3 says that something was dropped, which is for the caller to judge.
    """
    command = [
        "perfdhcp", f"-{family.number}", "-r", str(rate), "-R", str(clients), "-p", str(seconds), "-u", "-t", "1",
        "-W", str(LINGER_US), "-l", interface, *(("-e", asks) if family == DHCP6 else ()), *arguments,
    ]  # fmt: skip
    overrun = _overrun(namespace, family)
    done = run_in(namespace, *command, timeout=seconds + 60, check=False)
    if done.returncode not in (0, 3):
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr}{done.stdout}")
    return replace(parse(done.stdout, seconds), overrun=_overrun(namespace, family) - overrun)


def _overrun(namespace: str, family: Family) -> int:
    """UDP datagrams of the namespace that found a full receive buffer."""
    if family == DHCP6:
        lines6 = run_in(namespace, "cat", "/proc/net/snmp6").stdout.splitlines()
        return next(int(line.split()[1]) for line in lines6 if line.startswith("Udp6RcvbufErrors"))
    lines = [line.split() for line in run_in(namespace, "cat", "/proc/net/snmp").stdout.splitlines()]
    names, values = (line for line in lines if line[0] == "Udp:")
    return int(values[names.index("RcvbufErrors")])


def parse(text: str, seconds: int) -> Result:
    """The numbers in perfdhcp's report."""

    def numbers(label: str) -> list[float]:
        return [float(value) for value in re.findall(rf"^{label}: *([-\d.]+)", text, re.MULTILINE)]

    sent, received = numbers("sent packets"), numbers("received packets")
    if len(sent) < 2:
        raise ValueError(f"not a report of perfdhcp: {text[-500:]}")
    average, maximum = numbers("avg delay"), numbers("max delay")
    ticks = tuple(
        Tick(*(int(number) for number in found))
        for found in re.findall(r"^sent: (\d+)/(\d+); received: (\d+)/(\d+);", text, re.MULTILINE)
    )
    rate = re.search(r"^Rate: ([\d.]+) 4-way", text, re.MULTILINE)
    return Result(
        offered_rate=sent[0] / seconds,
        rate=float(rate[1]) if rate else 0.0,
        discovers=int(sent[0]),
        offers=int(received[0]),
        requests=int(sent[1]),
        acks=int(received[1]),
        orphans=int(sum(numbers("orphans"))),
        rejected=int(sum(numbers("rejected leases"))),
        not_unique=int(sum(numbers("non unique addresses"))),
        average_ms=sum(average[:2]),
        maximum_ms=max(maximum[:2], default=0.0),
        ticks=ticks,
        text=text,
        renewals=int(sum(sent[2:3])),
        renewed=int(sum(received[2:3])),
    )
