"""The packet workers."""
