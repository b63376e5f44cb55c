"""The repairs of OCPP 1.6, in the order in which they are tried. Pure."""

from ocpp_side.repairs.mending import Place, Repair
from ocpp_side.repairs.mends import as_number, as_text, cut, left_out, repair, right_case, wrap

_IDS = frozenset({"idTag", "parentIdTag"})
_NUMBERS = frozenset({"connectorId", "transactionId", "reservationId", "requestId"})
_METERS = frozenset({"meterStart", "meterStop"})
_LISTS = frozenset({"meterValue", "sampledValue", "transactionData"})
_READING_WORDS = frozenset({"measurand", "unit", "context", "location", "phase", "format"})
_KEYS = (
    "idTag", "connectorId", "transactionId", "meterStart", "meterStop", "timestamp", "meterValue",
    "sampledValue", "value", "measurand", "unit", "context", "location", "phase", "format", "status",
    "errorCode", "reason", "transactionData", "reservationId", "chargePointVendor", "chargePointModel",
    "firmwareVersion",
)  # fmt: skip


def _other_error(place: Place) -> bool:
    """An error code nobody specified; the charger's own word goes where vendors' words belong."""
    if not isinstance(place.holder, dict):
        return False
    if isinstance(place.value, str) and place.value:
        place.holder.setdefault("vendorErrorCode", place.value[:50])
    place.put("OtherError")
    return True


REPAIRS: tuple[Repair, ...] = (
    repair("A16", "nothing (null) where a value may be left out", "type enum", mend=left_out),
    repair("Q21", "a card number that is too long is kept as it is", "maxLength", _IDS),
    repair("Q30", "keys in another case", "required", mend=right_case(_KEYS)),
    repair("Q31", "one object where a list belongs", "type", _LISTS, wrap),
    repair("Q31", "a number where a text belongs", "type", frozenset({"value"}), as_text),
    repair("Q24", "a card number sent as a number", "type", _IDS, as_text),
    repair("Q25", "a whole number sent as text", "type", _NUMBERS, as_number),
    repair("Q31", "a meter's reading with decimals or as text is read exactly", "type", _METERS),
    repair("Q36", "an empty list of samples", "minItems", frozenset({"sampledValue"})),
    repair("Q14", "an error code nobody specified", "enum type", frozenset({"errorCode"}), _other_error),
    repair("Q14", "a state nobody specified", "enum", frozenset({"status"}), actions="StatusNotification"),
    repair("Q30", "a unit, measurand or context nobody specified", "enum", _READING_WORDS),
    repair("Q13", "a text that is too long is cut", "maxLength", mend=cut),
    repair("Q23", "a field nobody specified is ignored", "additionalProperties"),
    repair("C28", "vendor data that is no text", "type", frozenset({"data"}), actions="DataTransfer"),
)  # fmt: skip
"""Tried in this order: what touches cards comes before what cuts texts."""
