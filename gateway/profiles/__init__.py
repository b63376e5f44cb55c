"""Presets of partner profiles: one TOML file each, with how certain its source is."""

import tomllib
from collections.abc import Mapping
from importlib import resources

from gateway.app.partner_profiles import Preset
from gateway.domain.partner_profiles import Profile, with_setting

_SUFFIX = ".toml"


def presets() -> Mapping[str, Preset]:
    """All presets by name. Raises InvalidInput for a file with a wrong setting."""
    files = (f for f in resources.files(__name__).iterdir() if f.name.endswith(_SUFFIX))
    found = (_read(f.name.removesuffix(_SUFFIX), f.read_text("utf-8")) for f in files)
    return {preset.name: preset for preset in sorted(found, key=lambda preset: preset.name)}


def _read(name: str, text: str) -> Preset:
    content = tomllib.loads(text)
    settings = {key: _text(value) for key, value in content["settings"].items()}
    profile = Profile(preset=name)
    for key, value in settings.items():
        profile = with_setting(profile, key, value)
    return Preset(name, content["certainty"], content["about"], settings)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
