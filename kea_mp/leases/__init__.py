"""Leases: the model, what is asked of a store, and the stores."""
