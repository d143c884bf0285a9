"""The control channel: commands as rows, framing, the client and the status screen."""
