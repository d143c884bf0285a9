"""The laboratory: hosts in namespaces, our daemon, real Kea, real clients, load."""
