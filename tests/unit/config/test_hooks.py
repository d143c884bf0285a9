"""Hook libraries in the configuration. What is refused stands in cases.py."""

from kea_mp.config.hooks import KNOWN
from kea_mp.config.load import config4_from_json


def test_hook_libraries_are_known_by_their_file_names() -> None:
    paths = ("/usr/lib/kea/hooks/libdhcp_lease_cmds.so", "libdhcp_mysql.so", " /opt/libdhcp_lease_cmds.so")
    config = config4_from_json({"Dhcp4": {"hooks-libraries": [{"library": path} for path in paths]}})
    assert config.libraries == ("libdhcp_lease_cmds.so", "libdhcp_mysql.so")
    assert [entry["library"] for entry in config.raw["hooks-libraries"]] == list(paths)


def test_without_hook_libraries_there_are_none() -> None:
    assert config4_from_json({"Dhcp4": {"hooks-libraries": []}}).libraries == ()
    assert config4_from_json({"Dhcp4": {"hooks-libraries": [{"library": n} for n in KNOWN]}}).libraries == KNOWN
