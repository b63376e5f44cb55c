"""Simulated charger and simulated partner: independent of the adapters they talk to, over real sockets."""
