"""Snippets of DHCPv4 configurations: what we make of them, and whether Kea 3.0 agrees.

Used by the unit test of the loader and, against real Kea, by tests/interop/test_config_agreement.py.
"""

from __future__ import annotations

from dataclasses import dataclass

NOT_YET = "Kea has it, kea_mp refuses it until it does"
UNCHECKED = "Kea checks this only where the value is used, or not at all; a value that cannot be meant is refused here"
MACHINE = "Kea looks at the machine's interfaces; here this is the supervisor's business when it opens sockets"
PATHS = "Kea allows its own directories only"


@dataclass(frozen=True)
class Case:
    """dhcp4: what stands in the map Dhcp4. error: JSON path of the error, None when it is good. says: part of
    the problem. differs: why Kea decides the other way; "" when it agrees."""

    dhcp4: str
    error: str | None = None
    says: str = ""
    differs: str = ""

    @property
    def text(self) -> str:
        return self.dhcp4 if self.dhcp4.startswith(("{", "#", "/")) else '{"Dhcp4": {' + self.dhcp4 + "}}"


def good(dhcp4: str, differs: str = "") -> Case:
    return Case(dhcp4, differs=differs)


def bad(dhcp4: str, error: str, says: str = "", differs: str = "") -> Case:
    return Case(dhcp4, error, says, differs)


def subnet(rest: str = "") -> str:
    return '"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"' + (", " + rest if rest else "") + "}]"


def hook(rest: str) -> str:
    return '"hooks-libraries": [{' + rest + "}]"


def host(rest: str) -> str:
    return subnet('"reservations": [' + rest + "]")


FOLDER, HOOK = "/usr/lib/x86_64-linux-gnu/kea/hooks", "Dhcp4.hooks-libraries[0]"
SUBNET, POOL, HOST = "Dhcp4.subnet4[0]", "Dhcp4.subnet4[0].pools[0]", "Dhcp4.subnet4[0].reservations[0]"

SYNTAX = [
    good('{"Dhcp4": {"valid-lifetime": 4000}}'),
    good('{"Dhcp4": {"valid-lifetime": 4000,},}'),
    good('{"Dhcp4": {"valid-lifetime": 4000,,,}}'),
    good('{"Dhcp4": {"subnet4": []}}'),
    bad('{"Dhcp4": {"subnet4": [,]}}', "", "unexpected"),
    good('# one\n{"Dhcp4": /* two\n */ {"valid-lifetime": 4000}} // three'),
    good('{"Dhcp4": {"server-tag": "a # b // c /* d */"}}'),
    good('{"Dhcp4": {"valid-lifetime": 0100}}'),
    bad('{"Dhcp4": {"valid-lifetime": +100}}', "", "plus sign"),
    bad('{"Dhcp4": {"valid-lifetime": 1.5}}', "Dhcp4.valid-lifetime", "must be an integer"),
    bad('{"Dhcp4": {"valid-lifetime": 100, "valid-lifetime": 200}}', "", "duplicate"),
    bad('{"Dhcp4": {}}', "Dhcp4", "must not be empty"),
    bad('{"Dhcp4": null}', "Dhcp4", "must be a map, not null"),
    bad("{}", "", "missing"),
    bad('{"Dhcp4": {"valid-lifetime": 3}, "Logging": {}}', "Logging"),
    bad('{"Dhcp4": {"valid-lifetime": 3}', "", "end of file"),
    bad('{"Dhcp4": {"echo-client-id": TRUE}}', "", "lower case"),
    bad('{"Dhcp4": {"server-tag": "a\\q"}}', "", "Bad escape"),
    bad('{"Dhcp4": {"server-tag": "a\nb"}}', "", "control"),
    bad('{"Dhcp4": {"server-tag": "\\u20ac"}}', "", "unicode"),
    good('{"Dhcp4": {"server-tag": "\\u0041\\n"}}'),
    bad('{"Dhcp4": {"valid-lifetime": 99999999999999999999}}', "", "Failed to convert"),
    bad('/* {"Dhcp4": {"valid-lifetime": 3}}', "", "Comment not closed"),
    bad('{"Dhcp4": {<?include "/no/such/file"?>}}', "", "cannot read"),
    bad('"unknown": 1', "Dhcp4.unknown", "unknown key"),
    bad('"user-context": []', "Dhcp4.user-context", "must be a map"),
    good('"user-context": {"a": [1, null, 2.5, {}]}, "comment": "b"'),
    good(subnet('"comment": "x", "user-context": {"y": 1}')),
]

GLOBALS = [
    good('"renew-timer": 900, "rebind-timer": 1800, "valid-lifetime": 3600'),
    bad('"renew-timer": -1', "Dhcp4.renew-timer", "out of range", UNCHECKED),
    bad('"renew-timer": -1, ' + subnet(), "Dhcp4.renew-timer"),
    bad('"valid-lifetime": "1"', "Dhcp4.valid-lifetime", "must be an integer, not a string"),
    bad('"valid-lifetime": 4294967296', "Dhcp4.valid-lifetime", "out of range", UNCHECKED),
    good('"valid-lifetime": 4294967295'),
    good('"min-valid-lifetime": 10, "valid-lifetime": 20, "max-valid-lifetime": 30'),
    bad('"min-valid-lifetime": 10000', "Dhcp4.min-valid-lifetime", "descend"),
    bad('"max-valid-lifetime": 10', "Dhcp4.max-valid-lifetime"),
    bad('"min-valid-lifetime": 10, "max-valid-lifetime": 5', "Dhcp4.min-valid-lifetime"),
    good('"t1-percent": 0.9, "t2-percent": 0.8'),
    bad('"t1-percent": 1', "Dhcp4.t1-percent", "decimal point"),
    bad('"calculate-tee-times": true, "t1-percent": 0.9', "Dhcp4.t1-percent", "less than", UNCHECKED),
    bad('"calculate-tee-times": true, "t1-percent": 0.9, ' + subnet(), "Dhcp4.t1-percent"),
    bad('"calculate-tee-times": true, "t2-percent": 1.5, ' + subnet(), "Dhcp4.t2-percent"),
    bad('"cache-threshold": 1.5', "Dhcp4.cache-threshold", "out of range", UNCHECKED),
    bad('"cache-threshold": 1.0, ' + subnet(), "Dhcp4.cache-threshold"),
    good('"cache-threshold": 0.0, "cache-max-age": 10, ' + subnet()),
    bad('"cache-max-age": -5', "Dhcp4.cache-max-age", "", UNCHECKED),
    bad('"adaptive-lease-time-threshold": 0.8', "Dhcp4.adaptive-lease-time-threshold", "newer"),
    good('"allocator": "random"'),
    bad('"allocator": "fastest"', "Dhcp4.allocator", "none of", UNCHECKED),
    bad('"offer-lifetime": -1', "Dhcp4.offer-lifetime", "", UNCHECKED),
    good('"offer-lifetime": 60'),
    bad('"decline-probation-period": -1', "Dhcp4.decline-probation-period", "out of range"),
    bad('"decline-probation-period": 4294967296', "Dhcp4.decline-probation-period", "out of range"),
    bad('"dhcp4o6-port": 6767', "Dhcp4.dhcp4o6-port", "not supported", NOT_YET),
    good('"dhcp4o6-port": 0'),
    bad('"next-server": "foo"', "Dhcp4.next-server", "not an IPv4 address", UNCHECKED),
    good('"next-server": "", "server-hostname": "", "boot-file-name": ""'),
    bad('"server-hostname": "' + "a" * 64 + '"', "Dhcp4.server-hostname", "63 bytes", UNCHECKED),
    bad('"hostname-char-set": "["', "Dhcp4.hostname-char-set", "regular expression", UNCHECKED),
    good('"hostname-char-set": "[^[:alnum:].-]", "hostname-char-replacement": "x"'),
    good('"ddns-replace-client-name": "when-present", "ddns-generated-prefix": "h", "ddns-qualifying-suffix": "a.b."'),
    bad('"ddns-replace-client-name": true', "Dhcp4.ddns-replace-client-name", "must be a string, not a boolean"),
    bad('"ddns-replace-client-name": "foo"', "Dhcp4.ddns-replace-client-name", "none of"),
    bad('"ddns-conflict-resolution-mode": "foo"', "Dhcp4.ddns-conflict-resolution-mode"),
    good('"ddns-use-conflict-resolution": false'),
    bad('"ddns-ttl-min": 10, "ddns-ttl-max": 5', "Dhcp4.ddns-ttl-max", "below ddns-ttl-min"),
    bad('"ddns-ttl": 10, "ddns-ttl-min": 5', "Dhcp4.ddns-ttl-min", "both"),
    good('"ddns-ttl": 10, "ddns-send-updates": false, "ddns-update-on-renew": true'),
    bad('"parked-packet-limit": -3', "Dhcp4.parked-packet-limit", "", UNCHECKED),
    good('"parked-packet-limit": 0, "statistic-default-sample-count": 5, "statistic-default-sample-age": 60'),
    bad('"reservation-mode": "all"', "Dhcp4.reservation-mode", "unknown key"),
    bad('"mac-sources": ["any"]', "Dhcp4.mac-sources", "unknown key"),
    good('"host-reservation-identifiers": ["flex-id", "duid"]'),
    bad('"host-reservation-identifiers": []', "Dhcp4.host-reservation-identifiers", "empty"),
    bad('"host-reservation-identifiers": ["duid", "duid"]', "Dhcp4.host-reservation-identifiers[1]", "twice"),
    bad('"host-reservation-identifiers": ["auto"]', "Dhcp4.host-reservation-identifiers[0]", "none of"),
    bad('"host-reservation-identifiers": [1]', "Dhcp4.host-reservation-identifiers[0]", "must be a string"),
    good('"authoritative": true, "echo-client-id": false, "match-client-id": false, "store-extended-info": true'),
    good('"early-global-reservations-lookup": true, "ip-reservations-unique": false, "stash-agent-options": true'),
    good('"reservations-lookup-first": true, "reservations-global": true, "reservations-in-subnet": false'),
    good('"reservations-out-of-pool": true, "server-tag": "one"'),
]

MAPS = [
    bad('"interfaces-config": {}', "Dhcp4.interfaces-config", "empty"),
    good('"interfaces-config": {"interfaces": []}'),
    good('"interfaces-config": {"interfaces": ["*", "lo"], "dhcp-socket-type": "udp", "re-detect": false}'),
    good('"interfaces-config": {"interfaces": ["lo/127.0.0.1"], "outbound-interface": "use-routing"}'),
    good('"interfaces-config": {"interfaces": ["nosuch"]}', MACHINE),
    bad('"interfaces-config": {"interfaces": ["lo", "lo"]}', "Dhcp4.interfaces-config.interfaces[1]", "already"),
    bad('"interfaces-config": {"interfaces": ["*", "*"]}', "Dhcp4.interfaces-config.interfaces[1]", "already"),
    bad('"interfaces-config": {"interfaces": ["lo", "lo/127.0.0.1"]}', "Dhcp4.interfaces-config.interfaces[1]"),
    bad('"interfaces-config": {"interfaces": ["lo/127.0.0.1", "lo"]}', "Dhcp4.interfaces-config.interfaces[1]"),
    bad('"interfaces-config": {"interfaces": ["lo/x"]}', "Dhcp4.interfaces-config.interfaces[0]", "IPv4 address"),
    bad('"interfaces-config": {"interfaces": ["*/127.0.0.1"]}', "Dhcp4.interfaces-config.interfaces[0]"),
    bad('"interfaces-config": {"interfaces": [" "]}', "Dhcp4.interfaces-config.interfaces[0]", "empty"),
    bad('"interfaces-config": {"interfaces": "lo"}', "Dhcp4.interfaces-config.interfaces", "must be a list"),
    bad('"interfaces-config": {"dhcp-socket-type": "tcp"}', "Dhcp4.interfaces-config.dhcp-socket-type"),
    bad('"interfaces-config": {"interfaces": [], "foo": 1}', "Dhcp4.interfaces-config.foo", "unknown key"),
    bad(
        '"interfaces-config": {"service-sockets-max-retries": -1}',
        "Dhcp4.interfaces-config.service-sockets-max-retries", "out of range", UNCHECKED,
    ),
    good(
        '"interfaces-config": {"interfaces": [], "service-sockets-max-retries": 3, "service-sockets-require-all": true,'
        ' "service-sockets-retry-wait-time": 100, "comment": "c"}'
    ),
    good('"lease-database": {"type": "memfile", "persist": false, "name": "x.csv", "lfc-interval": 0}'),
    good('"lease-database": {"type": "memfile", "max-row-errors": 5, "host": "h", "user": "u", "password": "p"}'),
    bad('"lease-database": {"persist": true}', "Dhcp4.lease-database", "'type' is missing"),
    bad('"lease-database": {"type": "foo"}', "Dhcp4.lease-database.type", "none of"),
    good(
        '"lease-database": {"type": "mysql", "name": "k", "host": "h", "port": 3306, "user": "u", "password": "p",'
        ' "connect-timeout": 3, "read-timeout": 1, "write-timeout": 2, "tcp-user-timeout": 0, "trust-anchor": "/ca",'
        ' "cert-file": "/c", "key-file": "/k", "cipher-list": "AES"}'
    ),
    good(
        '"lease-database": {"type": "postgresql", "name": "k", "tcp-user-timeout": 4, "max-reconnect-tries": 3,'
        ' "reconnect-wait-time": 100, "on-fail": "serve-retry-continue", "retry-on-startup": true}'
    ),
    bad('"lease-database": {"type": "mysql"}', "Dhcp4.lease-database", "needs a name", UNCHECKED),
    bad('"lease-database": {"type": "mysql", "name": "k", "password": "1234"}', "Dhcp4.lease-database.password",
        "everybody knows", UNCHECKED),
    bad('"lease-database": {"type": "mysql", "name": "k", "tcp-user-timeout": 1}',
        "Dhcp4.lease-database.tcp-user-timeout"),
    bad('"lease-database": {"type": "postgresql", "name": "k", "read-timeout": 1}',
        "Dhcp4.lease-database.read-timeout"),
    bad('"lease-database": {"type": "postgresql", "name": "k", "write-timeout": 1}',
        "Dhcp4.lease-database.write-timeout"),
    bad('"lease-database": {"type": "memfile", "lfc-interval": -1}', "Dhcp4.lease-database.lfc-interval"),
    bad('"lease-database": {"type": "memfile", "read-timeout": 1}', "Dhcp4.lease-database.read-timeout"),
    bad('"lease-database": {"type": "memfile", "port": 65536}', "Dhcp4.lease-database.port"),
    bad('"lease-database": {"type": "memfile", "on-fail": "give-up"}', "Dhcp4.lease-database.on-fail"),
    bad('"lease-database": {"type": "memfile", "readonly": true}', "Dhcp4.lease-database.readonly", "unknown key"),
    bad('"lease-database": {"type": "memfile", "comment": "c"}', "Dhcp4.lease-database.comment", "unknown key"),
    bad('"hosts-database": {"type": "mysql", "name": "k"}', "Dhcp4.hosts-database", "not supported", NOT_YET),
    bad('"hosts-databases": [{"type": "mysql"}]', "Dhcp4.hosts-databases", "not supported", NOT_YET),
    good('"hosts-databases": []'),
    bad('"config-control": {"config-fetch-wait-time": 5}', "Dhcp4.config-control", "not supported", NOT_YET),
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
    bad('"hooks-libraries": {}', "Dhcp4.hooks-libraries", "must be a list"),
    good('"expired-leases-processing": {"reclaim-timer-wait-time": 0, "max-reclaim-time": 10000}'),
    bad('"expired-leases-processing": {}', "Dhcp4.expired-leases-processing", "empty"),
    bad('"expired-leases-processing": {"max-reclaim-time": 10001}', "Dhcp4.expired-leases-processing.max-reclaim-time"),
    bad(
        '"expired-leases-processing": {"reclaim-timer-wait-time": 65536}',
        "Dhcp4.expired-leases-processing.reclaim-timer-wait-time", "65535",
    ),
    bad(
        '"expired-leases-processing": {"hold-reclaimed-time": -1}',
        "Dhcp4.expired-leases-processing.hold-reclaimed-time",
    ),
    good('"control-socket": {"socket-type": "unix", "socket-name": "a"}'),
    good('"control-sockets": [{"socket-type": "unix", "socket-name": "a", "comment": "b"}]'),
    good('"control-sockets": [{"socket-type": "unix", "socket-name": "/tmp/a"}]', PATHS),
    bad('"control-sockets": [{"socket-type": "unix", "socket-name": ""}]', "Dhcp4.control-sockets[0].socket-name"),
    bad('"control-sockets": [{"socket-type": "unix"}]', "Dhcp4.control-sockets[0]", "missing"),
    bad('"control-sockets": [{"socket-name": "a"}]', "Dhcp4.control-sockets[0]", "'socket-type' is missing"),
    bad('"control-sockets": [{"socket-type": "tcp"}]', "Dhcp4.control-sockets[0].socket-type", "none of"),
    bad(
        '"control-sockets": [{"socket-type": "unix", "socket-name": "a"}, {"socket-type": "unix", "socket-name": "b"}]',
        "Dhcp4.control-sockets[1].socket-type", "already",
    ),
    bad(
        '"control-socket": {"socket-type": "unix", "socket-name": "a"}, "control-sockets": []',
        "Dhcp4.control-socket", "both",
    ),
    bad(
        '"control-sockets": [{"socket-type": "http", "socket-address": "127.0.0.1", "socket-port": 8000}]',
        "Dhcp4.control-sockets[0].socket-type", "not supported", NOT_YET,
    ),
    bad(
        '"control-sockets": [{"socket-type": "unix", "socket-name": "a", "socket-port": 1}]',
        "Dhcp4.control-sockets[0].socket-port", "type unix", UNCHECKED,
    ),
    good('"loggers": [{"name": "kea-dhcp4", "severity": "DEBUG", "debuglevel": 99,'
         ' "output-options": [{"output": "stdout"}]}]'),
    good('"loggers": [{"name": "kea-dhcp4.leases", "output_options": [{"output": "syslog:daemon"}]}]'),
    bad('"loggers": []', "Dhcp4.loggers", "empty"),
    bad('"loggers": [{"name": "a", "output-options": []}]', "Dhcp4.loggers[0].output-options", "empty"),
    bad('"loggers": [{"name": "a", "severity": "LOUD"}]', "Dhcp4.loggers[0].severity", "none of", UNCHECKED),
    bad('"loggers": [{"name": "a", "debuglevel": 100}]', "Dhcp4.loggers[0].debuglevel", "out of range", UNCHECKED),
    bad('"loggers": [{"severity": "INFO"}]', "Dhcp4.loggers[0]", "'name' is missing", UNCHECKED),
    bad('"loggers": [{"name": "a", "output-options": [{"flush": true}]}]', "Dhcp4.loggers[0].output-options[0]",
        "'output' is missing", UNCHECKED),
    good('"sanity-checks": {"lease-checks": "fix-del", "extended-info-checks": "none"}'),
    bad('"sanity-checks": {"lease-checks": "foo"}', "Dhcp4.sanity-checks.lease-checks", "none of"),
    bad('"sanity-checks": {"extended-info-checks": "strict"}', "Dhcp4.sanity-checks.extended-info-checks",
        "not supported", NOT_YET),
    bad('"sanity-checks": {}', "Dhcp4.sanity-checks", "empty"),
    good('"multi-threading": {"enable-multi-threading": true, "thread-pool-size": 4, "packet-queue-size": 10}'),
    bad('"multi-threading": {"thread-pool-size": 3}', "Dhcp4.multi-threading", "missing"),
    bad('"multi-threading": {"enable-multi-threading": true, "thread-pool-size": -1}',
        "Dhcp4.multi-threading.thread-pool-size"),
    bad('"multi-threading": {"enable-multi-threading": true, "packet-queue-size": 65536}',
        "Dhcp4.multi-threading.packet-queue-size"),
    bad('"multi-threading": {"enable-multi-threading": true, "thread-pool-size": 1000}',
        "Dhcp4.multi-threading.thread-pool-size", "at most 256", "kea_mp runs at most 256 workers"),
    good('"dhcp-queue-control": {"enable-queue": false, "queue-type": "kea-ring4", "capacity": 5, "x": [1]}'),
    bad('"dhcp-queue-control": {"enable-queue": true}', "Dhcp4.dhcp-queue-control.enable-queue", "not supported",
        NOT_YET),
    bad('"dhcp-queue-control": {"queue-type": "x"}', "Dhcp4.dhcp-queue-control", "missing"),
    good('"dhcp-ddns": {"enable-updates": false, "server-port": 530, "ncr-protocol": "UDP", "ncr-format": "JSON"}'),
    bad('"dhcp-ddns": {"enable-updates": true}', "Dhcp4.dhcp-ddns.enable-updates", "not supported", NOT_YET),
    bad('"dhcp-ddns": {"server-port": 7}', "Dhcp4.dhcp-ddns", "missing"),
    bad('"dhcp-ddns": {"enable-updates": false, "ncr-protocol": "TCP"}', "Dhcp4.dhcp-ddns.ncr-protocol"),
    bad('"dhcp-ddns": {"enable-updates": false, "server-ip": "x"}', "Dhcp4.dhcp-ddns.server-ip"),
    bad('"dhcp-ddns": {"enable-updates": false, "server-port": 70000}', "Dhcp4.dhcp-ddns.server-port", "", UNCHECKED),
    good('"compatibility": {"lenient-option-parsing": true, "ignore-rai-link-selection": true}'),
    bad('"compatibility": {"foo": true}', "Dhcp4.compatibility.foo", "unknown key"),
    good('"user-context": {"kea-mp": {"workers": 2, "memfile-sync": "none"}}'),
    bad('"user-context": {"kea-mp": {"workers": 0}}', "Dhcp4.user-context.kea-mp.workers", "out of range",
        "user-context is free text for Kea"),
    bad('"user-context": {"kea-mp": {"worker": 2}}', "Dhcp4.user-context.kea-mp.worker", "unknown key",
        "user-context is free text for Kea"),
    bad('"user-context": {"kea-mp": 3}', "Dhcp4.user-context.kea-mp", "must be a map",
        "user-context is free text for Kea"),
]  # fmt: skip

SUBNETS = [
    good(subnet()),
    bad('"subnet4": [{"subnet": "192.0.2.0/24"}]', SUBNET, "'id' is missing"),
    bad('"subnet4": [{"id": 1}]', SUBNET, "'subnet' is missing"),
    bad('"subnet4": [{}]', SUBNET, "empty"),
    bad('"subnet4": [1]', SUBNET, "must be a map"),
    bad('"subnet4": [{"id": 0, "subnet": "192.0.2.0/24"}]', SUBNET + ".id", "out of range"),
    bad('"subnet4": [{"id": 4294967295, "subnet": "192.0.2.0/24"}]', SUBNET + ".id", "out of range"),
    good('"subnet4": [{"id": 1, "subnet": "192.0.2.5/24"}]'),
    good('"subnet4": [{"id": 1, "subnet": " 192.0.2.0 / 24 "}]'),
    good('"subnet4": [{"id": 1, "subnet": "0.0.0.0/0"}]'),
    good('"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}, {"id": 2, "subnet": "192.0.2.0/25"}]'),
    bad('"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}, {"id": 1, "subnet": "192.0.3.0/24"}]',
        "Dhcp4.subnet4[1].id", "another subnet"),
    bad('"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}, {"id": 2, "subnet": "192.0.2.0/24"}]',
        "Dhcp4.subnet4[1].subnet", "another subnet"),
    bad('"subnet4": [{"id": 1, "subnet": "192.0.2.5/24"}, {"id": 2, "subnet": "192.0.2.0/24"}]',
        "Dhcp4.subnet4[1].subnet", "another subnet", "Kea compares the texts"),
    bad('"subnet4": [{"id": 1, "subnet": "192.0.2.0"}]', SUBNET + ".subnet", "prefix/length"),
    bad('"subnet4": [{"id": 1, "subnet": "192.0.2.0/33"}]', SUBNET + ".subnet", "between 0 and 32"),
    bad('"subnet4": [{"id": 1, "subnet": "192.0.2.0/x"}]', SUBNET + ".subnet"),
    bad('"subnet4": [{"id": 1, "subnet": "192.0.2.010/24"}]', SUBNET + ".subnet"),
    bad('"subnet4": [{"id": 1, "subnet": "2001:db8::/32"}]', SUBNET + ".subnet"),
    good(subnet('"renew-timer": 100, "rebind-timer": 50')),
    bad(subnet('"renew-timer": -100'), SUBNET + ".renew-timer"),
    bad(subnet('"valid-lifetime": -1'), SUBNET + ".valid-lifetime", "", UNCHECKED),
    bad(subnet('"min-valid-lifetime": 9000'), SUBNET + ".min-valid-lifetime", "descend"),
    bad('"max-valid-lifetime": 8000, ' + subnet('"valid-lifetime": 9000'), SUBNET + ".valid-lifetime"),
    good('"min-valid-lifetime": 7000, ' + subnet('"max-valid-lifetime": 9000')),
    bad(subnet('"offer-lifetime": -1'), SUBNET + ".offer-lifetime"),
    bad(subnet('"cache-threshold": 1.0'), SUBNET + ".cache-threshold"),
    bad(subnet('"calculate-tee-times": true, "t1-percent": 0.9'), SUBNET + ".t1-percent", "less than"),
    bad(subnet('"allocator": "foo"'), SUBNET + ".allocator"),
    good(subnet('"allocator": "flq"')),
    bad(subnet('"next-server": "foo"'), SUBNET + ".next-server"),
    bad(subnet('"hostname-char-set": "["'), SUBNET + ".hostname-char-set"),
    bad(subnet('"hostname-char-set": "[[:foo:]]"'), SUBNET + ".hostname-char-set"),
    bad(subnet('"ddns-ttl-percent": 0.5, "ddns-ttl": 5'), SUBNET + ".ddns-ttl-percent"),
    bad(subnet('"ddns-use-conflict-resolution": true, "ddns-conflict-resolution-mode": "no-check-with-dhcid"'),
        SUBNET + ".ddns-use-conflict-resolution", "both"),
    bad(subnet('"4o6-interface": "eth0"'), SUBNET + ".4o6-interface", "not supported", NOT_YET),
    good(subnet('"4o6-interface": "", "4o6-interface-id": "", "4o6-subnet": ""')),
    good(subnet('"interface": "lo"')),
    good(subnet('"interface": "nosuch"'), MACHINE),
    good(subnet('"relay": {"ip-addresses": ["192.0.3.1", "192.0.3.2"]}')),
    bad(subnet('"relay": {"ip-addresses": ["x"]}'), SUBNET + ".relay.ip-addresses[0]"),
    bad(subnet('"relay": {"ip-addresses": ["1.1.1.1", "1.1.1.1"]}'), SUBNET + ".relay.ip-addresses[1]", "twice"),
    bad(subnet('"relay": {}'), SUBNET + ".relay", "empty"),
    bad(subnet('"relay": {"ip-address": "1.1.1.1"}'), SUBNET + ".relay.ip-address"),
    good(subnet('"client-class": "a", "require-client-classes": ["b"]')),
    good(subnet('"client-classes": ["a", "a"], "evaluate-additional-classes": ["b"]')),
    bad(subnet('"client-class": "a", "client-classes": ["b"]'), SUBNET + ".client-class", "both"),
    bad(subnet('"client-classes": [""]'), SUBNET + ".client-classes[0]", "empty"),
    bad(subnet('"require-client-classes": [], "evaluate-additional-classes": []'), SUBNET + ".require-client-classes"),
    bad(subnet('"valid-lifetme": 5'), SUBNET + ".valid-lifetme", "unknown key"),
    good(subnet('"pools": []')),
    bad(subnet('"pools": [{}]'), POOL, "empty"),
    good(subnet('"pools": [{"pool": "192.0.2.1-192.0.2.3"}, {"pool": "192.0.2.4 - 192.0.2.5"}]')),
    bad(subnet('"pools": [{"pool": "192.0.2.1-192.0.2.3"}, {"pool": "192.0.2.3-192.0.2.5"}]'),
        SUBNET + ".pools[1].pool", "overlaps"),
    bad(subnet('"pools": [{"pool": "192.0.2.4-192.0.2.8"}, {"pool": "192.0.2.1-192.0.2.9"}]'),
        SUBNET + ".pools[1].pool", "overlaps"),
    bad(subnet('"pools": [{"pool": "192.0.2.9-192.0.2.3"}]'), POOL + ".pool", "is below"),
    bad(subnet('"pools": [{"pool": "192.0.2.9"}]'), POOL + ".pool", "neither"),
    bad(subnet('"pools": [{"pool": "192.0.2.9/28"}]'), POOL + ".pool", "first address"),
    bad(subnet('"pools": [{"pool": "192.0.3.0/28"}]'), POOL + ".pool", "not within"),
    bad(subnet('"pools": [{"pool": "192.0.2.250-192.0.3.5"}]'), POOL + ".pool", "not within"),
    bad(subnet('"pools": [{"pool": "192.0.2.0/28", "pool-id": 0}]'), POOL + ".pool-id"),
    good(subnet('"pools": [{"pool": "192.0.2.0/28", "pool-id": 7, "client-class": "a", "comment": "c"}]')),
    good(subnet('"pools": [{"pool": "192.0.2.0/28", "ddns-qualifying-suffix": "p.", "ddns-send-updates": false}]')),
    bad(subnet('"pools": [{"pool": "192.0.2.0/28", "valid-lifetime": 1}]'), POOL + ".valid-lifetime", "unknown key"),
    good('"shared-networks": [{"name": "a"}]'),
    bad('"shared-networks": [{"name": "a"}, {"name": "a"}]', "Dhcp4.shared-networks[1].name", "another"),
    bad('"shared-networks": [{"name": ""}]', "Dhcp4.shared-networks[0].name", "empty"),
    bad('"shared-networks": [{"subnet4": []}]', "Dhcp4.shared-networks[0]", "'name' is missing"),
    bad('"shared-networks": [{"name": "a", ' + subnet() + '}], "subnet4": [{"id": 1, "subnet": "192.0.3.0/24"}]',
        "Dhcp4.subnet4[0].id", "another"),
    bad('"shared-networks": [{"name": "a", "authoritative": true, ' + subnet('"authoritative": false') + "}]",
        "Dhcp4.shared-networks[0].subnet4[0].authoritative", "differs"),
    good('"shared-networks": [{"name": "a", "interface": "lo", ' + subnet('"interface": ""') + "}]"),
    bad('"shared-networks": [{"name": "a", "interface": "lo", ' + subnet('"interface": "eth0"') + "}]",
        "Dhcp4.shared-networks[0].subnet4[0].interface", "uses interface 'lo'"),
    bad('"shared-networks": [{"name": "a", "valid-lifetime": 10, ' + subnet('"min-valid-lifetime": 20') + "}]",
        "Dhcp4.shared-networks[0].subnet4[0].min-valid-lifetime"),
    bad('"shared-networks": [{"name": "a", "relay": {"ip-addresses": ["x"]}}]',
        "Dhcp4.shared-networks[0].relay.ip-addresses[0]"),
    bad('"shared-networks": [{"name": "a", "id": 4}]', "Dhcp4.shared-networks[0].id", "unknown key"),
]  # fmt: skip

HOSTS = [
    good(host('{"hw-address": "1a:1b:1c:1d:1e:1f", "ip-address": "192.0.2.7", "hostname": "h"}')),
    good(host('{"hw-address": "1:2:3:4:5:6"}, {"client-id": "01:02:03:04:05:06"}, {"duid": "01:02:03:04"}')),
    good(host('{"circuit-id": "\'port 1\'"}, {"flex-id": "0x010203"}, {"hw-address": "010203040506"}')),
    bad(host("{}"), HOST, "must be given"),
    bad(host('{"hostname": "x"}'), HOST, "must be given"),
    bad(host('{"hw-address": "1:2:3:4:5:6", "duid": "010203"}'), HOST + ".duid", "both"),
    bad(host('{"hw-address": "xx"}'), HOST + ".hw-address", "neither"),
    bad(host('{"hw-address": ""}'), HOST + ".hw-address", "empty"),
    bad(host('{"hw-address": "01-02-03-04-05-06"}'), HOST + ".hw-address"),
    bad(host('{"hw-address": "' + "01:" * 20 + '01"}'), HOST + ".hw-address", "between 1 and 20"),
    bad(host('{"duid": "01"}'), HOST + ".duid", "between 3 and 130"),
    bad(host('{"flex-id": "\'\'"}'), HOST + ".flex-id"),
    bad(host('{"hw-address": "1:2:3:4:5:6", "ip-address": "192.0.3.1"}'), HOST + ".ip-address", "not within"),
    bad(host('{"hw-address": "1:2:3:4:5:6", "ip-address": "0.0.0.0"}'), HOST + ".ip-address", "not be reserved"),
    bad(host('{"hw-address": "1:2:3:4:5:6", "ip-address": ""}'), HOST + ".ip-address", "not an IPv4 address"),
    bad(host('{"hw-address": "1:2:3:4:5:6", "ip-addresses": []}'), HOST + ".ip-addresses", "unknown key"),
    bad(host('{"hw-address": "1:2:3:4:5:6", "next-server": ""}'), HOST + ".next-server"),
    bad(host('{"hw-address": "1:2:3:4:5:6", "next-server": "255.255.255.255"}'), HOST + ".next-server", "broadcast"),
    bad(host('{"hw-address": "1:2:3:4:5:6", "boot-file-name": "' + "b" * 128 + '"}'), HOST + ".boot-file-name"),
    bad(host('{"hw-address": "1:2:3:4:5:6"}, {"hw-address": "01:02:03:04:05:06"}'),
        SUBNET + ".reservations[1].hw-address", "another reservation"),
    bad(host('{"hw-address": "1:2:3:4:5:6", "ip-address": "192.0.2.1"}, {"duid": "010203", "ip-address": "192.0.2.1"}'),
        SUBNET + ".reservations[1].ip-address", "reserved already"),
    good('"ip-reservations-unique": false, '
         + host('{"duid": "010203", "ip-address": "192.0.2.1"}, {"duid": "010204", "ip-address": "192.0.2.1"}')),
    good('"reservations": [{"hw-address": "1:2:3:4:5:6", "ip-address": "10.9.9.9", "client-classes": ["a", "a"]}]'),
    bad('"reservations": [{"duid": "010203", "ip-address": "1.1.1.1"}, {"duid": "010204", "ip-address": "1.1.1.1"}]',
        "Dhcp4.reservations[1].ip-address"),
    good('"reservations": [{"duid": "010203"}], ' + host('{"duid": "010203"}')),
]  # fmt: skip

CLASSES = [
    good('"client-classes": [{"name": "a"}, {"name": "b", "valid-lifetime": 20, "max-valid-lifetime": 30}]'),
    bad('"client-classes": [{"name": "a"}, {"name": "a"}]', "Dhcp4.client-classes[1].name", "another"),
    bad('"client-classes": [{"name": ""}]', "Dhcp4.client-classes[0].name", "empty"),
    bad('"client-classes": [{}]', "Dhcp4.client-classes[0]"),
    bad('"client-classes": [{"name": "a", "test": ""}]', "Dhcp4.client-classes[0].test", "not supported"),
    bad('"client-classes": [{"name": "a", "test": "member(\'ALL\')"}]', "Dhcp4.client-classes[0].test",
        "not supported", NOT_YET),
    bad('"client-classes": [{"name": "a", "template-test": "\'x\'"}]', "Dhcp4.client-classes[0].template-test",
        "not supported", NOT_YET),
    bad('"client-classes": [{"name": "KNOWN", "only-in-additional-list": true}]', "Dhcp4.client-classes[0].name"),
    bad('"client-classes": [{"name": "DROP", "only-if-required": true}]', "Dhcp4.client-classes[0].name"),
    bad('"client-classes": [{"name": "x", "only-in-additional-list": true, "only-if-required": true}]',
        "Dhcp4.client-classes[0].only-if-required", "both"),
    bad('"client-classes": [{"name": "x", "next-server": ""}]', "Dhcp4.client-classes[0].next-server"),
    bad('"client-classes": [{"name": "x", "next-server": "255.255.255.255"}]', "Dhcp4.client-classes[0].next-server"),
    good('"client-classes": [{"name": "x", "min-valid-lifetime": 10, "offer-lifetime": 5}]'),
    bad('"client-classes": [{"name": "x", "min-valid-lifetime": 10, "max-valid-lifetime": 20}]',
        "Dhcp4.client-classes[0]", "without valid-lifetime"),
    bad('"client-classes": [{"name": "x", "valid-lifetime": 30, "max-valid-lifetime": 20}]',
        "Dhcp4.client-classes[0].max-valid-lifetime"),
    bad('"client-classes": [{"name": "x", "option-def": [{"name": "y", "code": 222, "type": "uint8"}]}]',
        "Dhcp4.client-classes[0].option-def[0]", "224 to 254"),
    good('"client-classes": [{"name": "x", "option-def": [{"name": "y", "code": 224, "type": "uint8"}],'
         ' "option-data": [{"name": "y", "data": "3"}]}]'),
    good('"client-classes": [{"name": "x", "option-def": [{"name": "y", "code": 43, "type": "empty",'
         ' "encapsulate": "z"}]}]'),
    bad('"client-classes": [{"name": "x", "option-data": [{"name": "routers", "data": "y"}]}]',
        "Dhcp4.client-classes[0].option-data[0].data"),
]  # fmt: skip


def option(text: str) -> str:
    return '"option-data": [' + text + "]"


def definition(text: str) -> str:
    return '"option-def": [' + text + "]"


OPTION, DEFINITION = "Dhcp4.option-data[0]", "Dhcp4.option-def[0]"

OPTIONS = [
    bad(option("{}"), OPTION, "code or name"),
    good(option('{"name": "routers", "data": "192.0.2.1, 192.0.2.2"}')),
    good(option('{"name": "routers"}')),
    good(option('{"code": 3, "data": "192.0.2.1"}')),
    bad(option('{"name": "routers", "data": "x"}'), OPTION + ".data", "routers"),
    good(option('{"name": "routers", "data": "c0000201", "csv-format": false}')),
    bad(option('{"name": "routers", "data": "c00002", "csv-format": false}'), OPTION + ".data"),
    bad(option('{"name": "routers", "data": "zz", "csv-format": false}'), OPTION + ".data"),
    bad(option('{"name": "nosuch", "data": "1"}'), OPTION, "no definition"),
    bad(option('{"code": 226, "data": "0102"}'), OPTION, "csv-format false"),
    good(option('{"code": 226, "data": "0102", "csv-format": false}')),
    good(option('{"code": 226, "data": "\'text\'", "csv-format": false}')),
    good(subnet(option('{"code": 226, "data": "0102"}'))),
    bad(subnet(option('{"code": 226, "data": "01", "csv-format": true}')), SUBNET + ".option-data[0]"),
    bad(option('{"code": 3, "name": "foo", "data": "1.1.1.1"}'), OPTION + ".name", "not 'foo'"),
    bad(option('{"code": 0, "data": "01", "csv-format": false}'), OPTION + ".code", "reserved"),
    bad(option('{"code": 255, "data": "01", "csv-format": false}'), OPTION + ".code", "reserved"),
    bad(option('{"code": 256, "data": "01"}'), OPTION + ".code", "out of range"),
    bad(option('{"code": "3", "data": "01"}'), OPTION + ".code", "must be an integer"),
    good(option('{"code": 3, "never-send": true}')),
    bad(option('{"code": 3, "never-send": true, "data": "x"}'), OPTION + ".data"),
    good(option('{"name": "domain-name", "data": "a", "always-send": true, "client-classes": ["x"]}')),
    bad(option('{"code": 3, "data": "1.1.1.1", "space": "dhcp6"}'), OPTION + ".space"),
    bad(option('{"code": 3, "data": "01", "space": "-x"}'), OPTION + ".space"),
    bad(option('{"code": 3, "data": "01", "space": "xx"}'), OPTION, "no definition"),
    good(option('{"code": 3, "data": "01", "space": "xx", "csv-format": false}')),
    good(option('{"name": "tftp-servers", "data": "1.1.1.1", "space": "vendor-4491"}')),
    good(option('{"code": 2, "data": "0102", "space": "vendor-1234", "csv-format": false}')),
    bad(option('{"name": "domain name", "data": "a"}'), OPTION + ".name", "blanks"),
    good(option('{"name": "vendor-encapsulated-options"}')),
    good(option('{"name": "domain-name", "data": "a"}, {"name": "domain-name", "data": "b"}')),
    bad(option('{"name": "host-name", "data": ""}'), OPTION + ".data"),
    bad(option('{"name": "interface-mtu", "data": "70000"}'), OPTION + ".data"),
    good(option('{"name": "interface-mtu", "data": "0x100"}')),
    bad(option('{"name": "ip-forwarding", "data": "maybe"}'), OPTION + ".data"),
    good(option('{"name": "domain-search", "data": "a.b, c.d"}')),
    bad(option('{"name": "domain-search", "data": "a..b"}'), OPTION + ".data"),
    good(option('{"name": "classless-static-route", "data": "10.0.0.0/8 - 1.1.1.1"}')),
    bad(option('{"name": "classless-static-route", "data": "10.0.0.0/8"}'), OPTION + ".data"),
    good(option('{"name": "vivso-suboptions", "data": "4491"}')),
    bad(option('{"code": 43, "data": "abc"}'), OPTION + ".data"),
    good(subnet('"pools": [{"pool": "192.0.2.0/28", ' + option('{"name": "routers", "data": "1.1.1.1"}') + "}]")),
    bad(subnet('"pools": [{"pool": "192.0.2.0/28", ' + option('{"name": "routers", "data": "1"}') + "}]"),
        POOL + ".option-data[0].data"),
    bad(host('{"duid": "010203", ' + option('{"name": "routers", "data": "1"}') + "}"), HOST + ".option-data[0].data"),
    good(definition('{"name": "a", "code": 222, "type": "uint8"}') + ", " + option('{"name": "a", "data": "3"}')),
    bad(definition('{"name": "a", "code": 222, "type": "uint8"}, {"name": "b", "code": 222, "type": "uint8"}'),
        "Dhcp4.option-def[1]", "already defined"),
    bad(definition('{"name": "a", "code": 222, "type": "uint8"}, {"name": "a", "code": 223, "type": "uint8"}'),
        "Dhcp4.option-def[1]", "already defined"),
    bad(definition('{"name": "a", "code": 3, "type": "uint8"}'), DEFINITION, "standard"),
    bad(definition('{"name": "routers", "code": 222, "type": "uint8"}'), DEFINITION, "standard"),
    bad(definition('{"name": "a", "code": 256, "type": "uint8"}'), DEFINITION + ".code"),
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
    good(definition('{"name": "a", "code": 43, "type": "empty", "encapsulate": "y"}')),
    bad(definition('{"name": "a", "type": "uint8"}'), DEFINITION, "'code' is missing"),
    bad(definition('{"name": "a", "code": 1, "type": "uint8", "space": "dhcp6"}'), DEFINITION + ".space"),
    good(definition('{"name": "a", "code": 1, "type": "uint8", "space": "vendor-9"}')
         + ", " + option('{"name": "a", "space": "vendor-9", "data": "4"}')),
    good(definition('{"name": "p", "code": 222, "type": "uint8", "encapsulate": "s"},'
                    ' {"name": "c", "code": 1, "type": "uint8", "space": "s"}')
         + ", " + option('{"name": "p", "data": "4"}, {"name": "c", "space": "s", "data": "5"}')),
]  # fmt: skip

CASES = [*SYNTAX, *GLOBALS, *MAPS, *SUBNETS, *HOSTS, *CLASSES, *OPTIONS]
