"""The device model of the simulated 2.x charger: its variables, some of them settings it follows. Pure.

Spec: OCPP 2.0.1 part 2 appendices, chapter 3; 2.1 for the tariffs.
"""

from collections.abc import Iterator
from datetime import datetime

from gateway.sim.clock import stamp
from gateway.sim.local_list import LocalList
from gateway.sim.messages import Payload
from gateway.sim.station import ConfigurationEntry, Station

_SETTINGS: dict[tuple[str, str, str | None], str] = {
    ("AlignedDataCtrlr", "Interval", None): "ClockAlignedDataInterval",
    ("AuthCtrlr", "AuthorizeRemoteStart", None): "AuthorizeRemoteTxRequests",
    ("AuthCtrlr", "LocalPreAuthorize", None): "LocalPreAuthorize",
    ("OCPPCommCtrlr", "HeartbeatInterval", None): "HeartbeatInterval",
    ("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent"): "TransactionMessageAttempts",
    ("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent"): "TransactionMessageRetryInterval",
    ("OCPPCommCtrlr", "WebSocketPingInterval", None): "WebSocketPingInterval",
    ("SampledDataCtrlr", "TxUpdatedInterval", None): "MeterValueSampleInterval",
    ("SampledDataCtrlr", "TxUpdatedMeasurands", None): "MeterValuesSampledData",
    ("SampledDataCtrlr", "TxEndedMeasurands", None): "StopTxnSampledData",
    ("TxCtrlr", "EVConnectionTimeOut", None): "ConnectionTimeOut",
    ("TxCtrlr", "StopTxOnInvalidId", None): "StopTransactionOnInvalidId",
}
"""Variables that are settings of every simulated charger, by what 1.6 calls them."""
_OWN: dict[tuple[str, str, str | None], ConfigurationEntry] = {
    ("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables"): ConfigurationEntry("10", readonly=True),
    ("LocalAuthListCtrlr", "Enabled", None): ConfigurationEntry("false"),
    ("ReservationCtrlr", "Enabled", None): ConfigurationEntry("true"),
    ("SampledDataCtrlr", "TxStartedMeasurands", None): ConfigurationEntry("Power.Active.Import"),
    ("SmartChargingCtrlr", "Enabled", None): ConfigurationEntry("true"),
    ("TariffCostCtrlr", "Available", "Tariff"): ConfigurationEntry("true", readonly=True),
    ("TariffCostCtrlr", "Enabled", "Tariff"): ConfigurationEntry("true"),
    ("TariffCostCtrlr", "Enabled", "Cost"): ConfigurationEntry("true"),
}
_LISTED = ("LocalAuthListCtrlr", "Entries", None)
_PER_MESSAGE = ("LocalAuthListCtrlr", "ItemsPerMessage", None)
_INTEGER: Payload = {"dataType": "integer", "supportsMonitoring": False}
_PART = 8
"""Variables in one NotifyReport."""


class DeviceModel:
    """The variables of one station."""

    def __init__(self, station: Station, cards: LocalList) -> None:
        self._station = station
        self._cards = cards
        self._own = {name: ConfigurationEntry(e.value, e.readonly) for name, e in _OWN.items()}
        self._own[_PER_MESSAGE] = ConfigurationEntry(str(cards.most_at_once), readonly=True)

    def entry(self, component: Payload, variable: Payload) -> ConfigurationEntry | None:
        """The variable an operator means, or None."""
        name = (str(component["name"]), str(variable["name"]), variable.get("instance"))
        found = self._own.get(name) if name != _LISTED else self._listed()
        if found is None:
            found = self._station.configuration.get(_SETTINGS.get(name, name[1]))
        return found

    def report(self, request_id: int, at: datetime) -> Iterator[Payload]:
        """Everything, in parts. Spec: OCPP 2.0.1 NotifyReportRequest."""
        known = {name: self._station.configuration[key] for name, key in _SETTINGS.items()} | self._own
        rows = [_row(*name, entry) for name, entry in sorted(known.items(), key=str)]
        listed = _row(*_LISTED, self._listed())
        rows.append({**listed, "variableCharacteristics": {**_INTEGER, "maxLimit": self._cards.most}})
        rows += [_availability(number, plug.status) for number, plug in self._station.plugs.items()]
        for number, start in enumerate(range(0, len(rows), _PART)):
            more = start + _PART < len(rows)
            part = rows[start : start + _PART]
            about = {"requestId": request_id, "generatedAt": stamp(at), "seqNo": number, "tbc": more}
            yield {**about, "reportData": part}

    def _listed(self) -> ConfigurationEntry:
        """How many cards are on the list; how many fit is said in the report alone."""
        return ConfigurationEntry(str(len(self._cards.cards)), readonly=True)


def _row(component: str, name: str, instance: str | None, entry: ConfigurationEntry) -> Payload:
    mutability = "ReadOnly" if entry.readonly else "ReadWrite"
    return {
        "component": {"name": component},
        "variable": {"name": name, **({"instance": instance} if instance else {})},
        "variableAttribute": [{"value": entry.value, "mutability": mutability}],
        "variableCharacteristics": {"dataType": "string", "supportsMonitoring": False},
    }


def _availability(evse: int, status: str) -> Payload:
    row = _row("Connector", "AvailabilityState", None, ConfigurationEntry(status, readonly=True))
    return {**row, "component": {"name": "Connector", "evse": {"id": evse, "connectorId": 1}}}
