"""Kea 3.0 and we take the same configurations, and Kea takes what config-get of ours shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence

import pytest

from kea_mp.config.load import config_from_text
from kea_mp.family import DHCP4, DHCP6, Family
from tests.lab import peer
from tests.unit.config import cases4, cases6
from tests.unit.config.cases import MACHINE, NEWER, PATHS

pytestmark = [pytest.mark.peer, pytest.mark.root]

CASES = {DHCP4: cases4.CASES, DHCP6: cases6.CASES}
FAMILIES = pytest.mark.parametrize("family", CASES, ids=lambda family: family.name)
FOLDER = "etc/kea/kea_mp-agreement"


def judged_by_kea(family: Family, texts: Sequence[str]) -> list[tuple[bool, str]]:
    """Whether `kea-dhcp4 -t` or `kea-dhcp6 -t` takes each text, and what it said. One shell runs them all."""
    folder = peer.ROOT / FOLDER
    folder.mkdir(parents=True)
    try:
        for number, text in enumerate(texts):
            (folder / f"{number}.conf").write_text(text)
        tested = f"{peer.binary(family)} -t /{FOLDER}/$f.conf 2>&1"
        script = f'for f in $(seq 0 {len(texts) - 1}); do {tested}; echo "@@ $?"; done'
        # The socket directory of this test, so that whatever /run/kea looks like has no say in the result.
        folder.chmod(0o750)
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KEA_LOCKFILE_DIR": "none"}
        environment["KEA_CONTROL_SOCKET_DIR"] = f"/{FOLDER}"
        run = subprocess.run(
            ["chroot", str(peer.ROOT), "/bin/sh", "-c", script],
            capture_output=True, text=True, check=True, env=environment,
        )  # fmt: skip
    finally:
        shutil.rmtree(folder)
    parts = re.split(r"^@@ (\d+)\n", run.stdout, flags=re.MULTILINE)
    return [(code == "0", said) for said, code in zip(parts[0::2], parts[1::2], strict=False)]


@FAMILIES
def test_kea_decides_alike_except_for_the_listed_differences(family: Family) -> None:
    cases, wrong = CASES[family], []
    for case, (taken, said) in zip(cases, judged_by_kea(family, [case.text for case in cases]), strict=True):
        if (taken == (case.error is None)) == bool(case.differs):
            wrong.append(f"{case.text}: {said}")
    assert not wrong, "\n".join(wrong)


@FAMILIES
def test_kea_takes_what_config_get_shows(family: Family) -> None:
    cases = [case for case in CASES[family] if case.error is None and case.differs not in (MACHINE, PATHS, NEWER)]
    texts = [json.dumps({family.top: config_from_text(case.text, "", family).raw}) for case in cases]
    judged = judged_by_kea(family, texts)
    wrong = [f"{text}: {said}" for text, (taken, said) in zip(texts, judged, strict=True) if not taken]
    assert not wrong, "\n".join(wrong)
