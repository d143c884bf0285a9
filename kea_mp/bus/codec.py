"""Records of the bus as bytes: one version byte, then msgpack. Garbage raises WireError.

Runs in: any
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from kea_mp.bus.messages import VERSION, Down, Up
from kea_mp.errors import WireError

_HEAD = bytes([VERSION])
_encoder = msgspec.msgpack.Encoder()
_down: msgspec.msgpack.Decoder[Down] = msgspec.msgpack.Decoder(Down)
_up: msgspec.msgpack.Decoder[Up] = msgspec.msgpack.Decoder(Up)


def encode(message: Down | Up) -> bytes:
    return _HEAD + _encoder.encode(message)


def decode_down(data: bytes) -> Down:
    return _decode(data, _down)


def decode_up(data: bytes) -> Up:
    return _decode(data, _up)


T = TypeVar("T")


def _decode(data: bytes, decoder: msgspec.msgpack.Decoder[T]) -> T:
    if data[:1] != _HEAD:
        raise WireError(f"bus record of version {data[:1]!r}, expected {VERSION}")
    try:
        return decoder.decode(data[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(f"bus record: {error}") from error
