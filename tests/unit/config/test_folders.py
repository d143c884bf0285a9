"""Where files live."""

from pathlib import Path

import pytest

from kea_mp.config.folders import data_dir, run_dir


def test_without_settings_they_are_those_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEA_MP_RUN_DIR", raising=False)
    monkeypatch.setenv("KEA_MP_DATA_DIR", "")
    assert (run_dir(), data_dir()) == (Path("/run/kea-mp"), Path("/var/lib/kea-mp"))


def test_the_environment_names_others_and_they_become_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEA_MP_RUN_DIR", "/tmp/r")
    monkeypatch.setenv("KEA_MP_DATA_DIR", "d")
    assert (run_dir(), data_dir()) == (Path("/tmp/r"), Path.cwd() / "d")
