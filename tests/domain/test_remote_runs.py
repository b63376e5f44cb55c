# ruff: noqa: E501 - a table is read along its lines
"""What chargers' answers to partners' commands mean, and by which names chargers know drivers."""

from datetime import timedelta
from decimal import Decimal

import pytest

from gateway.domain.commands import CommandAnswer, Outcome, RemoteStart
from gateway.domain.errors import ChargerOffline, ChargerRefused, ChargerSilent, GatewayError, InvalidInput
from gateway.domain.events import IdToken
from gateway.domain.ids import PartnerId, RunId, TokenUid
from gateway.domain.profiles import ChargingProfile, ProfilePeriod, RateUnit, for_charger, limited_by
from gateway.domain.remote_runs import (
    PlugView,
    Result,
    Run,
    RunKind,
    command_of,
    result_of,
    result_of_failure,
    tag_for,
)
from gateway.domain.tokens import SessionToken
from tests.builders import CHARGER, CPO, EMSP, NOON, PLUG

FREE, BUSY, BROKEN = PlugView(), PlugView(occupied=True), PlugView(occupied=True, inoperative=True)
START, STOP, RESERVE = RunKind.START_SESSION, RunKind.STOP_SESSION, RunKind.RESERVE_NOW
CANCEL, UNLOCK, SET = RunKind.CANCEL_RESERVATION, RunKind.UNLOCK_CONNECTOR, RunKind.SET_PROFILE


@pytest.mark.parametrize(
    ("kind", "outcome", "plug", "result"),
    [
        (START, Outcome.ACCEPTED, BUSY, Result.ACCEPTED),
        (START, Outcome.REJECTED, FREE, Result.REJECTED),
        (START, Outcome.REJECTED, BUSY, Result.EVSE_OCCUPIED),
        (START, Outcome.REJECTED, BROKEN, Result.EVSE_INOPERATIVE),
        (START, Outcome.NOT_SUPPORTED, FREE, Result.NOT_SUPPORTED),
        (STOP, Outcome.REJECTED, BUSY, Result.REJECTED),
        (RESERVE, Outcome.OCCUPIED, FREE, Result.EVSE_OCCUPIED),
        (RESERVE, Outcome.FAULTED, FREE, Result.EVSE_INOPERATIVE),
        (RESERVE, Outcome.UNAVAILABLE, FREE, Result.EVSE_INOPERATIVE),
        (RESERVE, Outcome.REJECTED, FREE, Result.REJECTED),
        (CANCEL, Outcome.ACCEPTED, FREE, Result.ACCEPTED),
        (CANCEL, Outcome.REJECTED, FREE, Result.UNKNOWN_RESERVATION),
        (UNLOCK, Outcome.FAILED, FREE, Result.FAILED),
        (UNLOCK, Outcome.TRANSACTION_ONGOING, FREE, Result.EVSE_OCCUPIED),
        (UNLOCK, Outcome.UNKNOWN_CONNECTOR, FREE, Result.REJECTED),
        (UNLOCK, Outcome.UNKNOWN, FREE, Result.REJECTED),
        (SET, Outcome.ACCEPTED, BUSY, Result.ACCEPTED),
        (SET, Outcome.REJECTED, BUSY, Result.REJECTED),
        (SET, Outcome.NOT_SUPPORTED, BUSY, Result.REJECTED),
        (RunKind.CLEAR_PROFILE, Outcome.UNKNOWN, BUSY, Result.UNKNOWN),
    ],
)
def test_answers(kind: RunKind, outcome: Outcome, plug: PlugView, result: Result) -> None:
    """M24 to M28, M60, M61, CMD-03, CP-02."""
    assert result_of(kind, CommandAnswer(outcome), plug) is result


@pytest.mark.parametrize(
    ("kind", "error", "result"),
    [
        (START, ChargerSilent(), Result.TIMEOUT),
        (START, ChargerOffline(), Result.TIMEOUT),
        (START, ChargerRefused(code="NotImplemented"), Result.NOT_SUPPORTED),
        (START, ChargerRefused(code="NotSupported"), Result.NOT_SUPPORTED),
        (START, ChargerRefused(code="InternalError"), Result.FAILED),
        (START, InvalidInput(), Result.REJECTED),
        (SET, ChargerSilent(), Result.REJECTED),
    ],
)
def test_no_answer(kind: RunKind, error: GatewayError, result: Result) -> None:
    """M24: silence is TIMEOUT; profiles have no word for it (CP-02)."""
    assert result_of_failure(kind, error) is result


@pytest.mark.parametrize(
    ("uid", "kind", "real"),
    [
        ("04A1B2C3", "RFID", True),
        ("A" * 20, "RFID", True),
        ("A" * 21, "RFID", False),
        ("04A1B2C3", "APP_USER", False),
    ],
)
def test_names_of_drivers(uid: str, kind: str, real: bool) -> None:
    """M21: a name of ours where the uid does not fit or is no card: 16 of A-Z and 2-7, another each time."""
    token = SessionToken(EMSP, TokenUid(uid), kind, "C1")
    tags = {tag_for(token, PartnerId("p"), RunId(run)) for run in ("1", "2")}
    assert (tags == {uid}) is real
    if not real:
        assert len(tags) == 2
        assert all(len(tag) == 16 and tag.isalnum() and tag.isupper() for tag in tags)


def test_the_command_carries_our_name_and_number() -> None:
    """CMD-11, M22."""
    token = SessionToken(EMSP, TokenUid("app"), "APP_USER", "C1")
    run = Run(RunId("r"), START, PartnerId("p"), CPO, "u", CHARGER, PLUG, 7, NOON, NOON + timedelta(seconds=30), id_tag="GX", token=token)  # fmt: skip
    assert command_of(run) == RemoteStart(IdToken("GX", "Central"), PLUG, 7)


def test_profiles_for_chargers() -> None:
    """M60: in order, from 0, one decimal, rounded down."""
    given = ChargingProfile(
        RateUnit.AMPERE,
        (ProfilePeriod(90, Decimal("6.19")), ProfilePeriod(30, Decimal(10))),
        min_rate=Decimal("6.05"),
    )
    made = for_charger(given, Decimal(16))
    assert made.periods == (
        ProfilePeriod(0, Decimal(16)),
        ProfilePeriod(30, Decimal(10)),
        ProfilePeriod(90, Decimal("6.1")),
    )
    assert made.min_rate == Decimal("6.0")


def test_limits_that_mean_none() -> None:
    """M62, Q39: -1 and more than the plug can do are the plug's maximum."""
    shown = limited_by(
        ChargingProfile(RateUnit.AMPERE, (ProfilePeriod(0, Decimal(-1)), ProfilePeriod(9, Decimal(99)))),
        Decimal(16),
    )
    assert [period.limit for period in shown.periods] == [Decimal(16), Decimal(16)]
