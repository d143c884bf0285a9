"""Real DHCP clients in a namespace: ISC dhclient, BusyBox udhcpc, dhcpcd, and the ISC relay agent.

All their files live in a folder of the test's, and their scripts are ours: they set the address inside the
namespace and write what they were told, so that the host's own network and resolv.conf are never touched.

Runs in: any (root)
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

from tests.lab.net import ip
from tests.lab.processes import Process
from tests.lab.waiting import eventually

DHCLIENT_SCRIPT = """#!/bin/sh
# What dhclient calls at each event; the reasons are in dhclient-script(8).
case "$reason" in
BOUND|RENEW|REBIND|REBOOT)
    ip address replace "$new_ip_address/$(echo "$new_subnet_mask" | awk -F. \
'{for(i=1;i<=4;i++){n=$i;while(n>0){c+=n%2;n=int(n/2)}}print c}')" dev "$interface" ;;
PREINIT) ip link set "$interface" up ;;
EXPIRE|FAIL|RELEASE|STOP) ip address flush dev "$interface" ;;
esac
echo "$reason ${new_ip_address:-$old_ip_address} ${new_domain_name_servers}" >> "$EVENTS"
"""

UDHCPC_SCRIPT = """#!/bin/sh
# What udhcpc calls: $1 is the event.
case "$1" in
bound|renew) ip address replace "$ip/$mask" dev "$interface" ;;
deconfig) ip address flush dev "$interface"; ip link set "$interface" up ;;
esac
echo "$1 $ip $dns" >> "$EVENTS"
"""

DHCPCD_SCRIPT = """#!/bin/sh
# dhcpcd sets the address by itself; this keeps its own hooks (resolv.conf, ntp, hostname) away.
echo "$reason ${new_ip_address:-$old_ip_address} $new_domain_name_servers" >> "$EVENTS"
"""


class Client:
    """A client on one interface. get() waits for an address and returns it; renew() asks for the same again; release()
    gives it back and ends the client. events(): what its script was called with, a line each."""

    name = ""
    program = ""
    script = ""

    def __init__(self, namespace: str, interface: str, folder: Path) -> None:
        self.namespace, self.interface = namespace, interface
        self.folder = folder / f"{self.name}-{interface}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._events = self.folder / "events"
        self._events.touch()
        self.hook = self.folder / "script"
        self.hook.write_text(self.script)
        self.hook.chmod(0o755)
        self._process: Process | None = None

    @classmethod
    def available(cls) -> bool:
        return shutil.which(cls.program, path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin") is not None

    def command(self) -> list[str]:
        """The client in the foreground."""
        raise NotImplementedError

    def ask_to_renew(self) -> None:
        raise NotImplementedError

    def ask_to_release(self) -> None:
        raise NotImplementedError

    def events(self) -> list[str]:
        return self._events.read_text().splitlines()

    def output(self) -> str:
        return (self.folder / "out.log").read_text(errors="replace")

    def address(self) -> str:
        """What the interface has now, "" for nothing."""
        lines = ip("-n", self.namespace, "-4", "-o", "address", "show", "dev", self.interface).split()
        return lines[lines.index("inet") + 1].partition("/")[0] if "inet" in lines else ""

    def get(self, timeout: float = 20.0) -> str:
        if self._process is None or self._process.exit_code is not None:
            self._process = self._start(self.command())
        try:
            return eventually(self.address, timeout, f"{self.name} has an address")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output()}") from None

    def renew(self, timeout: float = 20.0) -> str:
        """Renew now; the address that was confirmed."""
        before = len(self.events())
        self.ask_to_renew()
        words = ("RENEW", "renew", "REBIND", "REBOOT", "BOUND", "bound")
        line = eventually(
            lambda: next((e for e in self.events()[before:] if e.split()[0] in words), ""),
            timeout,
            f"{self.name} renews: {self.events()} {self.output()[-500:]}",
        )
        return line.split()[1]

    def release(self, timeout: float = 20.0) -> None:
        self.ask_to_release()
        eventually(lambda: not self.address(), timeout, f"{self.name} has given its address back")
        self.stop()

    def stop(self) -> None:
        """End it, whatever it does."""
        if self._process is not None:
            self._process.kill_tree()
            self._process = None

    def _start(self, command: list[str]) -> Process:
        return Process(
            ["ip", "netns", "exec", self.namespace, *command],
            self.folder / "out.log",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "EVENTS": str(self._events)},
        )

    def _run(self, *command: str) -> None:
        self._start(list(command)).wait(20)


def overlaid(folder: Path, places: tuple[str, ...], *command: str) -> list[str]:
    """The command with folders of its own, below `folder`, in these places: for names that are built into it."""
    overlays = []
    for place in places:
        own = folder / place.strip("/").replace("/", "-")
        own.mkdir(exist_ok=True)
        overlays.append(f"mkdir -p {place} && mount --bind {shlex.quote(str(own))} {place}")
    return ["sh", "-c", f"{' && '.join(overlays)} && exec {shlex.join(command)}"]


class Dhclient(Client):
    name, program, script = "dhclient", "dhclient", DHCLIENT_SCRIPT

    def _files(self) -> list[str]:
        configuration = self.folder / "dhclient.conf"
        configuration.write_text("timeout 10;\nretry 1;\ninitial-interval 1;\nbackoff-cutoff 2;\n")
        lease, pid = self.folder / "leases", self.folder / "pid"
        lease.touch()
        # dhclient starts its script with an environment of its own: -e hands EVENTS through.
        return [
            "dhclient", "-4", "-v", "-sf", str(self.hook), "-lf", str(lease), "-pf", str(pid),
            "-cf", str(configuration), "-e", f"EVENTS={self._events}",
        ]  # fmt: skip

    def command(self) -> list[str]:
        return [*self._files(), "-d", self.interface]

    def ask_to_renew(self) -> None:
        # It has no signal for that: started again it confirms the address of its lease file (INIT-REBOOT).
        self.stop()
        self._process = self._start(self.command())

    def ask_to_release(self) -> None:
        self._run(*self._files(), "-r", self.interface)


class Udhcpc(Client):
    name, program, script = "udhcpc", "udhcpc", UDHCPC_SCRIPT

    def command(self) -> list[str]:
        return [
            "udhcpc", "-f", "-i", self.interface, "-s", str(self.hook), "-R", "-t", "10", "-T", "1", "-A", "2",
            "-p", str(self.folder / "pid"),
        ]  # fmt: skip

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.signal(number)

    def ask_to_renew(self) -> None:
        self._signal(signal.SIGUSR1)

    def ask_to_release(self) -> None:
        self._signal(signal.SIGUSR2)


class Dhcpcd(Client):
    """Its lease and socket folders are built in: ours lie over them in its own mount namespace."""

    name, program, script = "dhcpcd", "dhcpcd", DHCPCD_SCRIPT

    def _inside(self, *arguments: str) -> list[str]:
        configuration = self.folder / "dhcpcd.conf"
        configuration.write_text(
            f"env EVENTS={self._events}\nscript {self.hook}\nipv4only\nnoarp\nclientid\noption domain_name_servers\n"
        )
        return overlaid(self.folder, ("/var/lib/dhcpcd", "/run/dhcpcd"), "dhcpcd", "-f", str(configuration), *arguments)

    def command(self) -> list[str]:
        return self._inside("-B", "-d", "-t", "20", self.interface)

    def ask_to_renew(self) -> None:
        self._run(*self._inside("-N", self.interface))

    def ask_to_release(self) -> None:
        self._run(*self._inside("-k", self.interface))


CLIENTS: tuple[type[Client], ...] = (Dhclient, Udhcpc, Dhcpcd)


class Relay:
    """The ISC relay agent: listens to clients on `downstream`, to the server on `upstream`."""

    def __init__(
        self, namespace: str, downstream: str, upstream: str, server: str, folder: Path, arguments: tuple[str, ...] = ()
    ) -> None:
        self.process = Process(
            [
                "ip", "netns", "exec", namespace, "dhcrelay", "-4", "-d", *arguments, "-id", downstream,
                "-iu", upstream, server,
            ],
            folder / f"dhcrelay-{downstream}.log",
        )  # fmt: skip
        eventually(lambda: "Sending on" in self.process.output(), 10, "the relay agent listens")

    def stop(self) -> None:
        self.process.kill_tree()


def installed_version(program: str) -> str:
    """For reports: the Debian version of what a program belongs to, "" when it is not there."""
    path = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        return ""
    done = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True, check=False)
    package = done.stdout.partition(":")[0]
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
    )
    return done.stdout
