"""What operators ask of the simulated 1.6 charger beside charging: its list of cards, its certificates."""

from collections.abc import Callable

from gateway.sim.errors import CallRefused
from gateway.sim.local_list import LocalList
from gateway.sim.messages import Payload
from gateway.sim.remote import Decision
from gateway.sim.station import ConfigurationEntry, Station
from gateway.sim.trust import TrustStore

_USES = frozenset({"CentralSystemRootCertificate", "ManufacturerRootCertificate"})


class CareDesk16:
    """Remembers what it was given. `list_only`: it starts only for cards on its list (Q22)."""

    def __init__(self, station: Station) -> None:
        self.list = LocalList()
        self.list_only = False
        self.trust = TrustStore(_USES)
        station.configuration |= {
            "LocalAuthListEnabled": ConfigurationEntry("true"),
            "LocalAuthListMaxLength": ConfigurationEntry(str(self.list.most), readonly=True),
            "SendLocalListMaxLength": ConfigurationEntry(str(self.list.most_at_once), readonly=True),
        }
        self._handlers: dict[str, Callable[[Payload], Payload]] = {
            "GetLocalListVersion": lambda payload: {"listVersion": self.list.version},
            "SendLocalList": self._list,
            "InstallCertificate": self._install,
            "DeleteCertificate": lambda p: {"status": self.trust.delete(p["certificateHashData"])},
            "GetInstalledCertificateIds": self._installed,
        }

    def decide(self, action: str, payload: Payload) -> Decision | None:
        """Answer a call; None if it is none of these. Raises CallRefused."""
        handler = self._handlers.get(action)
        if action == "RemoteStartTransaction" and self.list_only and payload["idTag"] not in self.list.cards:
            return Decision({"status": "Rejected"})
        if handler is None:
            return None
        try:
            return Decision(handler(payload))
        except (KeyError, TypeError, ValueError) as unreadable:
            raise CallRefused("ProtocolError", f"{action}: {unreadable!r}") from unreadable

    def _list(self, payload: Payload) -> Payload:
        listed = payload.get("localAuthorizationList") or ()
        entries = [(str(entry["idTag"]), entry.get("idTagInfo")) for entry in listed]
        full = payload["updateType"] == "Full"
        return {"status": self.list.take(int(payload["listVersion"]), entries, full=full)}

    def _install(self, payload: Payload) -> Payload:
        return {"status": self.trust.install(payload["certificateType"], payload["certificate"])}

    def _installed(self, payload: Payload) -> Payload:
        found = self.trust.of(payload["certificateType"])
        return {"certificateHashData": found, "status": "Accepted"} if found else {"status": "NotFound"}
