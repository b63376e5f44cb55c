"""`gateway partner profile`: how a partner differs from the specification."""

from gateway.api.models import PresetList, Profile
from gateway.api.requests import ProfileRequest
from gateway.cli.client import call, call_all, segment
from gateway.cli.options import Config, Url
from gateway.cli.output import print_facts, print_json, print_table
from gateway.domain.errors import InvalidInput


def show_presets(*, as_json: bool, url: Url, config: Config) -> None:
    """List the presets, each with how certain its source is."""
    found = call_all(PresetList, "/profiles", url=url, config=config)
    if as_json:
        print_json(found)
        return
    rows = [(preset.name, preset.certainty, preset.about) for preset in found]
    print_table(["preset", "certainty", "about"], rows, empty="No presets.")


def change(
    name: str, preset: str | None, settings: list[str], *, as_json: bool, url: Url, config: Config
) -> None:
    """Show a partner's profile, after changing it if there is anything to change. Raises InvalidInput."""
    path = f"/partners/{segment(name)}/profile"
    if preset is None and not settings:
        profile = call(Profile, "GET", path, url=url, config=config)
    else:
        body = ProfileRequest(preset=preset, settings=dict(_pair(text) for text in settings))
        profile = call(Profile, "POST", path, url=url, body=body, config=config)
    if as_json:
        print_json(profile)
        return
    head = [("preset", profile.preset), ("certainty", profile.certainty), ("about", profile.about)]
    print_facts([*head, *sorted(profile.settings.items())])


def _pair(text: str) -> tuple[str, str]:
    key, mark, value = text.partition("=")
    if not mark:
        raise InvalidInput(f"--set {text}: expected KEY=VALUE")
    return key.strip(), value
