"""Host names (option 12) and fully qualified names (option 81).

Runs in: any
"""

from __future__ import annotations

from tests.interop.scenario4 import ACK, GOT, Json, Scenario, config, four_way, renew, subnet

PRL = (1, 12, 15, 81)
E, O, S, N = 4, 2, 1, 8  # noqa: E741  the flags of RFC 4702


def fqdn(flags: int, *labels: str, end: bool = True) -> tuple[int, bytes]:
    """Option 81 in canonical wire format."""
    name = b"".join(bytes((len(label),)) + label.encode() for label in labels)
    return 81, bytes((flags | E, 0, 0)) + name + (b"\0" if end and labels else b"")


def ascii_fqdn(flags: int, name: str) -> tuple[int, bytes]:
    return 81, bytes((flags, 0, 0)) + name.encode()


def ddns(**more: object) -> Json:
    return config(subnet(ddns_qualifying_suffix="example.org"), **more)


SCENARIOS = (
    Scenario("a hostname comes back", config(), four_way((12, b"laptop"), prl=PRL), GOT),
    Scenario("a hostname is qualified", ddns(), four_way((12, b"laptop"), prl=PRL), GOT),
    Scenario("a hostname with dots", ddns(), four_way((12, b"laptop.home.lan"), prl=PRL), GOT),
    Scenario("a hostname with a final dot", ddns(), four_way((12, b"laptop.home.lan."), prl=PRL), GOT),
    Scenario("a hostname with capitals", ddns(), four_way((12, b"LapTop"), prl=PRL), GOT),
    Scenario("a hostname with a zero byte at its end", ddns(), four_way((12, b"laptop\0"), prl=PRL), GOT),
    Scenario("a hostname with spaces", ddns(), four_way((12, b" my laptop "), prl=PRL), GOT),
    Scenario("a hostname that is only a dot", ddns(), four_way((12, b"."), prl=PRL), GOT),
    Scenario("a hostname without being asked for", ddns(), four_way((12, b"laptop"), prl=(1,)), GOT),
    Scenario("a hostname with characters that are replaced",
             ddns(hostname_char_set="[^A-Za-z0-9.-]", hostname_char_replacement="x"),
             four_way((12, b"my_lap!top"), prl=PRL), GOT),
    Scenario("a hostname when names are always made",
             ddns(ddns_replace_client_name="always", ddns_generated_prefix="dyn"),
             four_way((12, b"laptop"), prl=PRL), GOT),
    Scenario("a name is made when there is none", ddns(ddns_replace_client_name="when-not-present"),
             four_way(prl=PRL), GOT),
    Scenario("a name is made when there is one", ddns(ddns_replace_client_name="when-present"),
             four_way((12, b"laptop"), prl=PRL), GOT),
    Scenario("no updates are sent", ddns(ddns_send_updates=False), four_way((12, b"laptop"), prl=PRL), GOT),
    Scenario("a full name, the server shall update", ddns(), four_way(fqdn(S, "pc", "example", "com"), prl=PRL), GOT),
    Scenario("a full name, the client updates", ddns(), four_way(fqdn(0, "pc", "example", "com"), prl=PRL), GOT),
    Scenario("a full name, nobody shall update", ddns(), four_way(fqdn(N, "pc", "example", "com"), prl=PRL), GOT),
    Scenario("a full name with flags that exclude each other", ddns(),
             four_way(fqdn(N | S, "pc", "example", "com"), prl=PRL), (None, None)),
    Scenario("nobody shall update, overridden", ddns(ddns_override_no_update=True),
             four_way(fqdn(N, "pc", "example", "com"), prl=PRL), GOT),
    Scenario("the client updates, overridden", ddns(ddns_override_client_update=True),
             four_way(fqdn(0, "pc", "example", "com"), prl=PRL), GOT),
    Scenario("a partial full name is qualified", ddns(), four_way(fqdn(S, "pc", end=False), prl=PRL), GOT),
    Scenario("an empty full name", ddns(), four_way(fqdn(S), prl=PRL), GOT),
    Scenario("a full name in ASCII", ddns(), four_way(ascii_fqdn(S, "pc.example.com"), prl=PRL), GOT),
    Scenario("a full name without being asked for", ddns(), four_way(fqdn(S, "pc", "example", "com"), prl=(1,)), GOT),
    Scenario("a full name goes before a hostname", ddns(),
             four_way(fqdn(S, "pc", "example", "com"), (12, b"laptop"), prl=PRL), GOT),
    Scenario("a full name with capitals", ddns(), four_way(fqdn(S, "PC", "Example", "COM"), prl=PRL), GOT),
    Scenario("a full name when updates are off", ddns(ddns_send_updates=False),
             four_way(fqdn(S, "pc", "example", "com"), prl=PRL), GOT),
    Scenario("a full name when names are always made", ddns(ddns_replace_client_name="always"),
             four_way(fqdn(S, "pc", "example", "com"), prl=PRL), GOT),
    Scenario("a renewal with a full name", ddns(), (*four_way(fqdn(S, "pc"), prl=PRL), renew(fqdn(S, "pc"), prl=PRL)),
             (*GOT, ACK)),
    Scenario("a reserved name and a full name",
             config(subnet(ddns_qualifying_suffix="example.org",
                           reservations=[{"hw-address": "02:00:00:00:00:01", "hostname": "fixed"}])),
             four_way(fqdn(S, "pc", "example", "com"), prl=PRL), GOT),
    Scenario("a reserved name with a suffix and no name asked",
             config(subnet(ddns_qualifying_suffix="example.org",
                           reservations=[{"hw-address": "02:00:00:00:00:01", "hostname": "fixed"}])),
             four_way(prl=(1,)), GOT),
)  # fmt: skip
