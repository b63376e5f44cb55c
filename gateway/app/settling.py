"""What a partner's answer does to a debt and to the partner. Called within units of work."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.app.ports import Tx
from gateway.domain.delivery import (
    CLASS_OF,
    PARTS,
    REFUSALS_BEFORE_PARKING,
    Answer,
    Debt,
    DebtState,
    DeliveryClass,
    Judgement,
    Owed,
    brake,
    judge,
    location_of,
    next_delay,
    probe_delay,
    refused_as_duplicate,
    troubled,
)
from gateway.domain.ids import PartnerId
from gateway.domain.partners import FAILURES_UNTIL_DOWN, Partner, PartnerState, Reach, ReachState

log = logging.getLogger(__name__)

_A_PROXY_GAVE_UP = frozenset({502, 504})


def settle(tx: Tx, sent: Debt, answer: Answer, now: datetime, jitter: float, pace: float = 1.0) -> Judgement:
    """Record the answer to what was sent. Only the revision that was sent is settled by it.

    `jitter` in -1..1 and `pace` shape the schedule, see `next_delay`.
    """
    judgement = _judged(sent, answer)
    _note_reach(tx, sent.partner_id, answer, now, jitter, pace)
    current = tx.debts.get(sent.partner_id, sent.kind, sent.key)
    if current is None:
        return judgement
    tried = replace(
        current,
        last_attempt_at=now,
        request=answer.request,
        answer=describe(answer),
        partner_url=answer.url or current.partner_url,
        holding=_holding(current, judgement, answer),
    )
    match judgement:
        case Judgement.DELIVERED:
            _delivered(tx, tried, sent, now)
        case Judgement.UNAUTHORIZED:
            tx.debts.save(replace(tried, next_attempt_at=now))
            _lock_out(tx, sent.partner_id, describe(answer), now)
        case Judgement.UNKNOWN_THERE if sent.kind in PARTS:
            _send_parent_instead(tx, tried, now)
        case Judgement.REFUSED | Judgement.UNKNOWN_THERE | Judgement.UNSUPPORTED if sent.holding is not None:
            # It was a change of what we took the partner to hold: send the whole (SES-03).
            tx.debts.save(
                replace(tried, attempts=tried.attempts + 1, reason=tried.answer, next_attempt_at=now)
            )
        case Judgement.REFUSED | Judgement.UNKNOWN_THERE | Judgement.UNSUPPORTED:
            _refused(tx, tried, judgement, now, jitter, pace)
        case Judgement.RETRY:
            tx.debts.save(_later(tx, tried, sent, answer, now, jitter, pace))
    return judgement


def _holding(debt: Debt, judgement: Judgement, answer: Answer) -> str | None:
    """What the partner is known to hold now: what it took, or the same as before if nothing reached it."""
    if judgement is Judgement.DELIVERED:
        return answer.holding
    return None if answer.sent else debt.holding


def describe(answer: Answer) -> str:
    """Put an answer into words for a person."""
    if answer.error is not None:
        return answer.error
    if not answer.sent and answer.message:
        return answer.message
    code = f"HTTP {answer.http_status}"
    if answer.ocpi_status is not None:
        code += f", OCPI {answer.ocpi_status}"
    return f"{code}: {answer.message}" if answer.message else code


def _delivered(tx: Tx, tried: Debt, sent: Debt, now: datetime) -> None:
    unchanged = tried.revision == sent.revision
    tx.debts.save(
        replace(
            tried,
            settled=max(tried.settled, sent.revision),
            state=DebtState.SETTLED if unchanged else DebtState.WAITING,
            attempts=0,
            ambiguous=False,
            reason=None,
            next_attempt_at=now if unchanged else tried.next_attempt_at,
        )
    )
    partner = tx.partners.get(sent.partner_id)
    if partner is not None and (partner.last_success_at is None or partner.problem is not None):
        tx.partners.save(replace(partner, last_success_at=now, problem=None))


def _lock_out(tx: Tx, partner_id: PartnerId, why: str, now: datetime) -> None:
    """The partner no longer takes our token: stop everything until a person or the partner renews it."""
    partner = tx.partners.get(partner_id)
    if partner is not None and partner.state is PartnerState.REGISTERED:
        problem = f"refuses our token ({why}): rotate it, or register again"
        log.error("partner %s %s", partner.name, problem, extra={"partner": partner.name})
        tx.partners.save(replace(partner, state=PartnerState.AUTH_FAILED, problem=problem, last_updated=now))


def _send_parent_instead(tx: Tx, tried: Debt, now: datetime) -> None:
    """The partner does not have the location of this part: send all of it (TR-22, LOC-18)."""
    location_id = location_of(tried.kind, tried.key)
    tx.debts.owe(tried.partner_id, Owed.LOCATION, location_id, now, now)
    tx.debts.save(replace(tried, state=DebtState.SETTLED, settled=tried.revision, attempts=0))


def _refused(tx: Tx, tried: Debt, judgement: Judgement, now: datetime, jitter: float, pace: float) -> None:
    """Park what will not be taken as it is; documents are tried a few times more first."""
    refused = replace(tried, attempts=tried.attempts + 1, reason=tried.answer, ambiguous=False)
    persistent = CLASS_OF[tried.kind] is DeliveryClass.MUST_DELIVER and judgement is Judgement.REFUSED
    if persistent and refused.attempts < REFUSALS_BEFORE_PARKING:
        delay = next_delay(
            tried.kind, refused.attempts, now - tried.created_at, jitter, pace, _horizon(tx, tried)
        )
        if delay is not None:
            tx.debts.save(replace(refused, next_attempt_at=now + delay))
            return
    log.warning(
        "%s %s is parked: %s", tried.kind, tried.key, tried.answer, extra={"partner_id": tried.partner_id}
    )
    tx.debts.save(replace(refused, state=DebtState.PARKED))


def _horizon(tx: Tx, debt: Debt) -> timedelta | None:
    """How long a CDR is retried, as agreed with the partner; None for what has no agreement."""
    partner = tx.partners.get(debt.partner_id) if debt.kind is Owed.CDR else None
    return timedelta(days=partner.profile.cdr_days) if partner else None


def _later(
    tx: Tx, tried: Debt, sent: Debt, answer: Answer, now: datetime, jitter: float, pace: float
) -> Debt:
    attempts = tried.attempts + 1
    delay = next_delay(tried.kind, attempts, now - tried.created_at, jitter, pace, _horizon(tx, tried))
    failed = replace(
        tried,
        attempts=attempts,
        reason=tried.answer,
        ambiguous=_in_doubt(sent, answer),
    )
    if delay is None:
        return replace(failed, state=DebtState.PARKED, reason=f"given up: {tried.answer}")
    return replace(failed, next_attempt_at=now + max(delay, brake(answer)))


def _in_doubt(sent: Debt, answer: Answer) -> bool:
    """Whether the partner may have taken it without our hearing of it, now or at an earlier attempt."""
    unheard = answer.error is not None or answer.http_status in _A_PROXY_GAVE_UP
    return sent.ambiguous or (answer.sent and unheard)


def _judged(sent: Debt, answer: Answer) -> Judgement:
    """What the answer means for this debt, its history included."""
    judgement = judge(answer)
    if sent.kind is Owed.CDR and sent.ambiguous and judgement is Judgement.REFUSED:
        return Judgement.DELIVERED if refused_as_duplicate(answer) else judgement
    removed = (answer.request or "").startswith("DELETE ")
    return Judgement.DELIVERED if judgement is Judgement.UNKNOWN_THERE and removed else judgement


def _note_reach(
    tx: Tx, partner_id: PartnerId, answer: Answer, now: datetime, jitter: float, pace: float
) -> None:
    """Keep how the partner answers: after failures in a row it is left alone for a while, then probed.

    The first answer after that makes everything that failed meanwhile due at once.
    """
    partner = tx.partners.get(partner_id)
    if partner is None:
        return
    if troubled(answer):
        tx.partners.save(replace(partner, reach=_worse(partner, answer, now, jitter, pace)))
    elif partner.reach.failures:
        if partner.reach.state is ReachState.DOWN:
            log.warning("partner %s answers again", partner.name, extra={"partner": partner.name})
            tx.debts.hasten(partner_id, now)
        tx.partners.save(replace(partner, reach=Reach()))


def _worse(partner: Partner, answer: Answer, now: datetime, jitter: float, pace: float) -> Reach:
    reach = Reach(partner.reach.failures + 1)
    hold = brake(answer)
    if reach.state is ReachState.DOWN:
        hold = max(hold, probe_delay(reach.failures - FAILURES_UNTIL_DOWN + 1, jitter, pace))
        if partner.reach.state is not ReachState.DOWN:
            said = {"partner": partner.name}
            log.warning("partner %s is down: %s", partner.name, describe(answer), extra=said)
    until = max(now + hold, partner.reach.hold_until or now)
    return replace(reach, hold_until=until if until > now else None)
