"""Settings: where they come from, what is refused, what is made (T33, T39)."""

import re
from pathlib import Path

import pytest

from gateway.config import (
    is_public,
    load_settings,
    settings_markdown,
    settings_table,
    unknown_variables,
    warnings,
)
from gateway.domain.errors import InvalidInput
from gateway.secret_files import known_admin_token, provide_secrets

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith("GATEWAY_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_serve_this_machine() -> None:
    settings = load_settings()
    assert settings.local_url == settings.base_url == settings.command_url == "http://127.0.0.1:8080"
    assert settings.database_path == Path("gateway.db")
    assert (settings.cdr_grace_seconds, settings.session_update_seconds) == (30, 30)
    assert not settings.allow_plain_chargers
    assert not settings.allow_private_partners
    assert settings.policy().cdr_grace.total_seconds() == 30


def test_arguments_win_over_environment_over_files_over_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("gateway.toml").write_text(
        'port = 1001\nhost = "127.0.0.2"\nsecret_key = "of-toml"\n', encoding="utf-8"
    )
    Path("key").write_text("of-file\n", encoding="utf-8")
    monkeypatch.setenv("GATEWAY_PORT", "1002")
    monkeypatch.setenv("GATEWAY_SECRET_KEY_FILE", "key")
    settings = load_settings(Path("gateway.toml"), port=1003)
    assert settings.secret_key is not None
    assert (settings.port, settings.host) == (1003, "127.0.0.2")
    assert settings.secret_key.get_secret_value() == "of-file"
    monkeypatch.setenv("GATEWAY_CONFIG", "gateway.toml")
    assert load_settings().port == 1002


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"GATEWAY_PORT": "70000"}, "GATEWAY_PORT: "),
        ({"GATEWAY_PORT": "http"}, "GATEWAY_PORT: "),
        ({"GATEWAY_CDR_GRACE_SECONDS": "-1"}, "GATEWAY_CDR_GRACE_SECONDS: "),
        ({"GATEWAY_PUBLIC_URL": "roaming.example.com"}, "GATEWAY_PUBLIC_URL: expected an address"),
        ({"GATEWAY_PUBLIC_URL": "https://u:p@x.example.com"}, "GATEWAY_PUBLIC_URL: "),
        ({"GATEWAY_LOG_LEVEL": "LOUD"}, "GATEWAY_LOG_LEVEL: "),
        ({"GATEWAY_ALLOW_PLAIN_CHARGERS": "perhaps"}, "GATEWAY_ALLOW_PLAIN_CHARGERS: "),
        ({"GATEWAY_SECRET_KEY_FILE": "missing"}, "missing cannot be read"),
        ({"GATEWAY_SECRET_KEY_FILE": "empty"}, "empty is empty"),
        ({"GATEWAY_SECRET_KEY_FILE": "full", "GATEWAY_SECRET_KEY": "x"}, "not both"),
        ({"GATEWAY_CONFIG": "missing.toml"}, "missing.toml cannot be read"),
        ({"GATEWAY_CONFIG": "broken.toml"}, "broken.toml is not TOML"),
        ({"GATEWAY_CONFIG": "typo.toml"}, "unknown setting 'prot'; did you mean 'port'?"),
        (
            {"GATEWAY_ALLOW_PRIVATE_PARTNERS": "1", "GATEWAY_PUBLIC_URL": "https://roaming.example.com"},
            "must not be on while GATEWAY_PUBLIC_URL",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], reason: str
) -> None:
    Path("empty").write_text("\n", encoding="utf-8")
    Path("full").write_text("secret\n", encoding="utf-8")
    Path("broken.toml").write_text("port =\n", encoding="utf-8")
    Path("typo.toml").write_text("prot = 1\n", encoding="utf-8")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput, match=re.escape(reason)):
        load_settings()


def test_a_refusal_does_not_repeat_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_ADMIN_TOKEN", "very-secret")
    monkeypatch.setenv("GATEWAY_PORT", "x")
    with pytest.raises(InvalidInput) as refusal:
        load_settings()
    assert "very-secret" not in str(refusal.value)
    monkeypatch.delenv("GATEWAY_PORT")
    assert "very-secret" not in repr(load_settings())


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://roaming.example.com", True),
        ("https://8.8.8.8", True),
        ("http://roaming.example.com", False),
        ("https://localhost:8443", False),
        ("https://gateway", False),
        ("https://10.0.0.1", False),
        ("https://[::1]", False),
        ("https://gw.internal", False),
    ],
)
def test_public_addresses(url: str, public: bool) -> None:
    assert is_public(url) is public


def test_dangerous_switches_are_warned_about() -> None:
    """T39."""
    assert warnings(load_settings()) == []
    said = warnings(load_settings(host="0.0.0.0", allow_plain_chargers=True, allow_private_partners=True))
    assert [s.split()[0] for s in said] == [
        "GATEWAY_ALLOW_PLAIN_CHARGERS",
        "GATEWAY_ALLOW_PRIVATE_PARTNERS",
        "GATEWAY_PUBLIC_URL",
    ]


def test_misspelt_variables_are_noticed() -> None:
    environ = {
        "GATEWAY_CRD_GRACE_SECONDS": "1",
        "GATEWAY_PORT": "1",
        "GATEWAY_ADMIN_TOKEN_FILE": "x",
        "PATH": "/",
    }
    (said,) = unknown_variables(environ)
    assert said == "GATEWAY_CRD_GRACE_SECONDS is not a setting; did you mean GATEWAY_CDR_GRACE_SECONDS?"


def test_secrets_are_made_once_and_kept_for_this_machine() -> None:
    first = provide_secrets(load_settings())
    assert len(first.notices) == 2
    assert Path("gateway.db.secret-key").stat().st_mode & 0o777 == 0o600
    second = provide_secrets(load_settings())
    assert second.notices == ()
    assert second.settings.secret_key == first.settings.secret_key
    assert first.settings.admin_token is not None
    assert known_admin_token(load_settings()) == first.settings.admin_token.get_secret_value()


@pytest.mark.parametrize("name", ["GATEWAY_SECRET_KEY", "GATEWAY_ADMIN_TOKEN"])
def test_secrets_are_demanded_where_others_can_reach_the_gateway(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for other in {"GATEWAY_SECRET_KEY", "GATEWAY_ADMIN_TOKEN"} - {name}:
        monkeypatch.setenv(other, "x" * 32)
    with pytest.raises(InvalidInput, match=f"{name} is not set"):
        provide_secrets(load_settings(host="0.0.0.0"))
    assert list(Path().iterdir()) == []


def test_an_empty_secret_file_is_not_replaced() -> None:
    """A lost key must be noticed: a new one could not open what is stored."""
    Path("gateway.db.secret-key").touch()
    with pytest.raises(InvalidInput, match="is empty"):
        provide_secrets(load_settings())


def test_a_database_in_memory_leaves_no_files() -> None:
    provided = provide_secrets(load_settings(database_url="sqlite+aiosqlite:///:memory:"))
    assert provided.settings.secret_key is not None
    assert list(Path().iterdir()) == []


def test_every_setting_is_described() -> None:
    rows = settings_table()
    assert all(row.description.endswith(".") for row in rows)
    assert {"GATEWAY_DATABASE_URL", "GATEWAY_CDR_GRACE_SECONDS", "GATEWAY_ALLOW_PRIVATE_PARTNERS"} <= {
        row.variable for row in rows
    }


def test_the_readme_has_every_setting() -> None:
    """The table between the markers is the code's own."""
    text = README.read_text(encoding="utf-8")
    table = text.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0]
    assert table.strip() == settings_markdown()
