"""Certificates for tests of TLS, made by openssl: an authority, and what it signs.

Runs in: any
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, PEM files."""

    cert: Path
    key: Path


class Authority:
    """A certificate authority in a folder of its own. `anchor` is its certificate, `folder_of_anchors` a folder that
    holds it under its hash, as OpenSSL looks for it."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.anchor, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                 "-keyout", str(self._key), "-out", str(self.anchor))  # fmt: skip
        self.folder_of_anchors = folder / "anchors"
        self.folder_of_anchors.mkdir()
        digest = _openssl("x509", "-hash", "-noout", "-in", str(self.anchor)).strip()
        (self.folder_of_anchors / f"{digest}.0").write_bytes(self.anchor.read_bytes())

    def sign(self, name: str, alternatives: str = "", expired: bool = False) -> Pair:
        """A pair for this name. alternatives: as in OpenSSL, "DNS:localhost,IP:127.0.0.1"."""
        pair = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternatives}\n" if alternatives else "basicConstraints=CA:FALSE\n")
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", str(pair.key),
                 "-out", str(request))  # fmt: skip
        # -days 0 ends at the moment of signing.
        _openssl("x509", "-req", "-in", str(request), "-CA", str(self.anchor), "-CAkey", str(self._key),
                 "-CAcreateserial", "-days", "0" if expired else "2", "-extfile", str(extensions),
                 "-out", str(pair.cert))  # fmt: skip
        return pair


def _openssl(*arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr[-500:]}")
    return done.stdout
