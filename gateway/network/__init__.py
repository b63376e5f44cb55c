"""The network file: what an operator's network looks like, declared in JSON or YAML."""

from gateway.app.network import Network
from gateway.app.network_plan import Changes, NetworkRefused, Plan, PlanRefused
from gateway.app.ports import Clock
from gateway.network.positions import Document, parse
from gateway.network.reading import Readers, read_plan

__all__ = ["NetworkFiles", "Readers", "read_network_file"]


def read_network_file(name: str, text: str, readers: Readers, clock: Clock) -> tuple[Plan, Document]:
    """The plan in a network file, and the document that knows positions. Raises NetworkRefused."""
    document = parse(name, text)
    return read_plan(document, readers, clock.now()), document


class NetworkFiles:
    """Applies network files; refusals name file, line, column and reason."""

    def __init__(self, network: Network, readers: Readers, clock: Clock) -> None:
        self._network = network
        self._readers = readers
        self._clock = clock

    async def apply(self, name: str, text: str, *, prune: bool = False) -> Changes:
        """Apply a file's text in one commit. Raises NetworkRefused (nothing applied) or StoreUnavailable."""
        plan, document = read_network_file(name, text, self._readers, self._clock)
        try:
            return await self._network.apply(plan, prune=prune)
        except PlanRefused as refusal:
            problems = [document.problem(fault.path, fault.reason) for fault in refusal.faults]
            raise NetworkRefused(problems) from refusal
