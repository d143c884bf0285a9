"""Host reservations."""
