"""The gateway's own small certificate authority for chargers, with `cryptography` (B07)."""
