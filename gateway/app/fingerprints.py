"""What a CDR looked like when it was sent, in a few bytes: so that I4 compares bytes and not promises."""

from typing import Protocol

from gateway.domain.cdrs import Cdr
from gateway.domain.partners import Partner


class Fingerprints(Protocol):
    """Makes fingerprints of CDRs as partners get them."""

    def of(self, partner: Partner, cdr: Cdr) -> str | None:
        """The terms of rendering and the body they give, `terms:body`; None if it cannot be rendered.

        The terms are everything but the record that the body depends on: the gateway's version, the
        partner's version of OCPI and its profile.
        """


def contradict(sent: str, now: str) -> bool:
    """Whether the same terms give another body. Under other terms nothing can be said."""
    terms, _, body = sent.partition(":")
    terms_now, _, body_now = now.partition(":")
    return terms == terms_now and body != body_now
