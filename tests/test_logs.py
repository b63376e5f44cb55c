"""The log: structured, one line an event, no secret in it (T12, T32)."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from gateway.logs import configure_logging

ADMIN = "the-admin-token-0123456789"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _fail(hidden: str) -> None:
    raise ValueError(f"failed with {ADMIN}, {len(hidden)} characters")


def logged(format_: str, *arguments: object, level: int = logging.INFO, **extra: object) -> str:
    stream = io.StringIO()
    configure_logging("DEBUG", format_, secrets=[ADMIN], stream=stream)  # type: ignore[arg-type]
    logging.getLogger("gateway.test").log(level, *arguments, extra=extra)  # type: ignore[arg-type]
    return stream.getvalue()


def test_json_carries_the_extras() -> None:
    event = json.loads(logged("json", "hello %s", "world", partner="Great eMSP", kwh=1.5))
    assert (event["event"], event["partner"], event["kwh"], event["level"]) == (
        "hello world",
        "Great eMSP",
        1.5,
        "info",
    )


@pytest.mark.parametrize("format_", ["json", "console"])
@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"the token is {ADMIN}", ADMIN),
        ("GET /ocpi Authorization: Token c2VjcmV0LXRva2Vu", "c2VjcmV0LXRva2Vu"),
        ("Authorization: Basic Q1AtMTpwYXNzd29yZA==", "Q1AtMTpwYXNzd29yZA"),
        ("Authorization: Bearer abcdefgh", "abcdefgh"),
        ('{"token": "s3cr3t-of-partner", "url": "https://x"}', "s3cr3t-of-partner"),
        ("{'password': 's3cr3t-word'}", "s3cr3t-word"),
        (
            '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"00112233445566"}]',
            "00112233445566",
        ),
        ('{"value":"00112233445566","key":"AuthorizationKey"}', "00112233445566"),
        ("connecting to https://user:hunter22@host/x", "hunter22"),
        ("GET /callback?token=abcdef123456&x=1", "abcdef123456"),
    ],
)
def test_secrets_are_masked_wherever_they_stand(format_: str, text: str, secret: str) -> None:
    assert secret in text
    assert secret not in logged(format_, text)
    assert secret not in logged(format_, "%s", text)
    assert secret not in logged(format_, "x", detail=text)


def test_values_are_masked_by_their_name() -> None:
    text = logged("json", "x", token="abc", headers={"Authorization": "zzz", "Accept": "json"})
    assert "abc" not in text
    assert "zzz" not in text
    assert "json" in text


@pytest.mark.parametrize("format_", ["json", "console"])
def test_a_traceback_shows_no_secret_and_no_variables(format_: str) -> None:
    stream = io.StringIO()
    configure_logging("INFO", format_, secrets=[ADMIN], stream=stream)  # type: ignore[arg-type]
    hidden = "x" * 7
    try:
        _fail(hidden)
    except ValueError:
        logging.getLogger("gateway.test").exception("failed")
    text = stream.getvalue()
    assert "ValueError" in text
    assert ADMIN not in text
    assert "xxxxxxx" not in text


@pytest.mark.parametrize("format_", ["json", "console"])
def test_a_charger_cannot_forge_a_line(format_: str) -> None:
    """T32: CR and LF in a vendor's name."""
    text = logged(format_, "booted %s", "ACME\r\n2026 [error] all is lost", vendor="A\nB\x1b[31m")
    assert len(text.strip().splitlines()) == 1
    assert "\x1b[31m" not in text


def test_libraries_that_log_whole_messages_are_quiet() -> None:
    stream = io.StringIO()
    configure_logging("DEBUG", "json", stream=stream)
    logging.getLogger("ocpp").info("CP-1: receive message with a card number")
    logging.getLogger("aiohttp.access").info("GET /?token=x")
    assert stream.getvalue() == ""
