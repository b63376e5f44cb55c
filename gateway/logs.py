"""The log: a line per event, console on a terminal and JSON elsewhere, secrets masked as the last step (T12).

Everything logs through the standard library with `extra=`; structlog renders it.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, Literal, TextIO

import structlog

MASK = "•••"
_SECRET_NAMES = frozenset(
    {
        "authorization",
        "token",
        "password",
        "secret",
        "secret_key",
        "admin_token",
        "authorizationkey",
        "api_key",
    }
)
_SHORTEST_SECRET = 4
_QUOTE = r'\\*["\']'
_PATTERNS = (
    # An HTTP header: everything after the scheme.
    (re.compile(r"(?i)\b(Token|Bearer|Basic)\s+[A-Za-z0-9+/=_.~-]{4,}"), rf"\1 {MASK}"),
    # A JSON or Python member with a secret's name; quotes may be escaped, as in a logged frame.
    (
        re.compile(
            rf"(?i)({_QUOTE}(?:[a-z_]*token|authorization|[a-z_]*password|secret\w*|authorizationkey){_QUOTE}"
            rf"\s*:\s*{_QUOTE})[^\"'\\]+"
        ),
        rf"\1{MASK}",
    ),
    # OCPP configuration: {"key": "AuthorizationKey", "value": "…"}, in either order.
    (
        re.compile(
            rf"(?i)({_QUOTE}AuthorizationKey{_QUOTE}[^{{}}]*?{_QUOTE}value{_QUOTE}\s*:\s*{_QUOTE})[^\"'\\]+"
        ),
        rf"\1{MASK}",
    ),
    (
        re.compile(
            rf"(?i)({_QUOTE}value{_QUOTE}\s*:\s*{_QUOTE})[^\"'\\]+({_QUOTE}[^{{}}]*?{_QUOTE}AuthorizationKey)"
        ),
        rf"\1{MASK}\2",
    ),
    # User information and query parameters in URLs.
    (re.compile(r"(?i)(\w+://)[^/\s:@\"']+:[^/\s@\"']+@"), rf"\1{MASK}@"),
    (re.compile(r"(?i)([?&](?:token|key|password)=)[^&\s\"']+"), rf"\1{MASK}"),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")

Event = MutableMapping[str, Any]


class Redactor:
    """Masks known secrets and whatever looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known = tuple(sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._known:
            text = text.replace(secret, MASK)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


def configure_logging(
    level: str,
    format_: Literal["auto", "console", "json"] = "auto",
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every log record to `stream` (stderr), rendered by structlog and redacted."""
    target = stream or sys.stderr
    console = format_ == "console" or (format_ == "auto" and target.isatty())
    shared: list[Callable[..., Any]] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask_named,
        _one_line,
    ]
    rendering: list[Callable[..., Any]] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if not console:
        rendering.append(structlog.processors.format_exc_info)
    rendering.append(_Redacted(_renderer(target, console=console), Redactor(secrets)))
    handler = logging.StreamHandler(target)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=rendering))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    # These libraries log whole messages, with card numbers and keys in them (T12), or every step they take.
    for name in ("alembic", "ocpp", "aiohttp.access", "aiosqlite", "sqlalchemy", "websockets"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _renderer(target: TextIO, *, console: bool) -> Callable[[Any, str, Event], str | bytes]:
    if not console:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    # Tracebacks with local variables would show what the variables hold.
    return structlog.dev.ConsoleRenderer(
        colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


class _Redacted:
    """A renderer whose text is redacted after everything else is done."""

    def __init__(self, renderer: Callable[[Any, str, Event], str | bytes], redact: Redactor) -> None:
        self._renderer = renderer
        self._redact = redact

    def __call__(self, logger: Any, name: str, event: Event) -> str:
        text = self._renderer(logger, name, event)
        return self._redact(text if isinstance(text, str) else text.decode())


def _mask_named(logger: Any, name: str, event: Event) -> Event:
    """Mask values by the name they are logged under."""
    del logger, name
    for key, value in event.items():
        if key.lower() in _SECRET_NAMES and value is not None:
            event[key] = MASK
        elif isinstance(value, Mapping):
            event[key] = {k: MASK if str(k).lower() in _SECRET_NAMES else v for k, v in value.items()}
    return event


def _one_line(logger: Any, name: str, event: Event) -> Event:
    """Escape control characters, so that a charger's name cannot forge a line (T32)."""
    del logger, name
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            event[key] = _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", value)
    return event
