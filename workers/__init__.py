"""What runs in children: one folder a kind of process."""
