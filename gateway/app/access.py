"""Who may connect as which charger: decided before the WebSocket upgrade.

Spec: OCPP 1.6J "Authentication" and the security white paper's profiles; B01 to B06, T1, T5, T7 of the notes.
"""

import hmac
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.app.charger_keys import counting, used
from gateway.app.ports import Clock, Secrets, Store, Tx
from gateway.domain.care import StationCare
from gateway.domain.chargers import Charger, Knock
from gateway.domain.ids import ChargerId
from gateway.domain.keys import is_hex

_KNOCK_PAUSE = timedelta(seconds=10)
_REMEMBERED_KNOCKS = 1000
_PROFILE_TLS = 2
_PROFILE_CERTIFICATE = 3


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a connecting charger shows. `password` is bytes: keys need not be text (B03)."""

    charger_id: ChargerId
    username: str | None
    password: bytes | None
    certificate_subject: str | None
    tls: bool
    loopback: bool
    remote: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """The charger may connect."""

    charger: Charger


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """The charger may not connect; the reason is for people, not for the wire."""

    http_status: int
    reason: str


class Access:
    """Admits chargers of the network file and remembers who else knocked."""

    def __init__(self, store: Store, secrets: Secrets, clock: Clock, *, allow_plain: bool = False) -> None:
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._allow_plain = allow_plain
        self._recent_knocks: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    async def admit(self, attempt: Attempt) -> Admitted | TurnedAway:
        """Decide about one attempt. An unknown id costs the same work as a wrong key."""
        charger, care = await self._store.read(lambda tx: _known(tx, attempt.charger_id))
        key = self._matching_key(charger, care, attempt)
        refusal = self._refusal(charger, attempt, care, key_matches=key is not None)
        if refusal is None and charger is not None:
            await self._note_coming(charger, care, attempt, key)
            return Admitted(charger)
        refusal = refusal or TurnedAway(404, "unknown charger")
        await self._note(attempt, refusal.reason)
        return refusal

    async def still_admits(self, admitted: Charger) -> bool:
        """Whether what a charger was admitted by still holds. Raises StoreUnavailable."""
        current = await self._store.read(lambda tx: tx.chargers.get(admitted.id))
        return current is not None and _credentials(current) == _credentials(admitted)

    async def _note_coming(
        self, charger: Charger, care: StationCare, attempt: Attempt, key: str | None
    ) -> None:
        """Remember the best protection a charger ever came with, which never falls silently (B09, T7).

        Remembers, too, that it uses the key it was offered (B04).
        """
        profile = _profile(charger, attempt)

        def noted(known: StationCare) -> StationCare:
            known = replace(known, least_profile=max(profile, known.least_profile))
            return known if key is None else used(known, charger, key)

        if noted(care) != care:
            await self._store.write(lambda tx: tx.care.save(noted(tx.care.get(charger.id))))

    def _matching_key(self, charger: Charger | None, care: StationCare, attempt: Attempt) -> str | None:
        """The hash of the key that was presented, if it opens the door to this charger."""
        presented = attempt.password or b""
        candidates = {presented, presented.lower()} if is_hex(presented) else {presented}
        known = counting(charger, care) if charger else ("0" * 64,)
        found = None
        for candidate in candidates:
            fingerprint = self._secrets.fingerprint(candidate)
            for hash_ in known:
                if hmac.compare_digest(fingerprint, hash_):
                    found = hash_
        return found if charger is not None else None

    def _refusal(
        self, charger: Charger | None, attempt: Attempt, care: StationCare, *, key_matches: bool
    ) -> TurnedAway | None:
        if charger is None:
            return TurnedAway(404, "unknown charger")
        if not attempt.tls and not attempt.loopback and not self._allow_plain:
            return TurnedAway(403, "ws:// is closed: use wss://, or set GATEWAY_ALLOW_PLAIN_CHARGERS")
        profile = care.held_to(charger.security_profile)
        if profile >= _PROFILE_TLS and not attempt.tls:
            return TurnedAway(403, f"this charger's security profile {profile} needs wss://")
        if charger.certificate_subject is not None or profile >= _PROFILE_CERTIFICATE:
            return _certificate_refusal(charger, attempt)
        if not charger.password_hashes:
            return None if attempt.loopback else TurnedAway(401, "no password is configured for this charger")
        if attempt.username is None:
            return TurnedAway(401, "no credentials")
        if attempt.username != attempt.charger_id:
            return TurnedAway(401, "user name and charger id differ")
        return None if key_matches else TurnedAway(401, "wrong password")

    async def _note(self, attempt: Attempt, reason: str) -> None:
        """Write the attempt down, at most every ten seconds for the same id and reason."""
        now = self._clock.now()
        key = (attempt.charger_id, reason)
        last = self._recent_knocks.get(key)
        if last is not None and now - last < _KNOCK_PAUSE:
            return
        self._recent_knocks[key] = now
        self._recent_knocks.move_to_end(key)
        if len(self._recent_knocks) > _REMEMBERED_KNOCKS:
            self._recent_knocks.popitem(last=False)
        knock = Knock(attempt.charger_id, reason, attempt.remote, now, now)
        await self._store.write(lambda tx: tx.chargers.note_knock(knock))


def _known(tx: Tx, charger_id: ChargerId) -> tuple[Charger | None, StationCare]:
    charger = tx.chargers.get(charger_id)
    return charger, tx.care.get(charger_id) if charger else StationCare(charger_id)


def _credentials(charger: Charger) -> tuple[object, ...]:
    keys = (charger.password_hashes, charger.certificate_subject)
    return (*keys, charger.security_profile, charger.protocol, charger.ping_interval_s)


def _profile(charger: Charger, attempt: Attempt) -> int:
    """The security profile a charger connects with. Spec: security white paper, A00.

    A certificate that names something else, such as its maker's, is none that could be asked for next time.
    """
    if _certificate_refusal(charger, attempt) is None:
        return _PROFILE_CERTIFICATE
    if attempt.tls:
        return _PROFILE_TLS
    return 1 if attempt.username is not None else 0


def _certificate_refusal(charger: Charger, attempt: Attempt) -> TurnedAway | None:
    if attempt.certificate_subject is None:
        return TurnedAway(401, "no client certificate")
    wanted = charger.certificate_subject
    fits = attempt.certificate_subject == wanted
    if wanted is None:
        fits = f"CN={charger.id}" in attempt.certificate_subject.split(",")
    if not fits:
        return TurnedAway(401, "the client certificate belongs to another charger")
    return None
