"""From checked JSON to Config6.

Runs in: any
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kea_mp.config.build import common_values, part
from kea_mp.config.check import Complaints
from kea_mp.config.classes import classes
from kea_mp.config.classes6 import client_class6
from kea_mp.config.folders import data_dir
from kea_mp.config.hosts6 import HostTable6
from kea_mp.config.keys import U16
from kea_mp.config.keys6 import TABLES6
from kea_mp.config.mac_sources import SOURCES
from kea_mp.config.model6 import ERP_LOCAL_DOMAIN_NAME, Config6, ServerId
from kea_mp.config.networks6 import SubnetTable6
from kea_mp.config.options import OptionEncoder, definitions
from kea_mp.config.parameters6 import parameters6
from kea_mp.config.scope import Json, Level
from kea_mp.config.show import digest
from kea_mp.config.show6 import Display6

SERVER_ID_FILE = "kea-dhcp6-serverid"  #: in the data folder, as Kea has it


def build6(dhcp6: Json, complaints: Complaints) -> Config6:
    """The configuration in the map `Dhcp6`, whose keys, types and ranges are checked already."""
    top = Level.top(dhcp6, complaints, TABLES6)
    folder = _data_folder(top)
    encoder = OptionEncoder(definitions(top), TABLES6.family.number)
    hosts = HostTable6(encoder, top.find("ip-reservations-unique"))
    parameters = parameters6(top)
    config = Config6(
        raw={},
        digest="",
        subnets=SubnetTable6(encoder, hosts=hosts).add_all(top, parameters),
        global_parameters=parameters,
        server_id=_server_id(top, folder),
        global_hosts=hosts.add_all(top, 0, None),
        classes=classes(top, lambda level: client_class6(level, encoder)),
        mac_sources=_mac_sources(top),
        relay_supplied_options=_relay_supplied(top, encoder),
        allow_address_registration=top.json.get("allow-address-registration", True),
        **common_values(top, encoder, folder),
    )
    raw = {
        **Display6.of(encoder).top(dhcp6),
        "mac-sources": list(config.mac_sources),
        "relay-supplied-options": [str(code) for code in sorted(config.relay_supplied_options)],
    }
    return replace(config, raw=raw, digest=digest(raw), warnings=tuple(complaints.warnings))


def _data_folder(top: Level) -> Path:
    """data-directory, the folder of lease file and server identifier, or ours."""
    text: str | None = top.json.get("data-directory")
    if text is None:
        return data_dir()
    if not text:
        raise top.error("must not be empty", "data-directory")
    top.warn("DHCP6_DATA_DIRECTORY_DEPRECATED", "is deprecated: set KEA_MP_DATA_DIR instead", "data-directory")
    return data_dir() / text


def _server_id(top: Level, folder: Path) -> ServerId:
    found = part(top, "server-id")
    try:
        identifier = bytes.fromhex("".join(found["identifier"].split()))
    except ValueError as error:
        problem = f"{found['identifier']!r} is not an even number of hexadecimal digits"
        raise top.error(problem, "server-id", "identifier") from error
    return ServerId(
        file=str(folder / SERVER_ID_FILE),
        type=found["type"],
        htype=found["htype"],
        identifier=identifier,
        time=found["time"],
        enterprise_id=found["enterprise-id"],
        persist=found["persist"],
    )


def _mac_sources(top: Level) -> tuple[str, ...]:
    sources: list[str] = []
    for index, name in enumerate(top.find("mac-sources")):
        if name not in SOURCES:
            raise top.error(f"{name!r} is none of: {', '.join(SOURCES)}", "mac-sources", index)
        if SOURCES[name] in sources:
            raise top.error(f"{name!r} is there twice", "mac-sources", index)
        sources.append(SOURCES[name])
    return tuple(sources)


def _relay_supplied(top: Level, encoder: OptionEncoder) -> frozenset[int]:
    """The codes in relay-supplied-options, each a number in a string or a name, and the one that is always there."""
    codes = {ERP_LOCAL_DOMAIN_NAME}
    for index, text in enumerate(top.find("relay-supplied-options")):
        steps = ("relay-supplied-options", index)
        digits = text.removeprefix("+")
        if digits.isascii() and digits.isdigit() and int(digits):
            code = int(digits)
            if code > U16:
                raise top.error(f"{text} is out of range: must be at most {U16}", *steps)
        else:
            definition = encoder.definition({"name": text})
            if definition is None:
                raise top.error(f"there is no option {text!r}", *steps)
            code = definition.code
        codes.add(code)
    return frozenset(codes)
