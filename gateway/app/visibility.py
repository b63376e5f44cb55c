"""What of ours a partner may see: one rule for what is pushed, listed and shown (LOC-12, T20)."""

from collections.abc import Sequence

from gateway.app.ports import PageQuery, Tx
from gateway.domain.ids import Party, TokenUid
from gateway.domain.partners import Partner
from gateway.domain.sites import Location, PublishToken
from gateway.domain.tariffs import Tariff
from gateway.domain.tokens import Token

_EVERYTHING = 2**31 - 1


class Sight:
    """One partner's view. Its tokens are read only when an unpublished location asks for them, and once."""

    def __init__(self, tx: Tx, partner: Partner) -> None:
        self._tx = tx
        self._partner = partner
        self._hidden = {id_.casefold() for id_ in partner.profile.hidden_locations}
        self._tokens: Sequence[Token] | None = None

    def location(self, location: Location) -> bool:
        """Whether the partner may see a location.

        One with publish=false is seen by those partners of whose tokens one is named in it.
        """
        if not self.party(location.party) or location.id.casefold() in self._hidden:
            return False
        return location.publish or self._match_any(location.publish_allowed_to)

    def tariff(self, tariff: Tariff) -> bool:
        """Whether the partner may see a tariff."""
        return self.party(tariff.party)

    def party(self, party: Party) -> bool:
        """Whether the partner deals with this party of ours."""
        chosen = self._partner.profile.our_parties
        return not chosen or party in chosen

    def _match_any(self, rules: Sequence[PublishToken]) -> bool:
        return any(any(_matches(rule, token) for token in self._candidates(rule)) for rule in rules)

    def _candidates(self, rule: PublishToken) -> Sequence[Token]:
        if rule.uid is not None:
            owned = self._tx.tokens.by_uid(TokenUid(rule.uid))
            return [o.token for o in owned if o.partner_id == self._partner.id]
        if self._tokens is None:
            query = PageQuery(limit=_EVERYTHING, partner_id=self._partner.id)
            self._tokens = self._tx.tokens.page(query).items
        return self._tokens


def _matches(rule: PublishToken, token: Token) -> bool:
    """Every set field must match (LOC-12)."""
    pairs = (
        (rule.uid, token.uid),
        (rule.type, token.type),
        (rule.visual_number, token.visual_number),
        (rule.issuer, token.issuer),
        (rule.group_id, token.group_id),
    )
    given = [(want, has) for want, has in pairs if want is not None]
    return bool(given) and all(has is not None and want.casefold() == has.casefold() for want, has in given)
