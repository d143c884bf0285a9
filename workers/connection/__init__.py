"""The connection workers: each owns one backend."""
