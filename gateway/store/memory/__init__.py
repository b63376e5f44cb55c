"""The ports' rows in dicts: for tests and trials. It passes the same tests as the database."""

from gateway.store.memory.store import MemoryStore, MemoryTx

__all__ = ["MemoryStore", "MemoryTx"]
