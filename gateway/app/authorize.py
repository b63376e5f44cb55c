"""A card at a charger: decide, perhaps ask its issuer, answer in time.

Spec: OCPI 2.2.1 mod_tokens "Real-time authorization"; OCPP notes 4.D; TOK-05 to TOK-10. No transaction is
open while a partner thinks.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.app.commanded import Shown, vouched
from gateway.app.hubs import status_of
from gateway.app.policy import Policy
from gateway.app.ports import Clock, OwnedToken, Partners, Store, Tx
from gateway.domain.authorization import (
    Accept,
    AskPartner,
    AuthMethod,
    Authorization,
    PartnerVerdict,
    Place,
    Refuse,
    Verdict,
    at_this_place,
    decide,
)
from gateway.domain.emaid import issuer_of
from gateway.domain.errors import PartnerUnreachable
from gateway.domain.events import IdToken
from gateway.domain.hubs import ConnectionStatus
from gateway.domain.ids import ChargerId, ConnectorNumber, EvseUid, Party, TokenUid
from gateway.domain.partner_profiles import OnSilence
from gateway.domain.partners import InterfaceRole, Partner, Role
from gateway.domain.tokens import EMAID, SessionToken, session_token

log = logging.getLogger(__name__)

_UNKNOWN_TYPE = "RFID"
"""The type an unknown card is asked for (TOK-01: the default)."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known about a presented card before anyone is asked.

    `everyone`: whom to ask about a card that is not known; `type`: what an unknown card is taken for;
    `evses`: the EVSEs of the charger, with its own number for each.
    """

    place: Place | None
    token: OwnedToken | None
    owner: Partner | None
    everyone: tuple[Partner, ...]
    type: str
    owner_status: ConnectionStatus = ConnectionStatus.CONNECTED
    evses: tuple[tuple[EvseUid, int], ...] = ()


def normal_uid(value: str) -> str:
    """A card number as partners write it: upper case, without colons and spaces (Q24)."""
    return value.replace(":", "").replace(" ", "").upper()


class Authorizing:
    """Answers "may this card charge here?" within one deadline."""

    def __init__(self, store: Store, partners: Partners, clock: Clock, policy: Policy) -> None:
        self._store = store
        self._partners = partners
        self._clock = clock
        self._policy = policy

    async def by_card(
        self, charger_id: ChargerId, id_token: IdToken, number: ConnectorNumber | None
    ) -> Authorization:
        """Decide about a card, remember the decision and why."""
        now = self._clock.now()
        known = await self._store.read(lambda tx: _look_up(tx, charger_id, id_token, number, now))
        decision = known if isinstance(known, Authorization) else await self._asked(known, id_token)
        at = self._clock.now()
        if decision.method is AuthMethod.AUTH_REQUEST and decision.accepted:
            decision = replace(decision, expires_at=at + self._policy.authorization_memory)
        await self._store.write(lambda tx: tx.authorizations.add(charger_id, id_token.value, at, decision))
        return decision

    async def _asked(self, known: _Known, id_token: IdToken) -> Authorization:
        try:
            async with asyncio.timeout(self._policy.authorize_deadline.total_seconds()):
                return await self._decide(known, id_token)
        except TimeoutError:
            return _unreachable(known, "no answer within the deadline")

    async def _decide(self, known: _Known, id_token: IdToken) -> Authorization:
        if known.token is None or known.owner is None:
            return await self._ask_everyone(known, id_token)
        match decide(known.token.token):
            case Accept():
                return _local(known.token, Verdict.ALLOWED, "whitelisted token")
            case Refuse(verdict):
                return _local(known.token, verdict, "the issuer marked the token as not valid")
            case AskPartner():
                return await self._ask_owner(known.owner, known)

    async def _ask_owner(self, owner: Partner, known: _Known) -> Authorization:
        token = known.token
        assert token is not None  # noqa: S101 - only called for a known token
        if known.owner_status is not ConnectionStatus.CONNECTED:
            return _unreachable(known, f"the hub reports {token.token.party} as {known.owner_status}")
        try:
            answer = await self._ask(owner, token.token.uid, token.token.type, known.place, token.token.party)
        except PartnerUnreachable as error:
            return _unreachable(known, str(error))
        return _answered(owner, answer, known, session_token(token.token))

    async def _ask_everyone(self, known: _Known, id_token: IdToken) -> Authorization:
        """Ask all connected eMSPs side by side; the first ALLOWED wins (TOK-10)."""
        refusal = Authorization(Verdict.UNKNOWN, "no partner knows this card")
        if not known.everyone:
            return replace(refusal, reason="unknown card, and no partner can be asked")
        uid = normal_uid(id_token.value)
        tasks = [asyncio.create_task(self._ask_one(p, uid, known)) for p in known.everyone]
        try:
            for finished in asyncio.as_completed(tasks):
                partner, answer = await finished
                if answer is None:
                    continue
                authorization = _answered(partner, answer, known, _stranger(partner, uid, known.type))
                if authorization.accepted:
                    return authorization
                if authorization.verdict is not Verdict.UNKNOWN:
                    refusal = authorization
            return refusal
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask_one(
        self, partner: Partner, uid: str, known: _Known
    ) -> tuple[Partner, PartnerVerdict | None]:
        try:
            return partner, await self._ask(partner, uid, known.type, known.place)
        except PartnerUnreachable as error:
            log.info("%s could not be asked about an unknown card: %s", partner.name, error)
            return partner, None

    async def _ask(
        self, partner: Partner, uid: str, type_: str, place: Place | None, token_of: Party | None = None
    ) -> PartnerVerdict:
        patience = min(
            timedelta(seconds=float(partner.profile.authorize_timeout_s)), self._policy.authorize_deadline
        )
        return await self._partners.authorize(partner, uid, type_, place, patience, token_of)


def _look_up(
    tx: Tx, charger_id: ChargerId, id_token: IdToken, number: ConnectorNumber | None, now: datetime
) -> Authorization | _Known:
    """What is known of a card, or the decision: a driver whom a command named is not asked about (CMD-06)."""
    commanded = vouched(tx, charger_id, Shown(id_token.value, now, number))
    if commanded is not None:
        return commanded
    token = _pick(_candidates(tx, id_token))
    owner = tx.partners.get(token.partner_id) if token else None
    known = token is not None and owner is not None
    return _Known(
        place=_place(tx, charger_id, number),
        token=token,
        owner=owner,
        owner_status=status_of(tx, owner, token.token.party)
        if owner and token
        else ConnectionStatus.CONNECTED,
        everyone=() if known else _whom_to_ask(tx, id_token),
        type=EMAID if _is_contract(id_token) else _UNKNOWN_TYPE,
        evses=_evses(tx, charger_id),
    )


def _evses(tx: Tx, charger_id: ChargerId) -> tuple[tuple[EvseUid, int], ...]:
    charger = tx.chargers.get(charger_id)
    return tuple((plug.evse_uid, plug.number.evse) for plug in charger.plugs) if charger else ()


def _is_contract(id_token: IdToken) -> bool:
    return id_token.type.casefold() == EMAID.casefold()


def _whom_to_ask(tx: Tx, id_token: IdToken) -> tuple[Partner, ...]:
    """Every partner that can be asked; about a contract only the one that issued it (TOK-10, TOK-12)."""
    asked = tuple(
        partner
        for partner in tx.partners.all()
        if partner.active and partner.endpoint("tokens", InterfaceRole.SENDER)
    )
    issuer = issuer_of(id_token.value) if _is_contract(id_token) else None
    return asked if issuer is None else tuple(p for p in asked if p.hub or p.speaks_for(issuer))


def _candidates(tx: Tx, id_token: IdToken) -> Sequence[OwnedToken]:
    """Tokens of this number; contracts are written with hyphens and without."""
    value = id_token.value
    found = tx.tokens.by_uid(TokenUid(value)) or tx.tokens.by_uid(TokenUid(normal_uid(value)))
    if found or not _is_contract(id_token):
        return found
    return tx.tokens.by_uid(TokenUid(normal_uid(value).replace("-", "")))


def _pick(found: Sequence[OwnedToken]) -> OwnedToken | None:
    """Choose the token a card means; two owners of one uid are ambiguous unless only one is RFID (M10)."""
    if len(found) > 1:
        found = [owned for owned in found if owned.token.type == _UNKNOWN_TYPE]
    return found[0] if len(found) == 1 else None


def _place(tx: Tx, charger_id: ChargerId, number: ConnectorNumber | None) -> Place | None:
    """Name the EVSEs the driver may stand at: one if the plug is known, else all of the charger."""
    charger = tx.chargers.get(charger_id)
    if charger is None or not charger.plugs:
        return None
    plug = charger.plug(number) if number else None
    plugs = (plug,) if plug else charger.plugs
    location = tx.locations.by_evse(plugs[0].evse_uid)
    if location is None:
        return None
    return Place(location.id, tuple(dict.fromkeys(p.evse_uid for p in plugs)), location.party)


def _local(owned: OwnedToken, verdict: Verdict, reason: str) -> Authorization:
    return Authorization(
        verdict,
        reason,
        AuthMethod.WHITELIST,
        session_token(owned.token),
        owned.partner_id,
        group_id=owned.token.group,
        language=owned.token.language,
    )


def _unreachable(known: _Known, why: str) -> Authorization:
    """Answer for a partner that cannot be reached, as the whitelist says (TOK-05)."""
    if known.token is None:
        return Authorization(Verdict.UNKNOWN, f"unknown card; {why}")
    agreed = known.owner.profile.on_silence if known.owner else OnSilence.WHITELIST
    if agreed is not OnSilence.WHITELIST:
        verdict = Verdict.ALLOWED if agreed is OnSilence.ALLOW else Verdict.NOT_ALLOWED
        return _local(
            known.token, verdict, f"the issuer could not be reached ({why}); agreed for that: {agreed}"
        )
    decision = decide(known.token.token)
    fallback = decision.unreachable if isinstance(decision, AskPartner) else decision
    verdict = fallback.verdict if isinstance(fallback, Refuse) else Verdict.ALLOWED
    return _local(known.token, verdict, f"the issuer could not be reached: {why}")


def _answered(
    partner: Partner, answer: PartnerVerdict, known: _Known, default: SessionToken
) -> Authorization:
    token, group = default, None
    # A hub answers for parties behind it, also for those it has not announced.
    if answer.token is not None and (partner.hub or partner.speaks_for(answer.token.party)):
        token, group = session_token(answer.token), answer.token.group
    verdict = at_this_place(answer, known.place)
    return Authorization(
        verdict,
        f"{partner.name} answered {answer.verdict}" + ("" if verdict is answer.verdict else ", but not here"),
        AuthMethod.AUTH_REQUEST,
        token,
        partner.id,
        reference=answer.reference,
        group_id=group,
        language=answer.language,
        message=answer.message,
        only_at=_only_at(answer, known.evses) if verdict is Verdict.ALLOWED else (),
    )


def _only_at(answer: PartnerVerdict, evses: Sequence[tuple[EvseUid, int]]) -> tuple[int, ...]:
    """The EVSEs of the charger that a partner allowed; empty if these are all of them (TOK-08)."""
    if answer.allowed_evse_uids is None:
        return ()
    allowed = {uid.casefold() for uid in answer.allowed_evse_uids}
    found = {number for uid, number in evses if uid.casefold() in allowed}
    return () if found == {number for _, number in evses} else tuple(sorted(found))


def _stranger(partner: Partner, uid: str, type_: str) -> SessionToken:
    """A token for a card whose issuer allows it without describing it (2.1.1)."""
    parties = partner.parties(Role.EMSP) or tuple(role.party for role in partner.roles)
    issuer = issuer_of(uid) if type_ == EMAID else None
    return SessionToken(issuer or parties[0], TokenUid(uid), type_, uid)
