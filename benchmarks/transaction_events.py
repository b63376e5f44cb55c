"""Durable OCPP 2.0.1 TransactionEvents per second and their p99, beside the usual way in the same call.

    python benchmarks/transaction_events.py [--connections 200] [--seconds 5] [--at-least 15]

Each connection is inside a transaction and sends its next event, with nine sampled values, when the last one
was acknowledged, which is after the commit. Exit code 1 if the gateway is not that many times faster.
"""

import json

import aiohttp
from beside import compare_chargers
from load import CARD, LoadedCharger, charger_id

_POWER = {"unit": "W", "multiplier": 3}
EXTRAS = [
    {"value": 11.04, "measurand": "Power.Active.Import", "unitOfMeasure": _POWER},
    {"value": 16.0, "measurand": "Current.Import", "phase": "L1", "unitOfMeasure": {"unit": "A"}},
    {"value": 16.1, "measurand": "Current.Import", "phase": "L2", "unitOfMeasure": {"unit": "A"}},
    {"value": 15.9, "measurand": "Current.Import", "phase": "L3", "unitOfMeasure": {"unit": "A"}},
    {"value": 230.1, "measurand": "Voltage", "phase": "L1-N", "unitOfMeasure": {"unit": "V"}},
    {"value": 229.8, "measurand": "Voltage", "phase": "L2-N", "unitOfMeasure": {"unit": "V"}},
    {"value": 230.4, "measurand": "Voltage", "phase": "L3-N", "unitOfMeasure": {"unit": "V"}},
    {"value": 16.0, "measurand": "Current.Offered", "unitOfMeasure": {"unit": "A"}},
]


class LoadedCharger201(LoadedCharger):
    """One connection: boots, starts a transaction, then sends updates as fast as they are acknowledged."""

    subprotocol = "ocpp2.0.1"

    def __init__(self, http: aiohttp.ClientSession, base: str, number: int) -> None:
        super().__init__(http, base, number)
        self._transaction = {"transactionId": f"tx-{charger_id(number)}"}

    async def start(self) -> str:
        """Boot and start a transaction; returns the template of the messages that follow."""
        station = {"vendorName": "Bench", "model": "B1"}
        await self.ask("BootNotification", {"chargingStation": station, "reason": "PowerUp"})
        usual = {"transactionInfo": self._transaction, "timestamp": self.time()}
        started = {
            "eventType": "Started", "triggerReason": "Authorized", "seqNo": 0, **usual,
            "evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": CARD, "type": "ISO14443"},
        }  # fmt: skip
        answer = await self.ask("TransactionEvent", started)
        assert answer["idTokenInfo"]["status"] == "Accepted", answer
        sampled = [{"value": "@WH@", "context": "Sample.Periodic", "unitOfMeasure": {"unit": "Wh"}}, *EXTRAS]
        info = {**self._transaction, "chargingState": "Charging"}
        update = {
            "eventType": "Updated", "timestamp": "@AT@", "triggerReason": "MeterValuePeriodic",
            "seqNo": "@SEQ@", "transactionInfo": info,
            "meterValue": [{"timestamp": "@AT@", "sampledValue": sampled}],
        }  # fmt: skip
        text = json.dumps([2, "@ID@", "TransactionEvent", update], separators=(",", ":"))
        return text.replace('"@WH@"', "@WH@").replace('"@SEQ@"', "@SEQ@")


if __name__ == "__main__":
    raise SystemExit(compare_chargers(__doc__, "usual_way_v201.py", LoadedCharger201, at_least=15))
