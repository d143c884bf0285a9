"""What `kea-admin lease-dump` and `lease-upload` call: leases as lines of a memfile and back.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.mysql.shape import Routine
from kea_mp.sql.transfer import COMMA, FIELDS, Field

_DUMPED = {
    "number": "l.{name}",
    "hex": "IFNULL(colonSeparatedHex(HEX(l.{name})), '')",
    "time": "UNIX_TIMESTAMP(l.{name})",
    "flag": "l.{name}",
    "text": f"REPLACE(l.{{name}}, ',', '{COMMA}')",
    "context": f"REPLACE(IFNULL(l.{{name}}, ''), ',', '{COMMA}')",
}
_ADDRESS_DUMPED = {4: "INET_NTOA(l.address)", 6: "INET6_NTOA(l.address)"}
_UPLOADED = {
    "number": "{name}",
    "hex": "UNHEX(REPLACE({name}, ':', ''))",
    "time": "FROM_UNIXTIME({name})",
    "flag": "{name}",
    "text": f"REPLACE({{name}}, '{COMMA}', ',')",
    "context": f"REPLACE({{name}}, '{COMMA}', ',')",
}
_ADDRESS_UPLOADED = {4: "INET_ATON(address)", 6: "INET6_ATON(address)"}
_TYPES = {
    "address": {4: "varchar(15)", 6: "varchar(39)"},
    "hwaddr": {4: "varchar(20)", 6: "varchar(64)"},
    "client_id": {4: "varchar(255)"},
    "duid": {6: "varchar(130)"},
    "expire": dict.fromkeys((4, 6), "bigint unsigned"),
    "fqdn_fwd": dict.fromkeys((4, 6), "tinyint"),
    "fqdn_rev": dict.fromkeys((4, 6), "tinyint"),
    "hostname": dict.fromkeys((4, 6), "varchar(255)"),
    "user_context": dict.fromkeys((4, 6), "text"),
    "lease_type": {6: "tinyint"},
    "prefix_len": {6: "tinyint unsigned"},
    "hwtype": {6: "smallint"},
}


def _type(v: int, field: Field) -> str:
    return _TYPES.get(field.name, {}).get(v, "int unsigned")


def _routines(v: int) -> tuple[Routine, ...]:
    fields = FIELDS[v]
    dumped = {**_DUMPED, "address": _ADDRESS_DUMPED[v]}
    uploaded = {**_UPLOADED, "address": _ADDRESS_UPLOADED[v]}
    columns = ",\n    ".join(dumped[field.kind].format(name=field.name) for field in fields)
    values = ",\n    ".join(uploaded[field.kind].format(name=field.name) for field in fields)
    names = [field.name for field in fields]
    return (
        Routine(f"lease{v}DumpHeader", "", f"SELECT '{','.join(names)}'"),
        Routine(f"lease{v}DumpData", "", f"SELECT\n    {columns}\nFROM lease{v} l ORDER BY l.address"),
        Routine(
            f"lease{v}Upload",
            ", ".join(f"{field.name} {_type(v, field)}" for field in fields),
            f"INSERT INTO lease{v} ({', '.join(names)}) VALUES (\n    {values}\n)",
        ),
    )


_HEX = Routine(
    "colonSeparatedHex",
    "hex varchar(64)",
    """
BEGIN
    DECLARE digits, pairs varchar(64);
    SET digits = LOWER(CONCAT(IF(LENGTH(hex) % 2, '0', ''), hex));
    SET pairs = LEFT(digits, 2);
    WHILE LENGTH(digits) > 2 DO
        SET digits = SUBSTR(digits, 3);
        SET pairs = CONCAT(pairs, ':', LEFT(digits, 2));
    END WHILE;
    RETURN pairs;
END""",
    "varchar(64) DETERMINISTIC",
)

ROUTINES = (_HEX, *_routines(4), *_routines(6))
