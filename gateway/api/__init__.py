"""The operator API: JSON over the use cases and views, for the command line and for scripts."""

from gateway.api.operations import About, ApplyNetwork, Services
from gateway.api.server import add_routes

__all__ = ["About", "ApplyNetwork", "Services", "add_routes"]
