"""The simulated partner's tokens Sender: the list of its cards, and real-time authorization."""

from datetime import UTC, datetime

from aiohttp import web

from gateway.sim.cards import Card, authorization_info, token_object
from gateway.sim.editions import USUAL, Edition
from gateway.sim.ledger import AuthorizationAsked, Ledger
from gateway.sim.ocpi_wire import (
    INVALID,
    UNKNOWN_TOKEN,
    JsonObject,
    Refused,
    envelope,
    read_json,
    require_object,
)

_LARGEST_PAGE = 50


class TokenSender:
    """Serves cards page by page (PAG-01 to PAG-07) and says who may charge (TOK-06 to TOK-08).

    `wants_location` answers 2002 to a request that does not say where the driver stands.
    """

    def __init__(self, ledger: Ledger, country_code: str, party_id: str, edition: Edition = USUAL) -> None:
        self.edition = edition
        self.cards: dict[str, Card] = {}
        self.wants_location = False
        self._ledger = ledger
        self._country_code = country_code
        self._party_id = party_id

    def issue(self, card: Card) -> Card:
        """Give a card to a driver, or replace the one with this uid."""
        self.cards[card.uid.casefold()] = card
        return card

    def token(self, card: Card) -> JsonObject:
        """The card as an OCPI token."""
        return token_object(card, self._country_code, self._party_id, self.edition)

    def routes(self, base: str) -> list[web.RouteDef]:
        """Routes below `base`."""
        return [
            web.get(f"{base}/tokens", self._list),
            web.get(f"{base}/tokens/", self._list),
            web.post(f"{base}/tokens/{{uid}}/authorize", self._authorize),
            web.post(f"{base}/tokens/{{uid}}/authorize/", self._authorize),
        ]

    async def _list(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        offset = _count(query.get("offset", "0"))
        limit = min(_count(query.get("limit", str(_LARGEST_PAGE))), _LARGEST_PAGE)
        cards = [c for c in self.cards.values() if _between(c, query.get("date_from"), query.get("date_to"))]
        answer = envelope([self.token(c) for c in cards[offset : offset + limit]])
        answer.headers["X-Total-Count"] = str(len(cards))
        answer.headers["X-Limit"] = str(_LARGEST_PAGE)
        if offset + limit < len(cards):
            following = request.url.update_query({"offset": str(offset + limit), "limit": str(limit)})
            answer.headers["Link"] = f'<{following}>; rel="next"'
        return answer

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        uid, type_ = request.match_info["uid"], request.query.get("type", "RFID")
        raw = await request.read()
        place = require_object(read_json(raw)) if raw else None
        card = self.cards.get(uid.casefold())
        if card is None or card.type != type_:
            self._book(uid, type_, place, "UNKNOWN", None)
            unknown = INVALID if self.edition.platform else UNKNOWN_TOKEN
            raise Refused("this card is not ours", status=unknown, http=404)
        if place is None and self.wants_location:
            raise Refused("where is the driver?", status=2002)
        info = authorization_info(card, self.token(card), place, self.edition)
        self._book(uid, type_, place, card.verdict, info.get("authorization_reference"))
        return envelope(info)

    def _book(
        self, uid: str, type_: str, place: JsonObject | None, verdict: str, reference: str | None
    ) -> None:
        location = None if place is None else place.get("location_id")
        evses = tuple((place or {}).get("evse_uids") or ())
        self._ledger.authorizations.append(
            AuthorizationAsked(uid, type_, location, evses, verdict, reference)
        )


def _between(card: Card, date_from: str | None, date_to: str | None) -> bool:
    at = _moment(card.last_updated)
    return (date_from is None or at >= _moment(date_from)) and (date_to is None or at < _moment(date_to))


def _count(text: str) -> int:
    if not text.isdigit():
        raise Refused(f"{text!r} is not a number")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as unreadable:
        raise Refused(f"{text!r} is not a DateTime") from unreadable
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
