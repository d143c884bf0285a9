"""kea_mp: a Kea-compatible DHCP server whose heart is database connectivity."""

__version__ = "0.1.0"

KEA_COMPATIBLE = "3.0.4"  #: the Kea release whose configuration, commands and schema we follow
