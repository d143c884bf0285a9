"""From checked JSON to Config4.

Runs in: any
"""

from __future__ import annotations

from dataclasses import replace

from kea_mp.config.build import common_values
from kea_mp.config.check import Complaints
from kea_mp.config.classes import classes
from kea_mp.config.classes4 import client_class4
from kea_mp.config.folders import data_dir
from kea_mp.config.hosts4 import HostTable4
from kea_mp.config.keys4 import TABLES4
from kea_mp.config.model import Config4
from kea_mp.config.networks4 import SubnetTable4
from kea_mp.config.options import OptionEncoder, definitions
from kea_mp.config.parameters4 import parameters4
from kea_mp.config.scope import Json, Level
from kea_mp.config.show import digest
from kea_mp.config.show4 import Display4


def build4(dhcp4: Json, complaints: Complaints) -> Config4:
    """The configuration in the map `Dhcp4`, whose keys, types and ranges are checked already."""
    top = Level.top(dhcp4, complaints, TABLES4)
    encoder = OptionEncoder(definitions(top), TABLES4.family.number)
    hosts = HostTable4(encoder, top.find("ip-reservations-unique"))
    parameters = parameters4(top)
    config = Config4(
        raw={},
        digest="",
        subnets=SubnetTable4(encoder, hosts=hosts).add_all(top, parameters),
        global_parameters=parameters,
        global_hosts=hosts.add_all(top, 0, None),
        classes=classes(top, lambda level: client_class4(level, encoder)),
        echo_client_id=top.find("echo-client-id"),
        stash_agent_options=top.find("stash-agent-options"),
        **common_values(top, encoder, data_dir()),
    )
    raw = Display4.of(encoder).top(dhcp4)
    return replace(config, raw=raw, digest=digest(raw), warnings=tuple(complaints.warnings))
