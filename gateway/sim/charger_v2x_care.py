"""What operators ask of the simulated 2.x charger: device model, firmware, logs, lists of cards, tariffs."""

from collections.abc import Callable
from datetime import datetime

from gateway.sim.clock import stamp
from gateway.sim.device_model import DeviceModel
from gateway.sim.errors import CallRefused
from gateway.sim.local_list import LocalList
from gateway.sim.messages import Payload
from gateway.sim.remote import Decision
from gateway.sim.station import ConfigurationEntry, Station
from gateway.sim.trust import TrustStore

_MOST_AT_ONCE = 10
_FIRMWARE = ("Downloading", "Downloaded", "Installing", "Installed")
_LOG = ("Uploading", "Uploaded")
_USES = frozenset(
    {"CSMSRootCertificate", "ManufacturerRootCertificate", "V2GRootCertificate", "MORootCertificate"}
)
_SLOTS = range(1, 4)
_LATER_USES = frozenset({"OEMRootCertificate"})


class CareDesk:
    """Remembers what it was given, `tariffs` by EVSE, `networks` by slot. `later`: it is a charger of 2.1.

    `list_only`: it starts only for cards on its list (Q22).
    """

    def __init__(self, station: Station, *, later: bool) -> None:
        self.list = LocalList(most_at_once=2)
        self.list_only = False
        self.trust = TrustStore(_USES | _LATER_USES if later else _USES)
        self.device = DeviceModel(station, self.list)
        self.tariffs: dict[int, Payload] = {}
        self.networks: dict[int, Payload] = {}
        self._handlers: dict[str, Callable[[Payload, datetime], Decision]] = {
            "GetVariables": self._get_variables,
            "SetVariables": self._set_variables,
            "GetBaseReport": self._report,
            "UpdateFirmware": self._firmware,
            "GetLog": self._log,
            "GetLocalListVersion": self._list_version,
            "SendLocalList": self._list,
            "CustomerInformation": self._customer,
            "InstallCertificate": self._install,
            "DeleteCertificate": self._delete,
            "GetInstalledCertificateIds": self._installed,
            "SetNetworkProfile": self._network,
        }
        if later:
            self._handlers["SetDefaultTariff"] = self._tariff
            self._handlers["ClearTariffs"] = self._clear_tariffs

    def decide(self, action: str, payload: Payload, now: datetime) -> Decision | None:
        """Answer a call; None if it is none of these. Raises CallRefused."""
        handler = self._handlers.get(action)
        if action == "RequestStartTransaction" and self.list_only:
            listed = payload["idToken"]["idToken"] in self.list.cards
            return None if listed else Decision({"status": "Rejected"})
        if handler is None:
            return None
        try:
            return handler(payload, now)
        except (KeyError, TypeError, ValueError) as unreadable:
            raise CallRefused("FormatViolation", f"{action}: {unreadable!r}") from unreadable

    def _get_variables(self, payload: Payload, now: datetime) -> Decision:
        del now
        wanted = payload["getVariableData"]
        if len(wanted) > _MOST_AT_ONCE:
            raise CallRefused("OccurrenceConstraintViolation", "too many variables at once")
        return Decision({"getVariableResult": [self._read(one) for one in wanted]})

    def _read(self, wanted: Payload) -> Payload:
        entry = self.device.entry(wanted["component"], wanted["variable"])
        found: Payload = {"attributeStatus": "UnknownVariable"}
        if entry is not None:
            found = {"attributeStatus": "Accepted", "attributeValue": entry.value}
        return {**found, "component": wanted["component"], "variable": wanted["variable"]}

    def _set_variables(self, payload: Payload, now: datetime) -> Decision:
        del now
        return Decision({"setVariableResult": [self._write(one) for one in payload["setVariableData"]]})

    def _write(self, wanted: Payload) -> Payload:
        entry = self.device.entry(wanted["component"], wanted["variable"])
        status = "UnknownVariable" if entry is None else _set(entry, str(wanted["attributeValue"]))
        return {"attributeStatus": status, "component": wanted["component"], "variable": wanted["variable"]}

    def _report(self, payload: Payload, now: datetime) -> Decision:
        parts = self.device.report(int(payload["requestId"]), now)
        return Decision({"status": "Accepted"}, then=tuple(("NotifyReport", part) for part in parts))

    def _firmware(self, payload: Payload, now: datetime) -> Decision:
        del now
        return _progress("FirmwareStatusNotification", int(payload["requestId"]), _FIRMWARE)

    def _log(self, payload: Payload, now: datetime) -> Decision:
        del now
        begun = _progress("LogStatusNotification", int(payload["requestId"]), _LOG)
        return Decision({**begun.payload, "filename": "log.tar.gz"}, then=begun.then)

    def _list_version(self, payload: Payload, now: datetime) -> Decision:
        del payload, now
        return Decision({"versionNumber": self.list.version})

    def _list(self, payload: Payload, now: datetime) -> Decision:
        del now
        listed = payload.get("localAuthorizationList") or ()
        entries = [(str(entry["idToken"]["idToken"]), entry.get("idTokenInfo")) for entry in listed]
        full = payload["updateType"] == "Full"
        return Decision({"status": self.list.take(int(payload["versionNumber"]), entries, full=full)})

    def _install(self, payload: Payload, now: datetime) -> Decision:
        del now
        return Decision({"status": self.trust.install(payload["certificateType"], payload["certificate"])})

    def _delete(self, payload: Payload, now: datetime) -> Decision:
        del now
        return Decision({"status": self.trust.delete(payload["certificateHashData"])})

    def _installed(self, payload: Payload, now: datetime) -> Decision:
        """Spec: OCPP 2.0.1 M03: no use named means all."""
        del now
        found = [
            {"certificateType": use, "certificateHashData": data}
            for use in payload.get("certificateType") or sorted(self.trust.uses)
            for data in self.trust.of(use)
        ]
        more = {"certificateHashDataChain": found} if found else {}
        return Decision({"status": "Accepted" if found else "NotFound", **more})

    def _network(self, payload: Payload, now: datetime) -> Decision:
        """Spec: OCPP 2.0.1 B09: there are a few slots, and no profile is lower than one it has."""
        del now
        slot, wanted = int(payload["configurationSlot"]), payload["connectionData"]
        known = [int(profile["securityProfile"]) for profile in self.networks.values()]
        if slot not in _SLOTS:
            return Decision({"status": "Failed"})
        if int(wanted["securityProfile"]) < max(known, default=0):
            return Decision({"status": "Rejected"})
        self.networks[slot] = wanted
        return Decision({"status": "Accepted"})

    def _customer(self, payload: Payload, now: datetime) -> Decision:
        """Spec: OCPP 2.0.1 N09, N10: a report in two parts, then nothing is known any more."""
        card = payload["idToken"]["idToken"]
        known = f"card {card}: " + ("on the list of cards" if card in self.list.cards else "nothing is kept")
        if payload["clear"]:
            self.list.cards.pop(card, None)
        about = {"requestId": int(payload["requestId"]), "generatedAt": stamp(now)}
        halves = (known[:10], known[10:])
        then = tuple(
            ("NotifyCustomerInformation", {**about, "data": half, "seqNo": number, "tbc": number == 0})
            for number, half in enumerate(halves)
        )
        return Decision({"status": "Accepted"}, then=then)

    def _tariff(self, payload: Payload, now: datetime) -> Decision:
        """Spec: OCPP 2.1 I07."""
        del now
        self.tariffs[int(payload["evseId"])] = payload["tariff"]
        return Decision({"status": "Accepted"})

    def _clear_tariffs(self, payload: Payload, now: datetime) -> Decision:
        """Spec: OCPP 2.1 I09."""
        del now
        known = self.tariffs.pop(int(payload["evseId"]), None)
        return Decision({"clearTariffsResult": [{"status": "NoTariff" if known is None else "Accepted"}]})


def _set(entry: ConfigurationEntry, value: str) -> str:
    if entry.readonly:
        return "Rejected"
    entry.value = value
    return "Accepted"


def _progress(action: str, request_id: int, words: tuple[str, ...]) -> Decision:
    then = tuple((action, {"status": word, "requestId": request_id}) for word in words)
    return Decision({"status": "Accepted"}, then=then)
