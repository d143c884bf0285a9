"""The sans-IO DHCP codec: bytes to frozen messages and back."""
