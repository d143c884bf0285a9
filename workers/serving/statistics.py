"""Kea's names of the packet statistics.

Runs in: serving
"""

from __future__ import annotations

#: by message type 0..8; 0 and everything beyond is "unknown"
RECEIVED = (
    "pkt4-unknown-received",
    "pkt4-discover-received",
    "pkt4-offer-received",
    "pkt4-request-received",
    "pkt4-decline-received",
    "pkt4-ack-received",
    "pkt4-nak-received",
    "pkt4-release-received",
    "pkt4-inform-received",
)
SENT = {2: "pkt4-offer-sent", 5: "pkt4-ack-sent", 6: "pkt4-nak-sent"}

#: what this worker counts itself, there with value 0 from the start
INITIAL = (
    "pkt4-received",
    *RECEIVED,
    "pkt4-sent",
    *SENT.values(),
    "pkt4-service-disabled",
    "pkt4-parse-failed",
    "pkt4-receive-drop",
)
