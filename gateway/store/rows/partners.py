from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, select

from gateway.app.ports import OwnedToken, Page, PageQuery
from gateway.domain.ids import PartnerId, Party, TokenUid
from gateway.domain.partners import AccessKey, Partner
from gateway.domain.tokens import Token
from gateway.store.codec import Codec, micros
from gateway.store.recall import Recall
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, documents, page, where
from gateway.store.tables import AccessKeys, Partners, Tokens, table

_TOKENS = table(Tokens)
_PARTNERS = table(Partners)
_KEYS = table(AccessKeys)
_TOKEN: Final = Codec(Token, memory=4096)
_PARTNER: Final = Codec(Partner, memory=256)
_KEY: Final = Codec(AccessKey, memory=256)

_OWNED = select(_TOKENS.c.partner_id, _TOKENS.c.document)
_TOKEN_BY_KEY = _OWNED.where(*where(_TOKENS, "party", "uid_key", "type_key"))
_TOKENS_BY_UID = _OWNED.where(*where(_TOKENS, "uid_key")).order_by(_TOKENS.c.seq)
_SAVE_TOKEN = upsert(_TOKENS, ["uid_key", "party", "type_key"])
_PARTNER_BY_ID = documents(_PARTNERS, "id")
_PARTNER_BY_NAME = documents(_PARTNERS, "name_key").order_by(_PARTNERS.c.seq.desc()).limit(1)
_ALL_PARTNERS = documents(_PARTNERS).order_by(_PARTNERS.c.seq)
_SAVE_PARTNER = upsert(_PARTNERS, ["id"])
_KEY_BY_HASH = documents(_KEYS, "hash")
_KEYS_OF = documents(_KEYS, "partner_id").order_by(_KEYS.c.hash)
_SAVE_KEY = upsert(_KEYS, ["hash"])
_REMOVE_KEY = delete(_KEYS).where(*where(_KEYS, "hash"))


class SqlTokens:
    """Partners' tokens."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, party: Party, uid: TokenUid, type_: str) -> OwnedToken | None:
        key = {"party": str(party), "uid_key": uid.casefold(), "type_key": type_.casefold()}
        row = self._runner.row(_TOKEN_BY_KEY, key)
        return OwnedToken(row[0], _TOKEN.decode(row[1])) if row else None

    def by_uid(self, uid: TokenUid) -> Sequence[OwnedToken]:
        rows = self._runner.rows(_TOKENS_BY_UID, {"uid_key": uid.casefold()})
        return [OwnedToken(row[0], _TOKEN.decode(row[1])) for row in rows]

    def save(self, partner_id: PartnerId, token: Token) -> None:
        self._runner.run(
            _SAVE_TOKEN,
            {
                "party": str(token.party),
                "uid_key": token.uid.casefold(),
                "type_key": token.type.casefold(),
                "partner_id": partner_id,
                "last_updated": micros(token.last_updated),
                "document": _TOKEN.encode(token),
            },
        )

    def page(self, query: PageQuery) -> Page[Token]:
        items, total = page(self._runner, _TOKENS, query)
        return Page(tuple(map(_TOKEN.decode, items)), total)


class SqlPartners:
    """Partner platforms and the keys they present."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._recall: Recall[PartnerId, Partner] = Recall(runner)

    def get(self, partner_id: PartnerId) -> Partner | None:
        known = self._recall.get(partner_id)
        if known is not None:
            return known
        row = self._runner.row(_PARTNER_BY_ID, {"id": partner_id})
        if row is None:
            return None
        found = _PARTNER.decode(row[0])
        self._recall.keep(partner_id, found)
        return found

    def by_name(self, name: str) -> Partner | None:
        row = self._runner.row(_PARTNER_BY_NAME, {"name_key": name.casefold()})
        return _PARTNER.decode(row[0]) if row else None

    def all(self) -> Sequence[Partner]:
        return [_PARTNER.decode(row[0]) for row in self._runner.rows(_ALL_PARTNERS, {})]

    def save(self, partner: Partner) -> None:
        values = {"id": partner.id, "name_key": partner.name.casefold(), "document": _PARTNER.encode(partner)}
        self._runner.run(_SAVE_PARTNER, values)
        self._recall.keep(partner.id, partner)

    def key(self, hash_: str) -> AccessKey | None:
        row = self._runner.row(_KEY_BY_HASH, {"hash": hash_})
        return _KEY.decode(row[0]) if row else None

    def keys_of(self, partner_id: PartnerId) -> Sequence[AccessKey]:
        return [_KEY.decode(row[0]) for row in self._runner.rows(_KEYS_OF, {"partner_id": partner_id})]

    def save_key(self, key: AccessKey) -> None:
        values = {"hash": key.hash, "partner_id": key.partner_id, "document": _KEY.encode(key)}
        self._runner.run(_SAVE_KEY, values)

    def remove_key(self, hash_: str) -> None:
        self._runner.run(_REMOVE_KEY, {"hash": hash_})
