"""What a person reads when a partner is in trouble, and what to do next, as the commands print it."""

from collections.abc import AsyncIterator

import pytest

from gateway.bootstrap import running_gateway
from gateway.config import load_settings
from gateway.sim.faults import Mode
from gateway.sim.partner import SimulatedPartner
from tests.cli.conftest import Shell, run
from tests.faults.site import until


@pytest.fixture
async def shell(directory: object, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shell]:
    monkeypatch.setenv("GATEWAY_ALLOW_PRIVATE_PARTNERS", "true")
    monkeypatch.setenv("GATEWAY_DELIVERY_RETRY_SECONDS", "0.1")
    async with running_gateway(load_settings(port=0)) as gateway:
        monkeypatch.setenv("GATEWAY_URL", gateway.url)
        ready = Shell(gateway, directory)  # type: ignore[arg-type]
        assert (await ready("apply", "network.json")).code == 0
        yield ready


async def befriend(shell: Shell, partner: SimulatedPartner) -> None:
    said = await shell("partner", "connect", "Sim", partner.versions_url, partner.invite())
    assert said.code == 0, said.err
    await partner.ledger.until(lambda: partner.ledger.locations or None, "the location", 20)


async def test_what_a_partner_demands_and_lacks_is_listed_with_its_fields(shell: Shell) -> None:
    """The NDW preset: nothing waits, one delivery needs a person and names its fields; it was not sent."""
    async with SimulatedPartner() as partner:
        await befriend(shell, partner)
        pushed = next(iter(partner.ledger.locations.values())).puts
        assert (await shell("partner", "profile", "Sim", "--preset", "ndw")).code == 0
        failed = await until(
            lambda: shell("delivery", "list", "--failed", "--json"), lambda said: said.json, "it is parked"
        )
        (delivery,) = failed.json
        assert delivery["kind"] == "LOCATION"
        assert delivery["reason"].startswith("lacks what this partner demands: opening_times, energy_mix")
        said = await until(
            lambda: shell("delivery", "list"), lambda said: "Nothing waits" in said.out, "all else is sent"
        )
        assert "1 more need a person: gateway delivery list --failed" in said.err
        found = (await shell("doctor", "--json")).json
        assert any(f["what"] == "partner Sim" and f["detail"].endswith(", 1 parked") for f in found)
        assert next(iter(partner.ledger.locations.values())).puts == pushed


async def test_a_partner_that_gives_no_usable_answer_is_the_doctors_business(shell: Shell) -> None:
    """F9: it is not called healthy, and the doctor says where its answers are."""
    async with SimulatedPartner() as partner:
        await befriend(shell, partner)
        partner.mode = Mode.HTML
        said = await shell("partner", "profile", "Sim", "--set", "modules=locations, tariffs")
        assert said.code == 0

        async def finding() -> dict[str, str]:
            found = (await shell("doctor", "--json")).json
            return next(f for f in found if f["what"] == "partner Sim")

        trouble = await until(finding, lambda f: f["verdict"] == "warning", "the doctor warns")
        assert "no usable answer" in trouble["detail"]
        assert "gateway delivery list --partner 'Sim'" in trouble["advice"]
        checked = await shell("partner", "check", "Sim")
        assert checked.code == 1
        assert "WRONG" in checked.out


@pytest.mark.parametrize("kind", ["partner", "hub"])
def test_a_mode_that_does_not_exist_lists_those_that_do(kind: str) -> None:
    said = run("sim", kind, "--mode", "x")
    assert said.code == 2
    assert all(mode in said.err for mode in Mode)
