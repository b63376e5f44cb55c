"""Contracts (EMAID) are asked for in real time at the party that issued them (TOK-12, TOK-13)."""

import pytest

from gateway.domain.authorization import AuthMethod, PartnerVerdict, Verdict
from gateway.domain.emaid import issuer_of
from gateway.domain.events import IdToken
from gateway.domain.ids import Party
from tests import builders as b
from tests.app.world import World

MINE = "NL-EMS-C12345678-X"


@pytest.mark.parametrize(
    ("contract", "issuer"),
    [
        (MINE, b.EMSP),
        ("NLEMSC12345678X", b.EMSP),
        ("nl-ems-c12345678", b.EMSP),
        ("DE8ACC12E46L89", Party("DE", "8AC")),
        ("DE-8AA-123456789", Party("DE", "8AA")),
        ("04A1B2C3", None),
        ("", None),
        ("NL*EMS*C12345678", None),
    ],
)
def test_tok_13_a_contract_names_its_issuer(contract: str, issuer: Party | None) -> None:
    """M13: with or without dashes, check digit and capitals."""
    assert issuer_of(contract) == issuer


async def test_tok_12_only_the_issuer_is_asked_and_by_the_type_of_contracts(world: World) -> None:
    other = b.partner("Other", party=b.OTHER_EMSP)
    await world.store.write(lambda tx: tx.partners.save(other))
    world.partners.verdicts[b.partner().id] = PartnerVerdict(Verdict.ALLOWED)
    world.partners.verdicts[other.id] = PartnerVerdict(Verdict.ALLOWED)
    decision = await world.authorizing.by_card(b.CHARGER, IdToken(MINE, "eMAID"), b.PLUG)
    assert (decision.verdict, decision.method) == (Verdict.ALLOWED, AuthMethod.AUTH_REQUEST)
    assert [asked[:3] for asked in world.partners.asked] == [(b.partner().id, MINE, "EMAID")]
    assert decision.token is not None
    assert (decision.token.type, decision.token.contract_id) == ("EMAID", MINE)


async def test_tok_12_a_contract_of_nobody_here_is_asked_of_nobody(world: World) -> None:
    decision = await world.authorizing.by_card(b.CHARGER, IdToken("DE8ACC12E46L89", "eMAID"), b.PLUG)
    assert (decision.verdict, world.partners.asked) == (Verdict.UNKNOWN, [])
