"""The repairs of OCPP 2.0.1 and 2.1, in the order in which they are tried. Pure.

What only breaks a length, an enum or a presence is let through: the handlers read it leniently and exactly.
"""

from ocpp_side.repairs.mending import Place, Repair
from ocpp_side.repairs.mends import as_number, as_text, as_truth, left_out, repair, right_case, wrap

_METERED = "TransactionEvent MeterValues"
_CARD = frozenset({"idToken"})
_NAMES = frozenset({"transactionId"})
_NUMBERS = frozenset(
    {"evseId", "connectorId", "id", "seqNo", "remoteStartId", "reservationId", "requestId", "multiplier"}
)
_LISTS = frozenset({"meterValue", "sampledValue", "eventData", "reportData", "variableAttribute"})
_TIMES = frozenset({"timestamp", "generatedAt"})
_READING_WORDS = frozenset({"measurand", "unit", "context", "location", "phase"})
_SIGNED = frozenset({"signedMeterData", "publicKey", "signingMethod", "encodingMethod"})
_STATES = frozenset({"chargingState", "stoppedReason", "triggerReason"})
_KEYS = (
    "eventType", "timestamp", "triggerReason", "seqNo", "offline", "transactionInfo", "transactionId",
    "chargingState", "stoppedReason", "remoteStartId", "reservationId", "idToken", "type", "evse", "id",
    "evseId", "connectorId", "connectorStatus", "meterValue", "sampledValue", "value", "measurand", "unit",
    "context", "location", "phase", "unitOfMeasure", "multiplier", "signedMeterValue", "signedMeterData",
    "signingMethod", "encodingMethod", "publicKey", "reason", "chargingStation", "vendorName", "model",
    "serialNumber", "firmwareVersion",
)  # fmt: skip


def _card_number(place: Place) -> bool:
    """A card number written as a number; a number in place of the whole card is no card."""
    return isinstance(place.holder, dict) and "type" in place.holder and as_text(place)


REPAIRS: tuple[Repair, ...] = (
    repair("A16", "nothing (null) where a value may be left out", "type enum", mend=left_out),
    repair("Q21", "a card number that is too long is kept as it is", "maxLength", _CARD),
    repair("Q24", "a card number sent as a number", "type", _CARD, _card_number),
    repair("E02", "a kind of card nobody specified", "enum", frozenset({"type"}),
           actions="Authorize TransactionEvent"),
    repair("Q30", "keys in another case", "required", mend=right_case(_KEYS)),
    repair("Q20", "no time, or one that is no text", "required", missing="timestamp generatedAt"),
    repair("Q20", "no time, or one that is no text", "type", _TIMES),
    repair("Q45", "no reason or number of a message", "required", missing="triggerReason seqNo"),
    repair("Q45", "an EVSE without its connector", "required", missing="connectorId"),
    repair("Q47", "signed values without key or method", "required",
           missing="publicKey signingMethod encodingMethod"),
    repair("Q47", "signed values longer than the version has it", "maxLength", _SIGNED),
    repair("Q31", "one object where a list belongs", "type", _LISTS, wrap),
    repair("Q31", "a reading as text is read exactly", "type", frozenset({"value"}), actions=_METERED),
    repair("Q31", "yes or no as text or number", "type", frozenset({"offline", "tbc"}), as_truth),
    repair("Q25", "a whole number sent as text", "type", _NUMBERS, as_number),
    repair("Q25", "a transaction's name sent as a number", "type", _NAMES, as_text),
    repair("Q48", "a transaction's name that is too long is kept as it is", "maxLength", _NAMES),
    repair("Q36", "an empty list of samples", "minItems", frozenset({"meterValue", "sampledValue"}),
           actions=_METERED),
    repair("Q14", "a state nobody specified", "enum", frozenset({"connectorStatus"})),
    repair("D12", "a reason or state nobody specified", "enum", _STATES),
    repair("Q30", "a measurand, context or place nobody specified", "enum", _READING_WORDS),
    repair("Q14", "a reason of a boot nobody specified", "enum", frozenset({"reason"}),
           actions="BootNotification"),
    repair("Q13", "a text that is too long is kept as it is", "maxLength"),
    repair("Q23", "a field nobody specified is ignored", "additionalProperties"),
)  # fmt: skip
"""Tried in this order: what touches cards and money comes before what is let through everywhere."""
