"""SQL databases: Kea's schema, connections and the translation of their errors. Nothing here is imported by the parent."""
