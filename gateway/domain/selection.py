"""Which tariff a session runs under."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.ids import LocationId, PartnerId, Party, TariffId
from gateway.domain.tariffs import Tariff

REGULAR = "REGULAR"
AD_HOC_PAYMENT = "AD_HOC_PAYMENT"


@dataclass(frozen=True, slots=True)
class TariffAssignment:
    """A tariff agreed with a partner, or with one of its parties, everywhere or at one location."""

    tariff_id: TariffId
    partner_id: PartnerId | None = None
    party: Party | None = None
    location_id: LocationId | None = None


def assigned_tariff_ids(
    assignments: Iterable[TariffAssignment],
    *,
    partner_id: PartnerId | None,
    parties: Iterable[Party],
    location_id: LocationId,
) -> tuple[TariffId, ...]:
    """Tariffs agreed with this partner for this place, best first.

    A location goes before everywhere, a party before a whole partner. An assignment that names neither
    partner nor party is for nobody.
    """
    here, known = location_id.casefold(), frozenset(parties)
    fitting = [
        a
        for a in assignments
        if (a.party in known if a.party is not None else a.partner_id is not None)
        and a.partner_id in (None, partner_id)
        and (a.location_id is None or a.location_id.casefold() == here)
    ]
    fitting.sort(key=lambda a: (a.location_id is None, a.party is None))
    return tuple(dict.fromkeys(a.tariff_id for a in fitting))


def applicable_tariff(
    tariffs: Sequence[Tariff],
    at: datetime,
    *,
    preferred: Sequence[TariffId] = (),
    type_: str = REGULAR,
) -> Tariff | None:
    """The tariff for a session of this type starting now, None if none of them may be used (TAR-06, TAR-07).

    `tariffs` are the connector's and the assigned ones, in their order; `preferred` the assigned ids, best
    first. A tariff without a type is valid for every session, a charging profile without its own tariff runs
    under the regular one.
    """
    ranked = {tariff_id: rank for rank, tariff_id in enumerate(preferred)}
    usable = sorted((t for t in tariffs if t.valid_at(at)), key=lambda t: ranked.get(t.id, len(ranked)))
    choices: list[tuple[str | None, ...]] = [(type_, None)]
    if type_ not in (REGULAR, AD_HOC_PAYMENT):
        choices = [(type_,), (REGULAR, None)]
    for rank in range(len(ranked) + 1):
        same = [t for t in usable if ranked.get(t.id, len(ranked)) == rank]
        for choice in choices:
            found = next((t for t in same if t.type in choice), None)
            if found is not None:
                return found
    return None
