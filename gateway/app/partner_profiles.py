"""Choosing a partner's profile: a preset, single settings, or both."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.app.ports import Clock, Store, Tx
from gateway.app.registered import owe_everything, registered
from gateway.app.wake import Wake
from gateway.domain.errors import InvalidInput, UnknownObject
from gateway.domain.partner_profiles import Profile, with_setting
from gateway.domain.partners import Partner

_WHAT_IT_SEES = ("our_parties", "hidden_locations", "modules", "required", "limits")


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of settings, and how certain its source is."""

    name: str
    certainty: str
    about: str
    settings: Mapping[str, str]


class PartnerProfiles:
    """Reads and changes profiles."""

    def __init__(self, store: Store, presets: Mapping[str, Preset], clock: Clock, wake: Wake) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self.presets = presets

    async def of(self, name: str) -> Profile:
        """A partner's profile. Raises UnknownObject."""
        return (await self._store.read(lambda tx: _named(tx, name))).profile

    async def change(self, name: str, preset: str | None, settings: Mapping[str, str]) -> Profile:
        """Start from a preset, if one is named, and change single settings; all or nothing.

        What the partner may see from now on it is owed, and what failed because of the old settings is tried
        again. How it reads our token was found out at the handshake and stays, unless it is set here.
        Raises UnknownObject or InvalidInput.
        """
        now = self._clock.now()

        def work(tx: Tx) -> Profile:
            partner = _named(tx, name)
            profile = self._changed(partner.profile, preset, settings)
            tx.partners.save(replace(partner, profile=profile, last_updated=now))
            if registered(partner) and _sees_otherwise(partner.profile, profile):
                owe_everything(tx, partner.id, now)
            return profile

        changed = await self._store.write(work)
        self._wake.deliveries()
        return changed

    def check(self, preset: str | None) -> None:
        """Raise InvalidInput for a preset that does not exist."""
        if preset is not None and preset not in self.presets:
            raise InvalidInput(f"{preset} is none of {', '.join(self.presets)}", field="profile")

    def _changed(self, profile: Profile, preset: str | None, settings: Mapping[str, str]) -> Profile:
        self.check(preset)
        if preset is not None:
            profile = Profile(token_base64=profile.token_base64, preset=preset)
            settings = {**self.presets[preset].settings, **settings}
        for key, text in settings.items():
            profile = with_setting(profile, key, text)
        return profile


def _sees_otherwise(before: Profile, after: Profile) -> bool:
    """Whether a partner may see or is told something else than before."""
    return any(getattr(before, name) != getattr(after, name) for name in _WHAT_IT_SEES)


def _named(tx: Tx, name: str) -> Partner:
    partner = tx.partners.by_name(name)
    if partner is None:
        raise UnknownObject(f"there is no partner {name}")
    return partner
