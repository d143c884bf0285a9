"""The configuration as the program uses it: frozen, every inherited value already resolved.

Built by `kea_mp.config` from the checked JSON; handed to children as it is (pickled at their start). Here is what both
families have, as the base of what each of them adds, and DHCPv4's; DHCPv6's is in `model6`.
Nothing here reads a file, a clock or the environment.

Runs in: any
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

from kea_mp.family import DHCP4, Family


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A lifetime in seconds and the range a client may ask for (Kea valid-lifetime, min-, max-)."""

    default: int
    min: int
    max: int


@dataclass(frozen=True, slots=True)
class OptionData:
    """One configured option, payload already encoded. space: "dhcp4", "vendor-4491",
    "vendor-encapsulated-options-space" … classes: the option is only for clients of one of these classes (Kea
    option-data client-classes)."""

    space: str
    code: int
    name: str
    data: bytes
    always_send: bool = False
    never_send: bool = False
    classes: tuple[str, ...] = ()


OptionSet = dict[str, dict[int, tuple[OptionData, ...]]]  #: space → code → the options of that code, in order


@dataclass(frozen=True, slots=True)
class Ddns:
    """How names are handled (Kea ddns-*, hostname-char-*). Updates themselves are not sent yet, the answers' host
    names and FQDN options follow these as in Kea."""

    send_updates: bool = True
    override_no_update: bool = False
    override_client_update: bool = False
    replace_client_name: str = "never"  #: never, always, when-present, when-not-present
    generated_prefix: str = "myhost"
    qualifying_suffix: str = ""
    update_on_renew: bool = False
    hostname_char_set: str = ""
    hostname_char_replacement: str = ""


@dataclass(frozen=True, slots=True)
class Host:
    """A reservation, as far as both families have it. identifier: (type, value); the types are "hw-address" (htype
    byte + address), "duid" and "flex-id", for DHCPv4 also "client-id" and "circuit-id". subnet_id 0: global. Empty
    strings: not given."""

    identifier: tuple[str, bytes]
    subnet_id: int
    _: KW_ONLY
    hostname: str = ""
    classes: tuple[str, ...] = ()
    options: OptionSet = field(default_factory=dict)
    user_context: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Host4(Host):
    """A DHCPv4 reservation. address 0: none reserved."""

    address: int = 0
    next_server: int = 0
    server_hostname: str = ""
    boot_file_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What every pool has. pool_id: for statistics and the lease row (Kea pool-id, default 0). classes: who may use
    it (client-classes; empty: everyone). additional_classes: evaluated when it is used."""

    pool_id: int = 0
    classes: tuple[str, ...] = ()
    additional_classes: tuple[str, ...] = ()
    options: OptionSet = field(default_factory=dict)
    user_context: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Pool4(Pool):
    """An address range, both ends included."""

    first: int
    last: int
    ddns: Ddns | None = None  #: the pool's own settings, where Kea 3.0 has them; None: as the subnet


@dataclass(frozen=True, slots=True)
class Parameters:
    """What global, shared network and subnet may set, as it holds for one subnet after inheritance."""

    valid_lifetime: Lifetime
    _: KW_ONLY
    renew_timer: int | None = None  #: T1 in seconds when configured
    rebind_timer: int | None = None
    calculate_tee_times: bool = False
    t1_percent: float = 0.5
    t2_percent: float = 0.875
    cache_threshold: float = 0.25
    cache_max_age: int = 0  #: seconds; 0: not limited
    reservations_global: bool = False
    reservations_in_subnet: bool = True
    reservations_out_of_pool: bool = False
    allocator: str = "iterative"
    store_extended_info: bool = False
    ddns: Ddns = Ddns()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters4(Parameters):
    """Those of DHCPv4."""

    offer_lifetime: int = 0  #: seconds; 0: an offer is not stored
    adaptive_lease_time_threshold: float = 1.0
    match_client_id: bool = True
    authoritative: bool = False
    next_server: int = 0
    server_hostname: str = ""
    boot_file_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """What every subnet has. network: name of its shared network or "". classes: who may use it, the shared network's
    classes guard too (network_classes). options_chain: the option sets to look in after the pool's, most specific
    first, without the classes' and the global ones: (subnet, shared network)."""

    network: str = ""
    interface: str = ""
    classes: tuple[str, ...] = ()
    network_classes: tuple[str, ...] = ()
    additional_classes: tuple[str, ...] = ()  #: the subnet's, then the network's
    options_chain: tuple[OptionSet, ...] = ()
    user_context: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Subnet4(Subnet):
    """A DHCPv4 subnet. relays: addresses of relays whose giaddr selects it (Kea `relay`, the shared network's ones
    included when it has none itself)."""

    id: int
    prefix: int
    length: int
    pools: tuple[Pool4, ...]
    parameters: Parameters4
    relays: tuple[int, ...] = ()
    hosts: tuple[Host4, ...] = ()

    @property
    def last(self) -> int:
        return self.prefix | (0xFFFFFFFF >> self.length)

    def contains(self, address: int) -> bool:
        return self.prefix <= address <= self.last


@dataclass(frozen=True, slots=True)
class ClientClass:
    """A class that is assigned by name (reservation, pool, built-in): expressions are not supported yet."""

    name: str
    _: KW_ONLY
    options: OptionSet = field(default_factory=dict)
    valid_lifetime: Lifetime | None = None
    only_in_additional_list: bool = False
    user_context: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientClass4(ClientClass):
    """What a class may set for DHCPv4 besides."""

    next_server: int = 0
    server_hostname: str = ""
    boot_file_name: str = ""
    offer_lifetime: int | None = None


@dataclass(frozen=True, slots=True)
class OptionDef:
    """A custom option definition (Kea option-def)."""

    space: str
    code: int
    name: str
    type: str
    array: bool = False
    record_types: tuple[str, ...] = ()
    encapsulate: str = ""


@dataclass(frozen=True, slots=True)
class Interfaces:
    """interfaces-config. names: as written: "eth0", "*", "eth0/192.0.2.1"."""

    names: tuple[str, ...] = ()
    socket_type: str = "raw"  #: raw or udp
    outbound_interface: str = "same-as-inbound"
    re_detect: bool = True
    require_all: bool = False
    max_retries: int = 0
    retry_wait_ms: int = 0


@dataclass(frozen=True, slots=True)
class MemfileAccess:
    """lease-database of type memfile. name: absolute path of the CSV file."""

    name: str
    persist: bool = True
    lfc_interval: int = 3600
    max_row_errors: int = 0
    sync: str = "batch"  #: kea-mp.memfile-sync: batch (fdatasync before replies) or none (as Kea)
    lease_checks: str = "warn"  #: sanity-checks: none, warn, fix, fix-del, del
    on_fail: str = "stop-retry-exit"  #: what an error of writing means: the daemon ends, or it goes on without leases


@dataclass(frozen=True, slots=True)
class SqlAccess:
    """A database of type mysql or postgresql (KEA_BEHAVIOUR: access parameters). hosts: (name or folder, port), the
    next is tried when one does not serve. Timeouts in seconds, 0: not given. Empty strings: not given. password and
    password_file: at most one of them. ssl_mode: disable, prefer, require, verify-ca, verify-full."""

    type: str
    name: str
    hosts: tuple[tuple[str, int], ...]
    user: str = ""
    password: str = field(default="", repr=False)  #: never printed
    password_file: str = ""
    connect_timeout_s: int = 5
    read_timeout_s: int = 0
    write_timeout_s: int = 0
    tcp_user_timeout_s: int = 0
    trust_anchor: str = ""
    cert_file: str = ""
    key_file: str = ""
    cipher_list: str = ""
    ssl_mode: str = ""
    readonly: bool = False
    max_reconnect_tries: int = 0
    reconnect_wait_ms: int = 0
    on_fail: str = "stop-retry-exit"  #: stop-retry-exit, serve-retry-exit, serve-retry-continue
    retry_on_startup: bool = False
    allow_clear_text: bool = False  #: a MySQL server without the TLS that was asked for is used


LeaseDatabase = MemfileAccess | SqlAccess


@dataclass(frozen=True, slots=True)
class ExpiredLeases:
    """expired-leases-processing: seconds, counts, and max_time in milliseconds."""

    reclaim_wait: int = 10
    flush_wait: int = 25
    hold_reclaimed: int = 3600
    max_leases: int = 100
    max_time_ms: int = 250
    unwarned_cycles: int = 5


@dataclass(frozen=True, slots=True)
class ControlSocket:
    """A UNIX control socket. path: absolute."""

    path: str


@dataclass(frozen=True, slots=True)
class LogOutput:
    """One entry of output-options. output: stdout, stderr, syslog, syslog:FACILITY or an absolute file path."""

    output: str
    flush: bool = True
    max_size: int = 10240000
    max_versions: int = 1
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Logger:
    name: str
    outputs: tuple[LogOutput, ...] = ()
    severity: str = "INFO"
    debug_level: int = 0


@dataclass(frozen=True, slots=True)
class Compatibility:
    """The `compatibility` map. DHCPv6 has only the first one."""

    lenient_option_parsing: bool = False
    ignore_dhcp_server_identifier: bool = False
    ignore_rai_link_selection: bool = False
    exclude_first_last_24: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """What the configurations of both daemons have, all that supervisor, log, control and backends need. raw: the
    checked JSON of Dhcp4 or Dhcp6 with Kea's defaults filled in, as config-get shows it; digest: its SHA-256 in
    upper-case hexadecimal (config-hash-get)."""

    family: ClassVar[Family]

    raw: dict[str, Any]
    digest: str
    interfaces: Interfaces
    lease_database: LeaseDatabase
    expired: ExpiredLeases
    _: KW_ONLY
    options: OptionSet = field(default_factory=dict)  #: global option-data
    option_defs: tuple[OptionDef, ...] = ()
    host_identifiers: tuple[str, ...] = ()
    control_sockets: tuple[ControlSocket, ...] = ()
    loggers: tuple[Logger, ...] = ()
    compatibility: Compatibility = Compatibility()
    decline_probation_period: int = 86400
    server_tag: str = ""
    early_global_reservations: bool = False
    reservations_first: bool = False
    workers: int | None = None  #: kea-mp.workers; None: number of cores
    remembered_leases: int = 0  #: kea-mp.remembered-leases, of all packet workers together; 0: none
    libraries: tuple[str, ...] = ()  #: file names in hooks-libraries, e.g. "libdhcp_lease_cmds.so"
    warnings: tuple[str, ...] = ()  #: said once in the log when the configuration is taken


@dataclass(frozen=True, slots=True)
class Config4(Config):
    """A DHCPv4 daemon's configuration."""

    family: ClassVar[Family] = DHCP4

    subnets: tuple[Subnet4, ...]
    global_parameters: Parameters4
    global_hosts: tuple[Host4, ...] = ()
    classes: tuple[ClientClass4, ...] = ()
    host_identifiers: tuple[str, ...] = field(default=("hw-address", "duid", "circuit-id", "client-id"), kw_only=True)
    echo_client_id: bool = True
    stash_agent_options: bool = False
