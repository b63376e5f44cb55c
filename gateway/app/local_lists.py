"""Lists of cards that chargers keep, made from partners' tokens (C23).

Only tokens that may be judged locally are on them: whitelist ALWAYS, ALLOWED or ALLOWED_OFFLINE (4.D.6).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.app.asking import Ask, read_keys, whole
from gateway.app.ports import PageQuery, Store, Tx
from gateway.domain.care import StationCare
from gateway.domain.commands import ChangeConfiguration, ConfigurationKey, Outcome
from gateway.domain.ids import ChargerId
from gateway.domain.station_commands import GetLocalListVersion, LocalListEntry, SendLocalList
from gateway.domain.tokens import Token, Whitelist

_LONGEST_CARD = 20
_PAGE = 1000
_SHORTEST_PORTION = 1
_USUAL_PORTION = 50
_MOST_CARDS = 10_000
_LONGEST_ENTRY_BYTES = 256
"""A card with its group and times, as any version writes it."""
_ENABLED, _PORTION, _ROOM = "LocalAuthListEnabled", "SendLocalListMaxLength", "LocalAuthListMaxLength"
_PORTION_BYTES = "SendLocalListMaxBytes"
_ENTRIES = "LocalAuthListCtrlr/Entries"
"""Its value is how many cards there are, its limit how many fit (OCPP 2.x)."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a list; `problem` is empty if all went well."""

    words: str = ""
    problem: str = ""


def cards(tx: Tx) -> list[LocalListEntry]:
    """Cards a charger may judge without us, by number."""
    active = {partner.id for partner in tx.partners.all() if partner.active}
    found: dict[str, LocalListEntry] = {}
    for partner_id in active:
        for token in _tokens(tx, PageQuery(limit=_PAGE, partner_id=partner_id)):
            if _fit(token):
                found.setdefault(token.uid.casefold(), LocalListEntry(token.uid, group_id=token.group))
    return [found[uid] for uid in sorted(found)]


def _tokens(tx: Tx, query: PageQuery) -> Iterator[Token]:
    while True:
        page = tx.tokens.page(query)
        yield from page.items
        query = replace(query, offset=query.offset + _PAGE)
        if query.offset >= page.total:
            return


def _fit(token: Token) -> bool:
    local = token.whitelist is not Whitelist.NEVER and token.valid
    return local and token.type == "RFID" and 0 < len(token.uid) <= _LONGEST_CARD


async def synchronise(store: Store, charger_id: ChargerId, ask: Ask) -> Written:
    """Make a charger's list what it should be: the difference where we know what it has, else all.

    A list that does not fit has the first cards by number, which is a problem to tell people of.
    Raises what `ask` raises, and StoreUnavailable.
    """
    keys = await read_keys(ask, (_ENABLED, _PORTION, _PORTION_BYTES, _ROOM))
    enabled = keys.get(_ENABLED.casefold())
    if enabled is not None and (enabled.value or "").strip().casefold() == "false":
        await ask(ChangeConfiguration(enabled.key, "true"))
    version = await ask(GetLocalListVersion())
    if version.list_version is None or version.list_version < 0:
        return Written(problem="the charger keeps no list of cards")
    reported = await store.read(lambda tx: _reported_room(tx, charger_id))
    room = whole(keys.get(_ROOM.casefold()), reported)
    wanted = await store.read(cards)
    care = await store.read(lambda tx: tx.care.get(charger_id))
    writing = _Writing(store, care, ask, _portion(keys), version.list_version)
    written = await writing.write(wanted[:room])
    if len(wanted) > room and not written.problem:
        return Written(problem=f"{room} of {len(wanted)} cards are on the list: no more fit")
    return written


def _portion(keys: Mapping[str, ConfigurationKey]) -> int:
    """How many cards go into one message."""
    count = whole(keys.get(_PORTION.casefold()), _USUAL_PORTION)
    bytes_ = whole(keys.get(_PORTION_BYTES.casefold()), _USUAL_PORTION * _LONGEST_ENTRY_BYTES)
    return max(min(count, bytes_ // _LONGEST_ENTRY_BYTES), _SHORTEST_PORTION)


def _reported_room(tx: Tx, charger_id: ChargerId) -> int:
    """How many cards fit, as the device model says; one that does not say takes what we have."""
    limits = (v.max_limit for v in tx.variables.of(charger_id) if v.path.casefold() == _ENTRIES.casefold())
    return max(int(next((limit for limit in limits if limit is not None), _MOST_CARDS)), 0)


async def put_on(store: Store, charger_id: ChargerId, entry: LocalListEntry, ask: Ask) -> bool:
    """Put a card on a charger's list; False if it is there already, or the charger does not take it (Q22).

    A list we wrote stays one we know; any other is written anew when it is synchronised.
    """
    version = (await ask(GetLocalListVersion())).list_version
    care = await store.read(lambda tx: tx.care.get(charger_id))
    if version is None or version < 0 or (_agreed(care, version) and _holds(care, entry.card)):
        return False
    return await _change(store, care, version, entry, ask)


async def take_off(store: Store, charger_id: ChargerId, entry: LocalListEntry, ask: Ask) -> None:
    """Take such a card off again; one that a synchronisation took off meanwhile is left alone."""
    version = (await ask(GetLocalListVersion())).list_version
    care = await store.read(lambda tx: tx.care.get(charger_id))
    if version is not None and version > 0 and not (_agreed(care, version) and not _holds(care, entry.card)):
        await _change(store, care, version, replace(entry, verdict=None), ask)


def _agreed(care: StationCare, version: int) -> bool:
    """Whether the charger's list is what we wrote; nobody wrote the one of version 0, which is empty."""
    return version == care.list_version and (version > 0 or not care.listed)


def _holds(care: StationCare, card: str) -> bool:
    return card.casefold() in {listed.casefold() for listed in care.listed}


async def _change(store: Store, care: StationCare, version: int, entry: LocalListEntry, ask: Ask) -> bool:
    answer = await ask(SendLocalList(version + 1, (entry,), full=False))
    if answer.outcome is not Outcome.ACCEPTED:
        return False
    if _agreed(care, version):
        others = tuple(card for card in care.listed if card.casefold() != entry.card.casefold())
        listed = others if entry.verdict is None else (*others, entry.card)

        def work(tx: Tx) -> None:
            tx.care.save(replace(tx.care.get(care.id), list_version=version + 1, listed=listed))

        await store.write(work)
    return True


class _Writing:
    """One synchronisation; what was accepted is remembered portion by portion."""

    def __init__(self, store: Store, care: StationCare, ask: Ask, portion: int, version: int) -> None:
        self._store = store
        self._care = care
        self._ask = ask
        self._portion = portion
        self._version = version

    async def write(self, wanted: list[LocalListEntry]) -> Written:
        if self._version > 0 and _agreed(self._care, self._version):
            changes = _difference(self._care.listed, wanted)
            if not changes:
                return Written(f"{len(wanted)} cards, nothing to change")
            answer = await self._send(changes, wanted, full=False)
            if answer is not Outcome.VERSION_MISMATCH:
                return _told(answer, len(wanted), len(changes))
        return _told(await self._send(wanted, wanted, full=True), len(wanted), len(wanted))

    async def _send(
        self, entries: Sequence[LocalListEntry], wanted: Sequence[LocalListEntry], *, full: bool
    ) -> Outcome:
        starts = range(0, len(entries), self._portion) if entries else range(1)
        for start in starts:
            self._version = max(self._version, 0) + 1
            part = tuple(entries[start : start + self._portion])
            command = SendLocalList(self._version, part, full=full and start == 0)
            outcome = (await self._ask(command)).outcome
            if outcome is not Outcome.ACCEPTED:
                await self._remember(())
                return outcome
        await self._remember(tuple(entry.card for entry in wanted))
        return Outcome.ACCEPTED

    async def _remember(self, listed: tuple[str, ...]) -> None:
        """What the charger has now; version 0 where that is not certain, so that all is sent next time."""
        version = self._version if listed else 0

        def work(tx: Tx) -> None:
            tx.care.save(replace(tx.care.get(self._care.id), list_version=version, listed=listed))

        await self._store.write(work)


def _difference(listed: Sequence[str], wanted: Sequence[LocalListEntry]) -> list[LocalListEntry]:
    before = {card.casefold(): card for card in listed}
    after = {entry.card.casefold() for entry in wanted}
    added = [entry for entry in wanted if entry.card.casefold() not in before]
    removed = [LocalListEntry(card, None) for key, card in before.items() if key not in after]
    return removed + added  # in this order what fits in the end fits all the time


def _told(outcome: Outcome, cards_: int, sent: int) -> Written:
    if outcome is Outcome.ACCEPTED:
        return Written(f"{cards_} cards, {sent} sent")
    return Written(problem=f"the charger answered {outcome}")
