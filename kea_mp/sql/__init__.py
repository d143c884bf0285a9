"""SQL databases: Kea's schema, connections, what their errors mean. The supervisor imports nothing of this."""
