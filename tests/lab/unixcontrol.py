"""A client of Kea's control channel, for both servers.

Runs in: any
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


def ask(path: Path | str, name: str, arguments: dict[str, Any] | None = None, timeout: float = 15.0) -> dict[str, Any]:
    """Send one command and return its answer. OSError when nobody answers.

    A path over 107 bytes does not fit in a socket address: it is reached through a descriptor of its folder.
    """
    request: dict[str, Any] = {"command": name}
    if arguments is not None:
        request["arguments"] = arguments
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(json.dumps(request).encode())
        connection.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
    answer = json.loads(b"".join(pieces))
    if not isinstance(answer, dict):
        raise ValueError(f"not an answer: {answer!r}")
    return answer
