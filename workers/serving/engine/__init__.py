"""The DHCP engine: one exchange is one generator."""
