"""Ports for processes that tests start, and start again."""

import contextlib
import itertools
import random
import socket

_PORTS = itertools.count(random.randint(12_000, 22_000))


def free_port() -> int:
    """A port nobody uses, never given twice.

    It lies below those the kernel gives to whoever asks for any: while its process is down it stays free.
    """
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", next(_PORTS)))
            return probe.getsockname()[1]
