"""ZeroMQ between the processes: health upwards, directives downwards."""
