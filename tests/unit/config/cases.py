"""Snippets of configurations that both families have: what we make of them, and whether Kea 3.0 agrees.

In a snippet and in the path of its error "DhcpN" and "subnetN" stand for the family's keys, "PREFIX" for a subnet.
`cases4` and `cases6` add what only one of them has. Used by the unit tests of the loader and, against real Kea, by
tests/interop/test_config_agreement.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kea_mp.family import DHCP4, Family

NOT_YET = "Kea has it, kea_mp refuses it until it does"
UNCHECKED = "Kea checks this only where the value is used, or not at all; a value that cannot be meant is refused here"
MACHINE = "Kea looks at the machine's interfaces; here this is the supervisor's business when it opens sockets"
PATHS = "Kea allows its own directories only"
NEWER = "Kea has it from 3.1 on"
_PREFIXES = {4: "192.0.2.0/24", 6: "2001:db8::/32"}


@dataclass(frozen=True)
class Case:
    """content: what stands in the map Dhcp4 or Dhcp6, or a whole text. error: JSON path of the error, None when it is
    good. says: part of the problem. differs: why Kea decides the other way; "" when it agrees."""

    content: str
    error: str | None = None
    says: str = ""
    differs: str = ""
    family: Family = DHCP4

    @property
    def text(self) -> str:
        if self.content.startswith(("{", "#", "/")):
            return self.content
        return '{"' + self.family.top + '": {' + self.content + "}}"


def of_family(family: Family, cases: Sequence[Case]) -> list[Case]:
    """The cases as they read in one family."""
    number = str(family.number)

    def spelt(text: str) -> str:
        for word in ("Dhcp", "dhcp", "subnet"):
            text = text.replace(f"{word}N", word + number)
        return text.replace("PREFIX", _PREFIXES[family.number])

    return [
        replace(case, content=spelt(case.content), error=case.error and spelt(case.error), family=family)
        for case in cases
    ]


def good(content: str, differs: str = "") -> Case:
    return Case(content, differs=differs)


def bad(content: str, error: str, says: str = "", differs: str = "") -> Case:
    return Case(content, error, says, differs)


def subnet(rest: str = "") -> str:
    return '"subnetN": [{"id": 1, "subnet": "PREFIX"' + (", " + rest if rest else "") + "}]"


def hook(rest: str) -> str:
    return '"hooks-libraries": [{' + rest + "}]"


def host(rest: str) -> str:
    return subnet('"reservations": [' + rest + "]")


def option(text: str) -> str:
    return '"option-data": [' + text + "]"


def definition(text: str) -> str:
    return '"option-def": [' + text + "]"


FOLDER, HOOK = "/usr/lib/x86_64-linux-gnu/kea/hooks", "DhcpN.hooks-libraries[0]"
SUBNET, POOL, HOST = "DhcpN.subnetN[0]", "DhcpN.subnetN[0].pools[0]", "DhcpN.subnetN[0].reservations[0]"
OPTION, DEFINITION = "DhcpN.option-data[0]", "DhcpN.option-def[0]"

_SYNTAX = [
    good('{"DhcpN": {"valid-lifetime": 4000}}'),
    good('{"DhcpN": {"valid-lifetime": 4000,},}'),
    good('{"DhcpN": {"valid-lifetime": 4000,,,}}'),
    good('{"DhcpN": {"subnetN": []}}'),
    bad('{"DhcpN": {"subnetN": [,]}}', "", "unexpected"),
    good('# one\n{"DhcpN": /* two\n */ {"valid-lifetime": 4000}} // three'),
    good('{"DhcpN": {"server-tag": "a # b // c /* d */"}}'),
    good('{"DhcpN": {"valid-lifetime": 0100}}'),
    bad('{"DhcpN": {"valid-lifetime": +100}}', "", "plus sign"),
    bad('{"DhcpN": {"valid-lifetime": 1.5}}', "DhcpN.valid-lifetime", "must be an integer"),
    bad('{"DhcpN": {"valid-lifetime": 100, "valid-lifetime": 200}}', "", "duplicate"),
    bad('{"DhcpN": {}}', "DhcpN", "must not be empty"),
    bad('{"DhcpN": null}', "DhcpN", "must be a map, not null"),
    bad("{}", "", "missing"),
    bad('{"DhcpN": {"valid-lifetime": 3}, "Logging": {}}', "Logging"),
    bad('{"DhcpN": {"valid-lifetime": 3}', "", "end of file"),
    bad('{"DhcpN": {"server-tag": "a\\q"}}', "", "Bad escape"),
    bad('{"DhcpN": {"server-tag": "a\nb"}}', "", "control"),
    bad('{"DhcpN": {"server-tag": "\\u20ac"}}', "", "unicode"),
    good('{"DhcpN": {"server-tag": "\\u0041\\n"}}'),
    bad('{"DhcpN": {"valid-lifetime": 99999999999999999999}}', "", "Failed to convert"),
    bad('/* {"DhcpN": {"valid-lifetime": 3}}', "", "Comment not closed"),
    bad('{"DhcpN": {<?include "/no/such/file"?>}}', "", "cannot read"),
    bad('"unknown": 1', "DhcpN.unknown", "unknown key"),
    bad('"user-context": []', "DhcpN.user-context", "must be a map"),
    good('"user-context": {"a": [1, null, 2.5, {}]}, "comment": "b"'),
    good(subnet('"comment": "x", "user-context": {"y": 1}')),
]  # fmt: skip

_GLOBALS = [
    good('"renew-timer": 900, "rebind-timer": 1800, "valid-lifetime": 3600'),
    bad('"renew-timer": -1', "DhcpN.renew-timer", "out of range", UNCHECKED),
    bad('"renew-timer": -1, ' + subnet(), "DhcpN.renew-timer"),
    bad('"valid-lifetime": "1"', "DhcpN.valid-lifetime", "must be an integer, not a string"),
    bad('"valid-lifetime": 4294967296', "DhcpN.valid-lifetime", "out of range", UNCHECKED),
    good('"valid-lifetime": 4294967295'),
    good('"min-valid-lifetime": 10, "valid-lifetime": 20, "max-valid-lifetime": 30'),
    bad('"min-valid-lifetime": 10000', "DhcpN.min-valid-lifetime", "descend"),
    bad('"max-valid-lifetime": 10', "DhcpN.max-valid-lifetime"),
    bad('"min-valid-lifetime": 10, "max-valid-lifetime": 5', "DhcpN.min-valid-lifetime"),
    bad('"cache-threshold": 1.5', "DhcpN.cache-threshold", "out of range", UNCHECKED),
    bad('"cache-threshold": 1.0, ' + subnet(), "DhcpN.cache-threshold"),
    good('"cache-threshold": 0.0, "cache-max-age": 10, ' + subnet()),
    bad('"cache-max-age": -5', "DhcpN.cache-max-age", "", UNCHECKED),
    bad('"adaptive-lease-time-threshold": 0.8', "DhcpN.adaptive-lease-time-threshold", "newer"),
    good('"allocator": "random"'),
    bad('"allocator": "fastest"', "DhcpN.allocator", "none of", UNCHECKED),
    bad('"decline-probation-period": -1', "DhcpN.decline-probation-period", "out of range"),
    bad('"decline-probation-period": 4294967296', "DhcpN.decline-probation-period", "out of range"),
    bad('"hostname-char-set": "["', "DhcpN.hostname-char-set", "regular expression", UNCHECKED),
    good('"hostname-char-set": "[^[:alnum:].-]", "hostname-char-replacement": "x"'),
    good('"ddns-replace-client-name": "when-present", "ddns-generated-prefix": "h", "ddns-qualifying-suffix": "a.b."'),
    bad('"ddns-replace-client-name": true', "DhcpN.ddns-replace-client-name", "must be a string, not a boolean"),
    bad('"ddns-replace-client-name": "foo"', "DhcpN.ddns-replace-client-name", "none of"),
    bad('"ddns-conflict-resolution-mode": "foo"', "DhcpN.ddns-conflict-resolution-mode"),
    good('"ddns-use-conflict-resolution": false'),
    bad('"ddns-ttl-min": 10, "ddns-ttl-max": 5', "DhcpN.ddns-ttl-max", "below ddns-ttl-min"),
    bad('"ddns-ttl": 10, "ddns-ttl-min": 5', "DhcpN.ddns-ttl-min", "both"),
    good('"ddns-ttl": 10, "ddns-send-updates": false, "ddns-update-on-renew": true'),
    bad('"parked-packet-limit": -3', "DhcpN.parked-packet-limit", "", UNCHECKED),
    good('"parked-packet-limit": 0, "statistic-default-sample-count": 5, "statistic-default-sample-age": 60'),
    bad('"reservation-mode": "all"', "DhcpN.reservation-mode", "unknown key"),
    good('"host-reservation-identifiers": ["flex-id", "duid"]'),
    bad('"host-reservation-identifiers": []', "DhcpN.host-reservation-identifiers", "empty"),
    bad('"host-reservation-identifiers": ["duid", "duid"]', "DhcpN.host-reservation-identifiers[1]", "twice"),
    bad('"host-reservation-identifiers": ["auto"]', "DhcpN.host-reservation-identifiers[0]", "none of"),
    bad('"host-reservation-identifiers": [1]', "DhcpN.host-reservation-identifiers[0]", "must be a string"),
    good('"reservations-lookup-first": true, "reservations-global": true, "reservations-in-subnet": false'),
    good('"reservations-out-of-pool": true, "server-tag": "one"'),
]  # fmt: skip

_MAPS = [
    bad('"interfaces-config": {}', "DhcpN.interfaces-config", "empty"),
    good('"interfaces-config": {"interfaces": []}'),
    good('"interfaces-config": {"interfaces": ["nosuch"]}', MACHINE),
    bad('"interfaces-config": {"interfaces": ["lo", "lo"]}', "DhcpN.interfaces-config.interfaces[1]", "already"),
    bad('"interfaces-config": {"interfaces": ["*", "*"]}', "DhcpN.interfaces-config.interfaces[1]", "already"),
    bad('"interfaces-config": {"interfaces": ["lo/x"]}', "DhcpN.interfaces-config.interfaces[0]", "address"),
    bad('"interfaces-config": {"interfaces": [" "]}', "DhcpN.interfaces-config.interfaces[0]", "empty"),
    bad('"interfaces-config": {"interfaces": "lo"}', "DhcpN.interfaces-config.interfaces", "must be a list"),
    bad('"interfaces-config": {"interfaces": [], "foo": 1}', "DhcpN.interfaces-config.foo", "unknown key"),
    bad(
        '"interfaces-config": {"service-sockets-max-retries": -1}',
        "DhcpN.interfaces-config.service-sockets-max-retries", "out of range", UNCHECKED,
    ),
    good(
        '"interfaces-config": {"interfaces": [], "service-sockets-max-retries": 3, "service-sockets-require-all": true,'
        ' "service-sockets-retry-wait-time": 100, "comment": "c"}'
    ),
    good('"lease-database": {"type": "memfile", "persist": false, "name": "x.csv", "lfc-interval": 0}'),
    good('"lease-database": {"type": "memfile", "max-row-errors": 5, "host": "h", "user": "u", "password": "p"}'),
    bad('"lease-database": {"persist": true}', "DhcpN.lease-database", "'type' is missing"),
    bad('"lease-database": {"type": "foo"}', "DhcpN.lease-database.type", "none of"),
    good(
        '"lease-database": {"type": "mysql", "name": "k", "host": "h", "port": 3306, "user": "u", "password": "p",'
        ' "connect-timeout": 3, "read-timeout": 1, "write-timeout": 2, "tcp-user-timeout": 0, "trust-anchor": "/ca",'
        ' "cert-file": "/c", "key-file": "/k", "cipher-list": "AES"}'
    ),
    good(
        '"lease-database": {"type": "postgresql", "name": "k", "tcp-user-timeout": 4, "max-reconnect-tries": 3,'
        ' "reconnect-wait-time": 100, "on-fail": "serve-retry-continue", "retry-on-startup": true}'
    ),
    bad('"lease-database": {"type": "mysql"}', "DhcpN.lease-database", "needs a name", UNCHECKED),
    bad('"lease-database": {"type": "mysql", "name": "k", "password": "1234"}', "DhcpN.lease-database.password",
        "everybody knows", UNCHECKED),
    bad('"lease-database": {"type": "mysql", "name": "k", "tcp-user-timeout": 1}',
        "DhcpN.lease-database.tcp-user-timeout"),
    bad('"lease-database": {"type": "postgresql", "name": "k", "read-timeout": 1}',
        "DhcpN.lease-database.read-timeout"),
    bad('"lease-database": {"type": "postgresql", "name": "k", "write-timeout": 1}',
        "DhcpN.lease-database.write-timeout"),
    bad('"lease-database": {"type": "memfile", "lfc-interval": -1}', "DhcpN.lease-database.lfc-interval"),
    bad('"lease-database": {"type": "memfile", "read-timeout": 1}', "DhcpN.lease-database.read-timeout"),
    bad('"lease-database": {"type": "memfile", "port": 65536}', "DhcpN.lease-database.port"),
    bad('"lease-database": {"type": "memfile", "on-fail": "give-up"}', "DhcpN.lease-database.on-fail"),
    bad('"lease-database": {"type": "memfile", "readonly": true}', "DhcpN.lease-database.readonly", "unknown key"),
    bad('"lease-database": {"type": "memfile", "comment": "c"}', "DhcpN.lease-database.comment", "unknown key"),
    bad('"hosts-database": {"type": "mysql", "name": "k"}', "DhcpN.hosts-database", "not supported", NOT_YET),
    bad('"hosts-databases": [{"type": "mysql"}]', "DhcpN.hosts-databases", "not supported", NOT_YET),
    good('"hosts-databases": []'),
    bad('"config-control": {"config-fetch-wait-time": 5}', "DhcpN.config-control", "not supported", NOT_YET),
    good('"hooks-libraries": []'),
    *(good(hook(f'"library": "{FOLDER}/libdhcp_{name}.so"')) for name in ("mysql", "pgsql", "lease_cmds", "stat_cmds")),
    good(hook('"library": "libdhcp_stat_cmds.so"')),
    good(hook(f'"library": " {FOLDER}/libdhcp_stat_cmds.so"')),
    good(hook('"library": "/opt/kea/lib/libdhcp_stat_cmds.so"'), PATHS),
    good(f'"hooks-libraries": [{{"library": "{FOLDER}/libdhcp_stat_cmds.so"}}, {{"library": "libdhcp_stat_cmds.so"}}]'),
    good(hook(f'"parameters": {{}}, "library": "{FOLDER}/libdhcp_mysql.so"')),
    good(hook(f'"library": "{FOLDER}/libdhcp_lease_cmds.so", "parameters": {{"binding-variables": []}}')),
    bad(
        hook(f'"library": "{FOLDER}/libdhcp_lease_cmds.so", "parameters": {{"binding-variables": [{{}}]}}'),
        f"{HOOK}.parameters.binding-variables", "not supported", NOT_YET,
    ),
    bad(
        hook(f'"library": "{FOLDER}/libdhcp_mysql.so", "parameters": {{"a": 1}}'),
        f"{HOOK}.parameters.a", "none of libdhcp_mysql.so", UNCHECKED,
    ),
    bad(hook(f'"library": "{FOLDER}/libdhcp_ha.so"'), f"{HOOK}.library", "libdhcp_ha.so' is not supported", NOT_YET),
    bad(hook(f'"library": "{FOLDER}/"'), f"{HOOK}.library", "not supported"),
    bad(hook('"library": ""'), f"{HOOK}.library", "empty"),
    bad(hook('"library": 5'), f"{HOOK}.library", "must be a string"),
    bad(hook('"library": "libdhcp_mysql.so", "parameters": 5'), f"{HOOK}.parameters", "must be a map"),
    bad(hook('"library": "libdhcp_mysql.so", "comment": "c"'), f"{HOOK}.comment", "unknown key"),
    bad(hook('"parameters": {}'), HOOK, "'library' is missing"),
    bad(hook(""), HOOK, "empty"),
    bad('"hooks-libraries": [5]', HOOK, "must be a map"),
    bad('"hooks-libraries": {}', "DhcpN.hooks-libraries", "must be a list"),
    good('"expired-leases-processing": {"reclaim-timer-wait-time": 0, "max-reclaim-time": 10000}'),
    bad('"expired-leases-processing": {}', "DhcpN.expired-leases-processing", "empty"),
    bad('"expired-leases-processing": {"max-reclaim-time": 10001}', "DhcpN.expired-leases-processing.max-reclaim-time"),
    bad(
        '"expired-leases-processing": {"reclaim-timer-wait-time": 65536}',
        "DhcpN.expired-leases-processing.reclaim-timer-wait-time", "65535",
    ),
    bad(
        '"expired-leases-processing": {"hold-reclaimed-time": -1}',
        "DhcpN.expired-leases-processing.hold-reclaimed-time",
    ),
    good('"control-socket": {"socket-type": "unix", "socket-name": "a"}'),
    good('"control-sockets": [{"socket-type": "unix", "socket-name": "a", "comment": "b"}]'),
    good('"control-sockets": [{"socket-type": "unix", "socket-name": "/tmp/a"}]', PATHS),
    bad('"control-sockets": [{"socket-type": "unix", "socket-name": ""}]', "DhcpN.control-sockets[0].socket-name"),
    bad('"control-sockets": [{"socket-type": "unix"}]', "DhcpN.control-sockets[0]", "missing"),
    bad('"control-sockets": [{"socket-name": "a"}]', "DhcpN.control-sockets[0]", "'socket-type' is missing"),
    bad('"control-sockets": [{"socket-type": "tcp"}]', "DhcpN.control-sockets[0].socket-type", "none of"),
    bad(
        '"control-sockets": [{"socket-type": "unix", "socket-name": "a"}, {"socket-type": "unix", "socket-name": "b"}]',
        "DhcpN.control-sockets[1].socket-type", "already",
    ),
    bad(
        '"control-socket": {"socket-type": "unix", "socket-name": "a"}, "control-sockets": []',
        "DhcpN.control-socket", "both",
    ),
    bad(
        '"control-sockets": [{"socket-type": "unix", "socket-name": "a", "socket-port": 1}]',
        "DhcpN.control-sockets[0].socket-port", "type unix", UNCHECKED,
    ),
    good('"loggers": [{"name": "kea-dhcpN", "severity": "DEBUG", "debuglevel": 99,'
         ' "output-options": [{"output": "stdout"}]}]'),
    good('"loggers": [{"name": "kea-dhcpN.leases", "output_options": [{"output": "syslog:daemon"}]}]'),
    bad('"loggers": []', "DhcpN.loggers", "empty"),
    bad('"loggers": [{"name": "a", "output-options": []}]', "DhcpN.loggers[0].output-options", "empty"),
    bad('"loggers": [{"name": "a", "severity": "LOUD"}]', "DhcpN.loggers[0].severity", "none of", UNCHECKED),
    bad('"loggers": [{"name": "a", "debuglevel": 100}]', "DhcpN.loggers[0].debuglevel", "out of range", UNCHECKED),
    bad('"loggers": [{"severity": "INFO"}]', "DhcpN.loggers[0]", "'name' is missing", UNCHECKED),
    bad('"loggers": [{"name": "a", "output-options": [{"flush": true}]}]', "DhcpN.loggers[0].output-options[0]",
        "'output' is missing", UNCHECKED),
    good('"sanity-checks": {"lease-checks": "fix-del", "extended-info-checks": "none"}'),
    bad('"sanity-checks": {"lease-checks": "foo"}', "DhcpN.sanity-checks.lease-checks", "none of"),
    bad('"sanity-checks": {"extended-info-checks": "strict"}', "DhcpN.sanity-checks.extended-info-checks",
        "not supported", NOT_YET),
    bad('"sanity-checks": {}', "DhcpN.sanity-checks", "empty"),
    good('"multi-threading": {"enable-multi-threading": true, "thread-pool-size": 4, "packet-queue-size": 10}'),
    bad('"multi-threading": {"thread-pool-size": 3}', "DhcpN.multi-threading", "missing"),
    bad('"multi-threading": {"enable-multi-threading": true, "thread-pool-size": -1}',
        "DhcpN.multi-threading.thread-pool-size"),
    bad('"multi-threading": {"enable-multi-threading": true, "packet-queue-size": 65536}',
        "DhcpN.multi-threading.packet-queue-size"),
    bad('"multi-threading": {"enable-multi-threading": true, "thread-pool-size": 1000}',
        "DhcpN.multi-threading.thread-pool-size", "at most 256", "kea_mp runs at most 256 workers"),
    bad('"dhcp-queue-control": {"enable-queue": true}', "DhcpN.dhcp-queue-control.enable-queue", "not supported",
        NOT_YET),
    bad('"dhcp-queue-control": {"queue-type": "x"}', "DhcpN.dhcp-queue-control", "missing"),
    good('"dhcp-ddns": {"enable-updates": false, "server-port": 530, "ncr-protocol": "UDP", "ncr-format": "JSON"}'),
    bad('"dhcp-ddns": {"enable-updates": true}', "DhcpN.dhcp-ddns.enable-updates", "not supported", NOT_YET),
    bad('"dhcp-ddns": {"server-port": 7}', "DhcpN.dhcp-ddns", "missing"),
    bad('"dhcp-ddns": {"enable-updates": false, "ncr-protocol": "TCP"}', "DhcpN.dhcp-ddns.ncr-protocol"),
    bad('"dhcp-ddns": {"enable-updates": false, "server-ip": "x"}', "DhcpN.dhcp-ddns.server-ip"),
    bad('"dhcp-ddns": {"enable-updates": false, "server-ip": "::1", "sender-ip": "127.0.0.1"}',
        "DhcpN.dhcp-ddns.sender-ip", "family of server-ip"),
    bad('"dhcp-ddns": {"enable-updates": false, "server-ip": "127.0.0.1", "sender-ip": "127.0.0.1", '
        '"sender-port": 53001}',
        "DhcpN.dhcp-ddns.sender-ip", "same address and port"),
    good('"dhcp-ddns": {"enable-updates": false, "server-ip": "127.0.0.1", "sender-ip": "127.0.0.1", '
        '"sender-port": 53}'),
    bad('"dhcp-ddns": {"enable-updates": false, "server-port": 70000}', "DhcpN.dhcp-ddns.server-port", "", UNCHECKED),
    bad('"compatibility": {"foo": true}', "DhcpN.compatibility.foo", "unknown key"),
    good('"user-context": {"kea-mp": {"workers": 2, "memfile-sync": "none"}}'),
    bad('"user-context": {"kea-mp": {"workers": 0}}', "DhcpN.user-context.kea-mp.workers", "out of range",
        "user-context is free text for Kea"),
    bad('"user-context": {"kea-mp": {"worker": 2}}', "DhcpN.user-context.kea-mp.worker", "unknown key",
        "user-context is free text for Kea"),
    bad('"user-context": {"kea-mp": 3}', "DhcpN.user-context.kea-mp", "must be a map",
        "user-context is free text for Kea"),
]  # fmt: skip

_SUBNETS = [
    good(subnet()),
    bad('"subnetN": [{"subnet": "PREFIX"}]', SUBNET, "'id' is missing"),
    bad('"subnetN": [{"id": 1}]', SUBNET, "'subnet' is missing"),
    bad('"subnetN": [{}]', SUBNET, "empty"),
    bad('"subnetN": [1]', SUBNET, "must be a map"),
    bad('"subnetN": [{"id": 0, "subnet": "PREFIX"}]', SUBNET + ".id", "out of range"),
    bad('"subnetN": [{"id": 4294967295, "subnet": "PREFIX"}]', SUBNET + ".id", "out of range"),
    bad('"subnetN": [{"id": 1, "subnet": "PREFIX"}, {"id": 2, "subnet": "PREFIX"}]',
        "DhcpN.subnetN[1].subnet", "another subnet"),
    good(subnet('"renew-timer": 100, "rebind-timer": 50')),
    bad(subnet('"renew-timer": -100'), SUBNET + ".renew-timer"),
    bad(subnet('"valid-lifetime": -1'), SUBNET + ".valid-lifetime", "", UNCHECKED),
    bad(subnet('"min-valid-lifetime": 9000'), SUBNET + ".min-valid-lifetime", "descend"),
    bad('"max-valid-lifetime": 8000, ' + subnet('"valid-lifetime": 9000'), SUBNET + ".valid-lifetime"),
    good('"min-valid-lifetime": 7000, ' + subnet('"max-valid-lifetime": 9000')),
    bad(subnet('"cache-threshold": 1.0'), SUBNET + ".cache-threshold"),
    bad(subnet('"allocator": "foo"'), SUBNET + ".allocator"),
    bad(subnet('"hostname-char-set": "["'), SUBNET + ".hostname-char-set"),
    bad(subnet('"hostname-char-set": "[[:foo:]]"'), SUBNET + ".hostname-char-set"),
    bad(subnet('"ddns-ttl-percent": 0.5, "ddns-ttl": 5'), SUBNET + ".ddns-ttl-percent"),
    bad(subnet('"ddns-use-conflict-resolution": true, "ddns-conflict-resolution-mode": "no-check-with-dhcid"'),
        SUBNET + ".ddns-use-conflict-resolution", "both"),
    good(subnet('"interface": "lo"')),
    good(subnet('"interface": "nosuch"'), MACHINE),
    bad(subnet('"relay": {}'), SUBNET + ".relay", "empty"),
    good(subnet('"client-class": "a", "require-client-classes": ["b"]')),
    good(subnet('"client-classes": ["a", "a"], "evaluate-additional-classes": ["b"]')),
    bad(subnet('"client-class": "a", "client-classes": ["b"]'), SUBNET + ".client-class", "both"),
    bad(subnet('"client-classes": [""]'), SUBNET + ".client-classes[0]", "empty"),
    bad(subnet('"require-client-classes": [], "evaluate-additional-classes": []'), SUBNET + ".require-client-classes"),
    bad(subnet('"valid-lifetme": 5'), SUBNET + ".valid-lifetme", "unknown key"),
    good(subnet('"pools": []')),
    bad(subnet('"pools": [{}]'), POOL, "empty"),
    good('"shared-networks": [{"name": "a"}]'),
    bad('"shared-networks": [{"name": "a"}, {"name": "a"}]', "DhcpN.shared-networks[1].name", "another"),
    bad('"shared-networks": [{"name": ""}]', "DhcpN.shared-networks[0].name", "empty"),
    bad('"shared-networks": [{"subnetN": []}]', "DhcpN.shared-networks[0]", "'name' is missing"),
    good('"shared-networks": [{"name": "a", "interface": "lo", ' + subnet('"interface": ""') + "}]"),
    bad('"shared-networks": [{"name": "a", "interface": "lo", ' + subnet('"interface": "eth0"') + "}]",
        "DhcpN.shared-networks[0].subnetN[0].interface", "uses interface 'lo'"),
    bad('"shared-networks": [{"name": "a", "valid-lifetime": 10, ' + subnet('"min-valid-lifetime": 20') + "}]",
        "DhcpN.shared-networks[0].subnetN[0].min-valid-lifetime"),
    bad('"shared-networks": [{"name": "a", "id": 4}]', "DhcpN.shared-networks[0].id", "unknown key"),
]  # fmt: skip

_HOSTS = [
    bad(host("{}"), HOST, "must be given"),
    bad(host('{"hostname": "x"}'), HOST, "must be given"),
    bad(host('{"hw-address": "1:2:3:4:5:6", "duid": "010203"}'), HOST + ".duid", "both"),
    bad(host('{"hw-address": "xx"}'), HOST + ".hw-address", "neither"),
    bad(host('{"hw-address": ""}'), HOST + ".hw-address", "empty"),
    bad(host('{"hw-address": "01-02-03-04-05-06"}'), HOST + ".hw-address"),
    bad(host('{"hw-address": "' + "01:" * 20 + '01"}'), HOST + ".hw-address", "between 1 and 20"),
    bad(host('{"duid": "01"}'), HOST + ".duid", "between 3 and 130"),
    bad(host('{"flex-id": "\'\'"}'), HOST + ".flex-id"),
    bad(host('{"hw-address": "1:2:3:4:5:6"}, {"hw-address": "01:02:03:04:05:06"}'),
        SUBNET + ".reservations[1].hw-address", "another reservation"),
    good('"reservations": [{"duid": "010203"}], ' + host('{"duid": "010203"}')),
]  # fmt: skip

_CLASSES = [
    good('"client-classes": [{"name": "a"}, {"name": "b", "valid-lifetime": 20, "max-valid-lifetime": 30}]'),
    bad('"client-classes": [{"name": "a"}, {"name": "a"}]', "DhcpN.client-classes[1].name", "another"),
    bad('"client-classes": [{"name": ""}]', "DhcpN.client-classes[0].name", "empty"),
    bad('"client-classes": [{}]', "DhcpN.client-classes[0]"),
    bad('"client-classes": [{"name": "a", "test": ""}]', "DhcpN.client-classes[0].test", "not supported"),
    bad('"client-classes": [{"name": "a", "test": "member(\'ALL\')"}]', "DhcpN.client-classes[0].test",
        "not supported", NOT_YET),
    bad('"client-classes": [{"name": "a", "template-test": "\'x\'"}]', "DhcpN.client-classes[0].template-test",
        "not supported", NOT_YET),
    bad('"client-classes": [{"name": "KNOWN", "only-in-additional-list": true}]', "DhcpN.client-classes[0].name"),
    bad('"client-classes": [{"name": "DROP", "only-if-required": true}]', "DhcpN.client-classes[0].name"),
    bad('"client-classes": [{"name": "x", "only-in-additional-list": true, "only-if-required": true}]',
        "DhcpN.client-classes[0].only-if-required", "both"),
    bad('"client-classes": [{"name": "x", "min-valid-lifetime": 10, "max-valid-lifetime": 20}]',
        "DhcpN.client-classes[0]", "without valid-lifetime"),
    bad('"client-classes": [{"name": "x", "valid-lifetime": 30, "max-valid-lifetime": 20}]',
        "DhcpN.client-classes[0].max-valid-lifetime"),
]  # fmt: skip

_OPTIONS = [
    bad(option("{}"), OPTION, "code or name"),
    bad(option('{"name": "nosuch", "data": "1"}'), OPTION, "no definition"),
    bad(option('{"code": 0, "data": "01", "csv-format": false}'), OPTION + ".code", "reserved"),
    bad(option('{"code": "3", "data": "01"}'), OPTION + ".code", "must be an integer"),
    good(option('{"code": 2, "data": "0102", "space": "vendor-1234", "csv-format": false}')),
    bad(option('{"name": "domain name", "data": "a"}'), OPTION + ".name", "blanks"),
    good(option('{"name": "domain-search", "data": "a.b, c.d"}')),
    bad(option('{"name": "domain-search", "data": "a..b"}'), OPTION + ".data"),
    bad(definition('{"name": "a", "code": 0, "type": "uint8"}'), DEFINITION),
    good(definition('{"name": "a", "code": 0, "type": "uint8", "space": "x"}')),
    bad(definition('{"name": "a", "code": 1, "type": "foo", "space": "x"}'), DEFINITION, "unknown type"),
    good(definition('{"name": "a", "code": 1, "type": "record", "record-types": "uint8, string", "space": "x"}')),
    bad(definition('{"name": "a", "code": 1, "type": "record", "record-types": "uint8", "space": "x"}'), DEFINITION),
    bad(definition('{"name": "a", "code": 1, "type": "record", "record-types": "uint8, foo", "space": "x"}'),
        DEFINITION, "unknown type"),
    bad(definition('{"name": "a", "code": 1, "type": "uint8", "record-types": "uint8", "space": "x"}'),
        DEFINITION + ".record-types"),
    bad(definition('{"name": "a", "code": 1, "type": "string", "array": true, "space": "x"}'), DEFINITION),
    bad(definition('{"name": "a", "code": 1, "type": "uint8", "array": true, "encapsulate": "y", "space": "x"}'),
        DEFINITION),
    bad(definition('{"name": "a", "code": 1, "type": "uint8", "encapsulate": "x", "space": "x"}'), DEFINITION),
    bad(definition('{"name": "a b", "code": 1, "type": "uint8", "space": "x"}'), DEFINITION, "no valid name"),
    bad(definition('{"name": "a", "code": 1, "type": "uint8", "space": "x y"}'), DEFINITION, "no valid space"),
    bad(definition('{"name": "a", "type": "uint8"}'), DEFINITION, "'code' is missing"),
    good(definition('{"name": "a", "code": 1, "type": "uint8", "space": "vendor-9"}')
         + ", " + option('{"name": "a", "space": "vendor-9", "data": "4"}')),
]  # fmt: skip

COMMON = [*_SYNTAX, *_GLOBALS, *_MAPS, *_SUBNETS, *_HOSTS, *_CLASSES, *_OPTIONS]
