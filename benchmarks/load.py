"""Chargers under load: sessions in a closed loop of MeterValues with nine sampled values each."""

import asyncio
import base64
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp

CARD = "BENCHMARK-CARD"
PASSWORD = "benchmark-password-1"
EXTRAS = [
    {"value": "11040", "measurand": "Power.Active.Import", "unit": "W"},
    {"value": "16.0", "measurand": "Current.Import", "unit": "A", "phase": "L1"},
    {"value": "16.1", "measurand": "Current.Import", "unit": "A", "phase": "L2"},
    {"value": "15.9", "measurand": "Current.Import", "unit": "A", "phase": "L3"},
    {"value": "230.1", "measurand": "Voltage", "unit": "V", "phase": "L1-N"},
    {"value": "229.8", "measurand": "Voltage", "unit": "V", "phase": "L2-N"},
    {"value": "230.4", "measurand": "Voltage", "unit": "V", "phase": "L3-N"},
    {"value": "16.0", "measurand": "Current.Offered", "unit": "A"},
]


@dataclass(frozen=True, slots=True)
class Result:
    """Acknowledged messages per second, and how long one took (seconds)."""

    per_second: float
    p50_s: float
    p99_s: float
    messages: int


def charger_id(number: int) -> str:
    return f"BENCH-{number:05d}"


class LoadedCharger:
    """One connection: boots, starts a transaction, then sends values as fast as they are acknowledged."""

    subprotocol = "ocpp1.6"

    def __init__(self, http: aiohttp.ClientSession, base: str, number: int) -> None:
        self._http = http
        self._url = f"{base}/ocpp/{charger_id(number)}"
        credentials = f"{charger_id(number)}:{PASSWORD}".encode()
        self._headers = {"Authorization": "Basic " + base64.b64encode(credentials).decode()}
        self._at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=20)
        self._wh = 1000
        self._ids = self._count = 0
        self.durations: list[float] = []

    async def prepare(self) -> None:
        """Connect, boot and start a transaction."""
        self._socket = await self._http.ws_connect(
            self._url, protocols=(self.subprotocol,), headers=self._headers, compress=0, max_msg_size=0
        )
        self._template = await self.start()

    async def start(self) -> str:
        """Boot and start a transaction; returns the template of the messages that follow."""
        await self.ask("BootNotification", {"chargePointVendor": "Bench", "chargePointModel": "B1"})
        start = {"connectorId": 1, "idTag": CARD, "meterStart": self._wh, "timestamp": self.time()}
        started = await self.ask("StartTransaction", start)
        assert started["idTagInfo"]["status"] == "Accepted", started
        shape = {"connectorId": 1, "transactionId": started["transactionId"]}
        sampled = [{"value": "@WH@", "unit": "Wh", "context": "Sample.Periodic"}, *EXTRAS]
        shape["meterValue"] = [{"timestamp": "@AT@", "sampledValue": sampled}]
        return json.dumps([2, "@ID@", "MeterValues", shape], separators=(",", ":"))

    async def ask(self, action: str, payload: dict[str, object]) -> dict:
        """Send a request; returns the answer's payload."""
        self._ids += 1
        await self._socket.send_str(json.dumps([2, str(self._ids), action, payload]))
        answer = json.loads(await self._answer())
        assert answer[0] == 3, answer
        return answer[2]

    async def _answer(self) -> str:
        """The answer to what was sent; what the server asks meanwhile is not known here."""
        while True:
            text = await self._socket.receive_str(timeout=60)
            if not text.startswith("[2,"):
                return text
            await self._socket.send_str(json.dumps([4, json.loads(text)[1], "NotSupported", "", {}]))

    def time(self) -> str:
        """The charger's time, as text."""
        return self._at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _frame(self) -> str:
        self._ids += 1
        self._wh += 3
        self._at += timedelta(seconds=1)
        self._count += 1
        frame = self._template.replace("@SEQ@", str(self._count))
        frame = frame.replace("@ID@", str(self._ids)).replace("@WH@", str(self._wh))
        return frame.replace("@AT@", self.time())

    async def load(self, until: float) -> None:
        """Send values one after another until this instant of `time.perf_counter`."""
        while await self.send_value() <= until:
            pass

    async def send_value(self) -> float:
        """Send one value and wait for its answer; returns when that came (`time.perf_counter`)."""
        frame = self._frame()
        began = time.perf_counter()
        await self._socket.send_str(frame)
        answer = await self._answer()
        ended = time.perf_counter()
        assert answer.startswith(f'[3,"{self._ids}",'), answer  # now and then it says what was spent
        self.durations.append(ended - began)
        return ended

    async def leave(self) -> None:
        """Close the connection."""
        await self._socket.close()


async def measure(
    base: str, connections: int, seconds: float, kind: type[LoadedCharger] = LoadedCharger
) -> Result:
    """Load a server that listens at `base` and count what it acknowledged."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        chargers = [kind(http, base, number) for number in range(connections)]
        for charger in chargers:
            await charger.prepare()
        await asyncio.gather(*(charger.load(time.perf_counter() + 1) for charger in chargers))
        for charger in chargers:
            charger.durations.clear()
        began = time.perf_counter()
        await asyncio.gather(*(charger.load(began + seconds) for charger in chargers))
        took = time.perf_counter() - began
        durations = [duration for charger in chargers for duration in charger.durations]
        await asyncio.gather(*(charger.leave() for charger in chargers))
    return result_of(durations, took)


def result_of(durations: list[float], took_s: float) -> Result:
    """What these durations (seconds) within this time amount to."""
    ordered, count = sorted(durations), len(durations)
    return Result(count / took_s, ordered[count // 2], ordered[int(count * 0.99)], count)
