"""Dialogues with partners as lists: what is asked, what is answered, what comes of it. No sockets."""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

import ocpi.v221
from gateway.app.attempts import Attempts
from gateway.domain.authorization import Verdict
from gateway.domain.errors import NoCommonVersion, PartnerUnreachable
from gateway.domain.partners import InterfaceRole
from ocpi import flows
from ocpi.authorization_header import read_tokens, write_token
from ocpi.exchange import read_retry_after
from ocpi.flows import Ask, Items
from ocpi.replies import Reply, read_reply

R = TypeVar("R")
OURS = {"2.2.1": ocpi.v221}
VERSIONS = "https://ems.example/ocpi/versions"


def ok(data: Any = None, **fields: Any) -> Reply:
    return Reply(200, 1000, "", data, **fields)


@dataclass
class Script:
    """Answers in order; keeps what was asked and what was handed out."""

    replies: list[Reply]
    asked: list[str] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)

    def run(self, flow: Generator[Any, Any, R]) -> R:
        step = next(flow)
        try:
            while True:
                if isinstance(step, Items):
                    self.items.extend(step.values)
                    step = flow.send(None)
                else:
                    assert isinstance(step, Ask)
                    self.asked.append(f"{step.method} {step.url}")
                    step = flow.send(self.replies.pop(0))
        except StopIteration as end:
            result: R = end.value
            return result


def entry(version: str, url: str | None = None) -> dict[str, str]:
    return {"version": version, "url": url or f"https://ems.example/ocpi/{version}"}


def details(*endpoints: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "version": "2.2.1",
        "endpoints": [{"identifier": m, "role": r, "url": u} for m, r, u in endpoints],
    }


GOOD = details(("credentials", "SENDER", "https://ems.example/c"), ("frobnication", "SENDER", "/f"))


# Discovery


def test_the_newest_common_version_is_taken() -> None:
    """VER-05: unknown versions and unreadable entries are no reason to stop."""
    listed = [entry("3.0"), entry("2.1.1"), {"version": 2}, "2.2.1", entry("2.2.1", "2.2.1/details")]
    script = Script([ok(listed), ok(GOOD)])
    agreement = script.run(flows.discover(VERSIONS, OURS))
    assert script.asked == [f"GET {VERSIONS}", "GET https://ems.example/ocpi/2.2.1/details"]
    assert agreement.version == "2.2.1"
    # CRED-16: relative URLs; VER-05: unknown modules are kept.
    assert ("frobnication", InterfaceRole.SENDER, "https://ems.example/f") in [
        (e.module, e.role, e.url) for e in agreement.endpoints
    ]


@pytest.mark.parametrize("wanted", [None, "2.2.1", "2.1.1"])
def test_no_common_version(wanted: str | None) -> None:
    with pytest.raises(NoCommonVersion, match=r"2\.1\.1"):
        Script([ok([entry("2.1.1"), entry("2.3.0")])]).run(flows.discover(VERSIONS, OURS, wanted))


def test_versions_are_ordered_by_number() -> None:
    assert sorted(["2.10", "2.2.1", "2.2", "junk", "2.1.1"], key=flows.version_order) == [
        "junk", "2.1.1", "2.2", "2.2.1", "2.10",
    ]  # fmt: skip


# Lists


def page(n: int, total: int | None = None, following: str | None = None) -> Reply:
    return ok([n], total=total, next_url=following)


def list_url(offset: int) -> str:
    return f"https://ems.example/tokens?offset={offset}&limit=1"


def test_links_are_followed_verbatim() -> None:
    """PAG-06: also relative ones, and those that ignore our parameters."""
    script = Script([page(1, 3, "?page=two"), page(2, 3, "https://ems.example/x?c=%2F"), page(3, 3)])
    script.run(flows.pages("https://ems.example/tokens"))
    assert script.items == [1, 2, 3]
    assert script.asked == [
        "GET https://ems.example/tokens",
        "GET https://ems.example/tokens?page=two",
        "GET https://ems.example/x?c=%2F",
    ]


def test_a_shrinking_total_asks_earlier_again() -> None:
    """PAG-06: an object was removed, so the next page begins one earlier."""
    script = Script(
        [
            page(1, 4, list_url(1)),
            page(3, 3, list_url(2)),
            page(2, 3, list_url(1)),
            page(3, 3),
        ]
    )
    script.run(flows.pages(list_url(0)))
    assert script.asked[2] == f"GET {list_url(0)}"
    assert script.items == [1, 2, 3]


def test_a_total_that_always_shrinks_still_ends() -> None:
    """F35: extra requests count as pages."""
    script = Script([page(n, 10_000 - n, list_url(n % 2)) for n in range(1000)])
    with pytest.raises(PartnerUnreachable):
        script.run(flows.pages(list_url(0), most=50))
    assert len(script.asked) <= 100


def test_a_list_that_leads_back_to_itself_ends() -> None:
    """T24."""
    script = Script([page(1, 9, list_url(1)), page(2, 9, list_url(0))])
    with pytest.raises(PartnerUnreachable, match="leads back"):
        script.run(flows.pages(list_url(0)))
    assert script.items == [1, 2]


def test_an_endless_list_ends() -> None:
    script = Script([page(n, None, list_url(n + 1)) for n in range(10)])
    with pytest.raises(PartnerUnreachable, match="more than 5 pages"):
        script.run(flows.pages(list_url(0), most=5))


@pytest.mark.parametrize("data", [{}, "x", 7])
def test_a_list_that_is_none(data: Any) -> None:
    with pytest.raises(PartnerUnreachable, match="not an array"):
        Script([ok(data)]).run(flows.pages(list_url(0)))


def test_an_empty_list_may_be_null() -> None:
    script = Script([ok(None)])
    script.run(flows.pages(list_url(0)))
    assert script.items == []


# Authorization


def test_where_a_card_is_asked_about() -> None:
    """TR-29, TOK-06: one slash, the uid percent-encoded, the type in the query."""
    script = Script([Reply(404)])
    flow = flows.authorize(ocpi.v221, "https://ems.example/tokens/", "04/A#", "RFID", None)
    assert script.run(flow).verdict is Verdict.UNKNOWN
    assert script.asked == ["POST https://ems.example/tokens/04%2FA%23/authorize?type=RFID"]


# Small parts


@pytest.mark.parametrize(
    ("header", "tokens"),
    [
        (None, ()),
        ("", ()),
        ("Token", ()),
        ("Token ", ()),
        ("Basic abc", ()),
        ("Token abc", ("abc", "i\ufffd")),
        ("token ZXhhbXBsZS10b2tlbg==", ("ZXhhbXBsZS10b2tlbg==", "example-token")),
        ("Token ZXhhbXBsZS10b2tlbgo=", ("ZXhhbXBsZS10b2tlbgo=", "example-token")),
        ("Token ZXhhbXBsZS10b2tlbg", ("ZXhhbXBsZS10b2tlbg", "example-token")),
        ("Token with-dashes_and.dots", ("with-dashes_and.dots",)),
        ("Token " + "x" * 600, ()),
    ],
)
def test_every_reading_of_a_token(header: str | None, tokens: tuple[str, ...]) -> None:
    """TR-01 to TR-05: raw first, then decoded, trailing newline and missing padding forgiven."""
    readings = read_tokens(header)
    assert readings == tuple(t for t in tokens if "\ufffd" not in t)


def test_tokens_are_written_as_wanted() -> None:
    assert write_token("example-token", encoded=True) == "Token ZXhhbXBsZS10b2tlbg=="
    assert write_token("example-token", encoded=False) == "Token example-token"


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("30", 30),
        ("-5", None),
        ("1e9", None),
        ("99999999999999999999", 86_400),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60),
        ("Sun, 22 Nov 2020 12:01:00 GMT", 0),
        ("Sun, 22 Nov 2026 12:01:00", None),
        ("later", None),
    ],
)
def test_retry_after(value: str | None, seconds: int | None) -> None:
    """F6."""
    assert read_retry_after(value, NOW) == seconds


def test_only_successful_statuses_need_an_envelope() -> None:
    assert read_reply(500, b"<html>").error is None
    assert "web page" in (read_reply(200, b" <HTML>").error or "")
    assert read_reply(200, b'{"status_code":1000}').success
    assert not read_reply(200, b'{"status_code":2000}').success
    assert not read_reply(404, b'{"status_code":1000}').success


def test_attempts_come_back_with_time_and_the_oldest_keys_are_forgotten() -> None:
    time = [0.0]
    attempts = Attempts(2, 0.5, lambda: time[0])
    assert [attempts.allowed("a") for _ in range(3)] == [True, True, False]
    assert attempts.allowed("b")
    time[0] = 2.0
    assert [attempts.allowed("a") for _ in range(2)] == [True, False]
    for n in range(20_000):
        attempts.allowed(str(n))
    assert attempts.allowed("a")
