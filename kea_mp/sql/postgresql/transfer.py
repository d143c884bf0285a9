"""What `kea-admin lease-dump` and `lease-upload` call: leases as lines of a memfile and back.

Runs in: any
"""

from __future__ import annotations

from kea_mp.sql.postgresql.shape import Routine
from kea_mp.sql.transfer import COMMA, FIELDS, Field

_DUMPED = {
    "number": "l.{name}",
    "hex": "colonSeparatedHex(encode(l.{name}, 'hex'))",
    "time": "extract(epoch FROM l.{name})::bigint",
    "flag": "l.{name}::int",
    "text": f"replace(l.{{name}}, ',', '{COMMA}')",
    "context": f"replace(l.{{name}}, ',', '{COMMA}')",
}
_ADDRESS_DUMPED = {4: "'0.0.0.0'::inet + l.address", 6: "host(l.address)"}
_UPLOADED = {
    "number": "${number}",
    "hex": "decode(replace(${number}, ':', ''), 'hex')",
    "time": "to_timestamp(${number})",
    "flag": "${number}::boolean",
    "text": f"replace(${{number}}, '{COMMA}', ',')",
    "context": f"replace(${{number}}, '{COMMA}', ',')",
}
_ADDRESS_UPLOADED = {4: "${number}::inet - '0.0.0.0'::inet", 6: "${number}::inet"}
_TYPES = {
    "address": "varchar",
    "hex": "varchar",
    "time": "bigint",
    "flag": "int",
    "text": "varchar",
    "context": "varchar",
}
# In a dump the small columns have the type of the table; an upload takes an int for them.
_SMALL = {"lease_type", "prefix_len", "hwtype", "hwaddr_source"}


def _type(field: Field, small: str) -> str:
    if field.name in _SMALL:
        return small
    return _TYPES.get(field.kind, "int" if field.name == "iaid" else "bigint")


def _dump(v: int) -> tuple[Routine, Routine]:
    fields = FIELDS[v]
    header = f"SELECT '{','.join(field.name for field in fields)}'::text"
    forms = {**_DUMPED, "address": _ADDRESS_DUMPED[v]}
    columns = ",\n    ".join(forms[field.kind].format(name=field.name) for field in fields)
    kinds = [_type(field, "smallint") for field in fields]
    if v == 4:
        kinds[0] = "inet"
    returned = ", ".join(f"{field.name} {kind}" for field, kind in zip(fields, kinds, strict=True))
    query = f"SELECT\n    {columns}\nFROM lease{v} l ORDER BY l.address"
    return (
        Routine(f"lease{v}dumpheader", "", "text", header, "sql"),
        Routine(f"lease{v}dumpdata", "", f"TABLE({returned})", query, "sql"),
    )


def _upload(v: int, fields: tuple[Field, ...]) -> Routine:
    forms = {**_UPLOADED, "address": _ADDRESS_UPLOADED[v]}
    values = ",\n    ".join(forms[field.kind].format(number=number) for number, field in enumerate(fields, 1))
    names = ", ".join(field.name for field in fields)
    arguments = ", ".join(f"{field.name} {_type(field, 'int')}" for field in fields)
    body = f"BEGIN\nINSERT INTO lease{v} ({names}) VALUES (\n    {values}\n);\nEND"
    return Routine(f"lease{v}upload", arguments, "void", body)


ROUTINES = tuple(
    routine
    for v in (4, 6)
    # An upload of an older Kea does not know pools; its function stays beside the new one.
    for routine in (*_dump(v), _upload(v, FIELDS[v]), _upload(v, FIELDS[v][:-1]))
)
