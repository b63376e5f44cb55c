"""OCPP 2.x: what OCPP 1.6 calls a configuration key, as a variable of the device model. Pure.

The use cases name settings as 1.6 does, since both versions have them; a path of the device model
(`Component[instance]@evse.connector/Variable[instance]`) may be used for everything else. Spec: OCPP 2.0.1
part 2 appendices, chapter 3 "Referenced Components and Variables"; C25, D03.
"""

import re

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ConnectorNumber

_PATH = re.compile(
    r"(?P<component>[^\[\]@/.]+)(?:\[(?P<instance>[^\]]*)\])?(?:@(?P<evse>\d+)(?:\.(?P<connector>\d+))?)?"
    r"[/.](?P<variable>[^\[\]/]+)(?:\[(?P<part>[^\]]*)\])?"
)
_STANDARD: dict[str, str] = {
    "AllowOfflineTxForUnknownId": "AuthCtrlr/OfflineTxForUnknownIdEnabled",
    "AuthorizationCacheEnabled": "AuthCacheCtrlr/Enabled",
    "AuthorizeRemoteTxRequests": "AuthCtrlr/AuthorizeRemoteStart",
    "ChargeProfileMaxStackLevel": "SmartChargingCtrlr/ProfileStackLevel",
    "ChargingScheduleAllowedChargingRateUnit": "SmartChargingCtrlr/RateUnit",
    "ChargingScheduleMaxPeriods": "SmartChargingCtrlr/PeriodsPerSchedule",
    "ClockAlignedDataInterval": "AlignedDataCtrlr/Interval",
    "ConnectionTimeOut": "TxCtrlr/EVConnectionTimeOut",
    "GetConfigurationMaxBytes": "DeviceDataCtrlr/BytesPerMessage[GetVariables]",
    "GetConfigurationMaxKeys": "DeviceDataCtrlr/ItemsPerMessage[GetVariables]",
    "HeartbeatInterval": "OCPPCommCtrlr/HeartbeatInterval",
    "LocalAuthListEnabled": "LocalAuthListCtrlr/Enabled",
    "LocalAuthorizeOffline": "AuthCtrlr/LocalAuthorizeOffline",
    "LocalPreAuthorize": "AuthCtrlr/LocalPreAuthorize",
    "MeterValueSampleInterval": "SampledDataCtrlr/TxUpdatedInterval",
    "MeterValuesAlignedData": "AlignedDataCtrlr/Measurands",
    "MeterValuesSampledData": "SampledDataCtrlr/TxUpdatedMeasurands",
    "ResetRetries": "OCPPCommCtrlr/ResetRetries",
    "SendLocalListMaxBytes": "LocalAuthListCtrlr/BytesPerMessage",
    "SendLocalListMaxLength": "LocalAuthListCtrlr/ItemsPerMessage",
    "StartTxnSampledData": "SampledDataCtrlr/TxStartedMeasurands",
    "StopTransactionOnInvalidId": "TxCtrlr/StopTxOnInvalidId",
    "StopTxnAlignedData": "AlignedDataCtrlr/TxEndedMeasurands",
    "StopTxnSampledData": "SampledDataCtrlr/TxEndedMeasurands",
    "TransactionMessageAttempts": "OCPPCommCtrlr/MessageAttempts[TransactionEvent]",
    "TransactionMessageRetryInterval": "OCPPCommCtrlr/MessageAttemptInterval[TransactionEvent]",
    "WebSocketPingInterval": "OCPPCommCtrlr/WebSocketPingInterval",
}
"""`StartTxnSampledData` is a word of ours: in 1.6 a start always has the register, in 2.x only if told so.
`SendLocalListMaxBytes` and `GetConfigurationMaxBytes` are others: 1.6 counts cards and keys alone.
"""
_BY_KEY = {key.casefold(): path for key, path in _STANDARD.items()}


def path_of_key(key: str) -> str | None:
    """The path of a setting; None if 2.x has none of this name."""
    standard = _BY_KEY.get(key.strip().casefold())
    return standard if standard is not None else key if _PATH.fullmatch(key) else None


def key_of_path(path: str, asked: tuple[str, ...]) -> str:
    """What was asked for under the name that an answer calls `path`; the path itself if nothing was."""
    wanted = path.casefold()
    return next((key for key in asked if (path_of_key(key) or "").casefold() == wanted), path)


def component_variable(key: str) -> dict[str, object]:
    """Component and variable of a setting. Raises InvalidInput for what is no path."""
    path = path_of_key(key)
    found = None if path is None else _PATH.fullmatch(path)
    if found is None:
        raise InvalidInput(f"{key!r} is not like Component/Variable", field="key")
    component: dict[str, object] = {}
    if found["evse"]:
        number = ConnectorNumber(int(found["evse"]), int(found["connector"] or 0))
        component["evse"] = {
            "id": number.evse, **({"connectorId": number.connector} if number.connector else {}),
        }  # fmt: skip
    component |= _named(found["component"], found["instance"])
    return {"component": component, "variable": _named(found["variable"], found["part"])}


def _named(name: str, instance: str | None) -> dict[str, object]:
    return {"name": name, **({"instance": instance} if instance else {})}
