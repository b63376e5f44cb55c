"""`gateway demo`: the real gateway, a simulated charger and a simulated eMSP, telling a story on sockets."""

from gateway.demo.run import run_demo

__all__ = ["run_demo"]
