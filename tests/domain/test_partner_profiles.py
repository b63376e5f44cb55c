"""Differences between partners as data: every setting by name, and the presets (partners.md, TR-04)."""

import re
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Party
from gateway.domain.partner_profiles import OnSilence, Profile, settings_of, with_setting
from gateway.profiles import presets

GOOD = [
    ("token_base64", "false", Profile(token_base64=False)),
    ("token_base64", "default", Profile()),
    ("trailing_slash", "yes", Profile(trailing_slash=True)),
    ("authorize_timeout_s", "2.5", Profile(authorize_timeout_s=Decimal("2.5"))),
    ("on_silence", "allow", Profile(on_silence=OnSilence.ALLOW)),
    ("requests_per_second", "1", Profile(requests_per_second=1)),
    ("concurrency", "1", Profile(concurrency=1)),
    ("cdr_days", "7", Profile(cdr_days=7)),
    ("zero_energy_cdrs", "no", Profile(zero_energy_cdrs=False)),
    ("credit_cdrs", "false", Profile(credit_cdrs=False)),
    ("cdr_id_prefix", "GWY-", Profile(cdr_id_prefix="GWY-")),
    ("session_kwh", "40", Profile(session_kwh=40)),
    ("session_minutes", "0", Profile()),
    ("session_cost", "100", Profile(session_cost=100)),
    ("cdr_id_prefix", "", Profile()),
    ("ordered_by_time", "false", Profile(ordered_by_time=False)),
    ("session_patch", "false", Profile(session_patch=False)),
    ("our_parties", "NL-GWY, BE*GWY", Profile(our_parties=(Party("NL", "GWY"), Party("BE", "GWY")))),
    ("hidden_locations", "LOC1,LOC2", Profile(hidden_locations=("LOC1", "LOC2"))),
    ("modules", "locations, tariffs", Profile(modules=("locations", "tariffs"))),
    ("modules", "", Profile()),
    ("required", "locations.evses.evse_id", Profile(required=("locations.evses.evse_id",))),
    ("header.X-Key", "abc", Profile(static_headers=(("X-Key", "abc"),))),
    ("header.X-Key", "", Profile()),
    ("limit.locations.address", "45", Profile(limits=(("locations.address", 45),))),
]


def test_modules_that_are_agreed_on() -> None:
    """Nothing named is everything; credentials always are."""
    some = Profile(modules=("cdrs",))
    assert [some.agreed_on(module) for module in ("cdrs", "credentials", "tokens")] == [True, True, False]
    assert Profile().agreed_on("tokens")


@pytest.mark.parametrize(("name", "text", "expected"), GOOD)
def test_a_setting_is_read_and_shown(name: str, text: str, expected: Profile) -> None:
    changed = with_setting(Profile(), name, text)
    assert changed == expected
    again = Profile()
    for key, value in settings_of(changed).items():
        again = with_setting(again, key, value)
    assert again == changed


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("tokens", "1", "is no setting"),
        ("concurrency", "0", "whole number"),
        ("concurrency", "many", "whole number"),
        ("authorize_timeout_s", "600", "seconds"),
        ("authorize_timeout_s", "soon", "seconds"),
        ("on_silence", "maybe", "must be one of"),
        ("credit_cdrs", "perhaps", "true or false"),
        ("cdr_id_prefix", "FAR-TOO-LONG", "at most 4"),
        ("cdr_id_prefix", "a/", "at most 4"),
        ("session_kwh", "-1", "whole number from 0 to 10000"),
        ("session_cost", "1.5", "whole number from 0 to 1000000"),
        ("our_parties", "NL-G", "not a party"),
        ("modules", "locations, parking", "parking is no module"),
        ("required", "opening_times", "is not MODULE.FIELD"),
        ("required", "parking.spot", "is not MODULE.FIELD"),
        ("required", "locations.", "is not MODULE.FIELD"),
        ("header.Authorization", "Token x", "set by the gateway"),
        ("header.OCPI-to-party-id", "EMS", "set by the gateway"),
        ("header.X Key", "x", "not the name of a header"),
        ("header.X-Key", "a\r\nX-Other: b", "printable"),
        ("limit.cdrs.remark", "0", "whole number"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(name: str, text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        with_setting(Profile(), name, text)


def test_every_field_of_a_profile_is_a_setting() -> None:
    named = {field.name for field in fields(Profile)} - {"preset", "static_headers", "limits"}
    assert set(settings_of(Profile())) == named


def test_the_documentation_has_every_setting_with_its_default() -> None:
    text = (Path(__file__).parents[2] / "docs" / "partner-profiles.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (?:`([^`]*)`)? ?\|", text, re.MULTILINE)
    documented = {name: default for name, default in rows if "." not in name}
    assert documented == settings_of(Profile())
    assert {name for name, _ in rows if "." in name} == {"header.NAME", "limit.MODULE.FIELD"}


def test_presets_say_how_certain_they_are() -> None:
    found = presets()
    assert list(found) == ["e-clearing", "gireve", "hubject-cdr", "mock", "ndw", "plugsurfing"]
    for preset in found.values():
        assert preset.certainty.split(":")[0] in ("certain", "high", "medium", "low")
        assert preset.about
        assert preset.settings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ndw", {"modules": "locations, tariffs", "concurrency": "1"}),
        ("hubject-cdr", {"modules": "cdrs", "concurrency": "1", "credit_cdrs": "false"}),
        ("e-clearing", {"ordered_by_time": "false", "concurrency": "1"}),
        ("plugsurfing", {"credit_cdrs": "false", "authorize_timeout_s": "3", "on_silence": "allow"}),
        ("gireve", {"zero_energy_cdrs": "false"}),
    ],
)
def test_presets_say_what_their_source_says(name: str, expected: dict[str, str]) -> None:
    """partners.md: what is known of each of them."""
    settings = presets()[name].settings
    assert {key: settings[key] for key in expected} == expected
