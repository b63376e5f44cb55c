"""Spec: OCPI 2.2.1 mod_hub_client_info."""

from ocpi.shared.clients import ClientInfo, ConnectionStatus

__all__ = ["ClientInfo", "ConnectionStatus"]
