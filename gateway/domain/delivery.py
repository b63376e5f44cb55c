"""What we owe partners, what their answers mean, and when to try again. `reliability` rules as tables.

A debt names an object, not bytes: the body is rendered when it is sent, so many changes become one request.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.ids import PartnerId


class Owed(StrEnum):
    """Kinds of things owed to partners, most urgent first, then parents before children."""

    COMMAND_RESULT = "COMMAND_RESULT"
    LOCATION = "LOCATION"
    EVSE = "EVSE"
    CONNECTOR = "CONNECTOR"
    TARIFF = "TARIFF"
    SESSION = "SESSION"
    CDR = "CDR"
    ACTIVE_PROFILE = "ACTIVE_PROFILE"
    PULL_CLIENTS = "PULL_CLIENTS"
    PULL_TOKENS = "PULL_TOKENS"


class DeliveryClass(StrEnum):
    """How long and how a debt is pursued."""

    CURRENT_STATE = "CURRENT_STATE"
    MUST_DELIVER = "MUST_DELIVER"
    PERISHABLE = "PERISHABLE"


CLASS_OF: dict[Owed, DeliveryClass] = {
    Owed.LOCATION: DeliveryClass.CURRENT_STATE,
    Owed.EVSE: DeliveryClass.CURRENT_STATE,
    Owed.CONNECTOR: DeliveryClass.CURRENT_STATE,
    Owed.TARIFF: DeliveryClass.CURRENT_STATE,
    Owed.SESSION: DeliveryClass.CURRENT_STATE,
    Owed.CDR: DeliveryClass.MUST_DELIVER,
    Owed.ACTIVE_PROFILE: DeliveryClass.CURRENT_STATE,
    Owed.COMMAND_RESULT: DeliveryClass.PERISHABLE,
    Owed.PULL_TOKENS: DeliveryClass.CURRENT_STATE,
    Owed.PULL_CLIENTS: DeliveryClass.CURRENT_STATE,
}


WITHDRAWN = "WITHDRAWN"
"""`Debt.holding` of a location that its partner was told to show to nobody (LOC-12)."""

PARTS = frozenset({Owed.EVSE, Owed.CONNECTOR})
"""Parts of a location that are sent alone."""


def location_of(kind: Owed, key: str) -> str:
    """The location in the key of one of its parts."""
    return key.rsplit("/", 2 if kind is Owed.CONNECTOR else 1)[0]


class DebtState(StrEnum):
    """WAITING until settled; PARKED needs a person; SETTLED and DROPPED are ends."""

    WAITING = "WAITING"
    PARKED = "PARKED"
    SETTLED = "SETTLED"
    DROPPED = "DROPPED"


@dataclass(frozen=True, slots=True)
class Debt:
    """One object owed to one partner.

    `revision` grows with every change of the object, `settled` is the last revision the partner acknowledged,
    `ambiguous` says that the last attempt may have arrived although no answer did; `holding` what the partner
    is known to hold, None after any doubt (SES-03). `fingerprint`: of a CDR as it was last sent (I4).
    """

    partner_id: PartnerId
    kind: Owed
    key: str
    revision: int
    created_at: datetime
    next_attempt_at: datetime
    state: DebtState = DebtState.WAITING
    settled: int = 0
    attempts: int = 0
    ambiguous: bool = False
    reason: str | None = None
    request: str | None = None
    answer: str | None = None
    last_attempt_at: datetime | None = None
    partner_url: str | None = None
    holding: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many debts of a kind wait or are parked at a partner, and since when the oldest of them."""

    partner_id: PartnerId
    kind: Owed
    state: DebtState
    count: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a partner. `error` is set when no usable HTTP answer came.

    `sent` tells whether the request may have reached the partner; `url` is a Location header to keep;
    `holding` is what the partner holds if it took what was sent.
    """

    http_status: int | None = None
    ocpi_status: int | None = None
    message: str = ""
    error: str | None = None
    sent: bool = True
    retry_after_s: int | None = None
    url: str | None = None
    request: str | None = None
    body: str | None = None
    holding: str | None = None


class Judgement(StrEnum):
    """What an answer means for the debt."""

    DELIVERED = "DELIVERED"
    RETRY = "RETRY"
    REFUSED = "REFUSED"
    UNAUTHORIZED = "UNAUTHORIZED"
    UNKNOWN_THERE = "UNKNOWN_THERE"
    UNSUPPORTED = "UNSUPPORTED"


_RETRY_HTTP = frozenset({408, 425, 429})


def judge(answer: Answer) -> Judgement:
    """Classify a partner's answer by the delivery model's table (reliability 4.3)."""
    if answer.error is not None or answer.http_status is None or _from_hub(answer):
        return Judgement.RETRY
    status = answer.http_status
    if 200 <= status < 300:
        return _judge_envelope(answer.ocpi_status)
    if status in (401, 403):
        return Judgement.UNAUTHORIZED
    if status == 404:
        return Judgement.UNKNOWN_THERE
    if status in (405, 501):
        return Judgement.UNSUPPORTED
    if status in _RETRY_HTTP or status >= 500 or 300 <= status < 400:
        return Judgement.RETRY
    return Judgement.REFUSED


def _from_hub(answer: Answer) -> bool:
    """A hub says 4xxx when it could not hand the message on: nobody refused it (HUB-06, F14)."""
    return 4000 <= (answer.ocpi_status or 0) < 5000 and answer.http_status not in (401, 403)


def _judge_envelope(ocpi_status: int | None) -> Judgement:
    if ocpi_status is None:
        return Judgement.RETRY
    if 1000 <= ocpi_status < 2000:
        return Judgement.DELIVERED
    return Judgement.REFUSED if 2000 <= ocpi_status < 3000 else Judgement.RETRY


def troubled(answer: Answer) -> bool:
    """Whether an answer tells of the partner's platform being unwell, and not of the object that was sent."""
    if answer.error is not None or answer.http_status is None:
        return True
    return answer.http_status in _RETRY_HTTP or (answer.http_status >= 500 and answer.http_status != 501)


_TELLS_DUPLICATE = ("already", "duplicate", "exists")


def refused_as_duplicate(answer: Answer) -> bool:
    """Whether a refusal says that the partner has this object. OCPI has no status code for it."""
    words = answer.message.lower()
    return answer.http_status == 409 or any(word in words for word in _TELLS_DUPLICATE)


_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_FIRST_DELAYS = (timedelta(seconds=30), _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR)
HORIZON: dict[DeliveryClass, timedelta] = {
    DeliveryClass.CURRENT_STATE: timedelta(days=90),
    DeliveryClass.MUST_DELIVER: timedelta(days=90),
    DeliveryClass.PERISHABLE: timedelta(seconds=30),
}
REFUSALS_BEFORE_PARKING = 3
TOO_MANY_REQUESTS = 429
_SHORTEST_BRAKE = timedelta(seconds=2)
_PROBES = (timedelta(seconds=30), _MINUTE, 2 * _MINUTE, 5 * _MINUTE)


def next_delay(
    kind: Owed,
    attempts: int,
    age: timedelta,
    jitter: float,
    pace: float = 1.0,
    horizon: timedelta | None = None,
) -> timedelta | None:
    """How long to wait after the given number of failed attempts; None when the horizon has passed.

    30 s, 1, 2, 5, 15 min, 1 h, then hourly to 24 h, then every 6 h; ± 20 % by `jitter` in -1..1; all of it
    times `pace`. A perishable debt is retried each second until its horizon. `horizon`: one agreed with the
    partner.
    """
    delivery_class = CLASS_OF[kind]
    if age >= (horizon or HORIZON[delivery_class]):
        return None
    if delivery_class is DeliveryClass.PERISHABLE:
        return timedelta(seconds=1)
    if attempts <= len(_FIRST_DELAYS):
        base = _FIRST_DELAYS[max(attempts - 1, 0)]
    else:
        base = _HOUR if age < timedelta(hours=24) else 6 * _HOUR
    return base * (1 + 0.2 * jitter) * pace


def brake(answer: Answer) -> timedelta:
    """The least a partner asks us to wait: its Retry-After; 2 s after "too many requests" (F6)."""
    wanted = timedelta(seconds=answer.retry_after_s or 0)
    return max(wanted, _SHORTEST_BRAKE) if answer.http_status == TOO_MANY_REQUESTS else wanted


def probe_delay(failures: int, jitter: float, pace: float = 1.0) -> timedelta:
    """How long to leave a partner alone that failed so often in a row: 30 s, 1, 2, then every 5 minutes."""
    return _PROBES[min(max(failures, 1), len(_PROBES)) - 1] * (1 + 0.2 * jitter) * pace
