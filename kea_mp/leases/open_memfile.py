"""Opening the lease file of a configuration: a store of its family with everything loaded.

Runs in: connection (or embedded in a packet worker)
"""

from __future__ import annotations

import logging

from kea_mp.config.model import Config4, MemfileAccess
from kea_mp.config.model6 import Config6
from kea_mp.family import DHCP6, Family
from kea_mp.leases import csv4, csv6
from kea_mp.leases.journal import Journal
from kea_mp.leases.load import Loading, lease_files
from kea_mp.leases.load4 import Loading4, check4
from kea_mp.leases.load6 import Loading6, check6
from kea_mp.leases.memfile import AnyMemfileStore
from kea_mp.leases.memfile4 import MemfileStore4
from kea_mp.leases.memfile6 import MemfileStore6
from kea_mp.leases.rows import Rows
from kea_mp.leases.tally import Tally


def open_memfile(config: Config4 | Config6, now: int) -> tuple[AnyMemfileStore, bool]:
    """The store of this configuration, all leases loaded, and whether its files are of another schema and want a
    clean-up at once. now: seconds since the epoch. ExitWith when the file cannot be had or read."""
    return open_memfile6(config, now) if isinstance(config, Config6) else open_memfile4(config, now)


def loading_of(family: Family, max_errors: int) -> Loading:
    """What reads files of this family without regard to a configuration."""
    return Loading6(check6((), "none"), max_errors) if family is DHCP6 else Loading4(check4((), "none"), max_errors)


def open_memfile4(config: Config4, now: int) -> tuple[MemfileStore4, bool]:
    """`open_memfile` of DHCPv4."""
    access = _access(config)
    tally = Tally(config.subnets)
    if not access.persist:
        return MemfileStore4(Rows(), tally, now), False
    journal = Journal(access.name, access.sync == "batch", csv4.HEADER)
    loading = Loading4(check4(config.subnets, access.lease_checks), access.max_row_errors)
    _load(loading, access)
    return MemfileStore4(loading.finish(), tally, now, journal), loading.converted


def open_memfile6(config: Config6, now: int) -> tuple[MemfileStore6, bool]:
    """`open_memfile` of DHCPv6."""
    access = _access(config)
    if not access.persist:
        return MemfileStore6({}, config.subnets, now), False
    journal = Journal(access.name, access.sync == "batch", csv6.HEADER)
    loading = Loading6(check6(config.subnets, access.lease_checks), access.max_row_errors)
    _load(loading, access)
    return MemfileStore6(loading.rows, config.subnets, now, journal), loading.converted


def _access(config: Config4 | Config6) -> MemfileAccess:
    access = config.lease_database
    assert isinstance(access, MemfileAccess)
    if not access.persist:
        logging.getLogger(config.family.logger("dhcpsrv")).warning(
            "DHCPSRV_MEMFILE_NO_STORAGE running in non-persistent mode, leases will be lost after restart"
        )
    return access


def _load(loading: Loading, access: MemfileAccess) -> None:
    for path in lease_files(access.name):
        loading.file(path)
