"""The DHCPv6 engine: what is answered to which message, and which leases are written for it."""
