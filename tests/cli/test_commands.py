"""Every command against a running gateway: tables for people, JSON for scripts, errors with advice."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.sim.charger import SimulatedCharger
from gateway.sim.partner import SimulatedPartner
from gateway.sim.station import Identity
from tests.cli.conftest import Shell, run
from tests.network.material import dumped, good
from tests.ports import free_port


async def test_apply_tells_what_changed_and_then_nothing(shell: Shell) -> None:
    first = await shell("apply", "network.json")
    assert first.code == 0
    assert first.out.splitlines() == [
        "added party NL-GWY",
        "added tariff NL-GWY/standard",
        "added charger CP-1",
        "added location LOC1",
    ]
    second = await shell("apply", "network.json")
    assert second.out == "nothing to change: all 4 things are as the file says\n"
    assert (await shell("apply", "network.json", "--json")).json == {"changes": [], "unchanged": 4}


async def test_apply_reads_standard_input_and_prunes(shell: Shell) -> None:
    await shell("apply", "network.json")
    pruned = await shell("apply", "-", "--prune", stdin="parties: []\n")
    assert pruned.code == 0
    assert "removed charger CP-1" in pruned.out
    assert (await shell("charger", "list", "--json")).json == []


async def test_a_broken_file_is_refused_with_file_line_and_reason(shell: Shell) -> None:
    text = dumped(good()).replace('"evse_uid": "E1"', '"evse_uid": "E9"')
    said = await shell("apply", "-", stdin=text)
    assert (said.code, said.out) == (1, "")
    line = 1 + next(i for i, t in enumerate(text.splitlines()) if '"E9"' in t)
    assert f"standard input:{line}:" in said.err
    assert "there is no EVSE E9" in said.err
    assert (await shell("charger", "list", "--json")).json == []


async def test_invite_list_show_remove(shell: Shell) -> None:
    made = (await shell("partner", "invite", "Great eMSP", "--party", "NL-EMS", "--json")).json
    assert set(made) == {"name", "token", "versions_url"}
    assert made["versions_url"] == f"{shell.gateway.url}/ocpi/versions"
    assert [p["name"] for p in (await shell("partner", "list", "--json")).json] == ["Great eMSP"]
    shown = await shell("partner", "show", "Great eMSP")
    assert "INVITED" in shown.out
    assert made["token"] not in shown.out
    assert (await shell("partner", "remove", "Great eMSP", "--json")).json["state"] == "REMOVED"


async def test_connect_rotate_and_deliver(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner that invited us, over real HTTP: registered, pushed to, rotated."""
    from gateway.bootstrap import running_gateway
    from gateway.config import load_settings

    monkeypatch.setenv("GATEWAY_ALLOW_PRIVATE_PARTNERS", "true")
    async with (
        running_gateway(load_settings(port=0)) as gateway,
        SimulatedPartner() as partner,
    ):
        monkeypatch.setenv("GATEWAY_URL", gateway.url)
        shell = Shell(gateway, directory)
        await shell("apply", "network.json")
        token = partner.invite()
        made = await shell("partner", "connect", "Sim", partner.versions_url, token, "--json")
        assert made.code == 0, made.err
        assert (made.json["name"], made.json["versions_url"]) == ("Sim", partner.versions_url)
        assert (made.json["token"], made.json["state"]) == (token, "REGISTERED")
        await partner.ledger.until(lambda: partner.ledger.locations, "the location")
        rotated = await shell("partner", "rotate", "Sim")
        assert rotated.code == 0, rotated.err
        assert "REGISTERED" in rotated.out
        listed = await shell("delivery", "list", "--all", "--json")
        assert {d["kind"] for d in listed.json} >= {"LOCATION", "TARIFF"}


async def test_a_charger_online_offline_and_commanded(shell: Shell) -> None:
    await shell("apply", "network.json")
    silent = await shell("charger", "reset", "CP-1")
    assert (silent.code, silent.out) == (1, "")
    assert "not connected" in silent.err
    url = shell.gateway.url.replace("http", "ws") + "/ocpp"
    identity = Identity("CP-1", "a-password-of-16-or-more", connectors=2)
    async with SimulatedCharger(url, identity):
        (listed,) = (await shell("charger", "list", "--json")).json
        assert (listed["id"], listed["state"], listed["vendor"]) == ("CP-1", "online", "Simulated")
        asked = await shell("charger", "trigger", "CP-1", "Heartbeat", "--json")
        assert asked.json["outcome"] == "ACCEPTED"
        keys = (await shell("charger", "get-config", "CP-1", "--json")).json["configuration"]
        assert "HeartbeatInterval" in {key["key"] for key in keys}
        assert "online" in (await shell("charger", "show", "CP-1")).out
    assert "offline" in (await shell("charger", "list")).out


async def test_a_stranger_is_seen_knocking(shell: Shell) -> None:
    from gateway.sim.errors import ConnectionTurnedDown

    url = shell.gateway.url.replace("http", "ws") + "/ocpp"
    with pytest.raises(ConnectionTurnedDown):
        await SimulatedCharger(url, Identity("CP-9", "whatever-it-is")).connect()
    (listed,) = (await shell("charger", "list", "--json")).json
    assert (listed["id"], listed["state"]) == ("CP-9", "knocking")
    assert "unknown charger" in (await shell("charger", "list")).out


@pytest.mark.parametrize(
    "command", ["session", "cdr", "delivery", "set-aside", "authorization", "partner", "charger"]
)
async def test_every_listing_speaks_json_and_says_when_it_is_empty(shell: Shell, command: str) -> None:
    assert (await shell(command, "list", "--json")).json == []
    table = await shell(command, "list")
    assert table.code == 0
    assert table.out.strip()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("session", "show", "none"), "there is no session none"),
        (("cdr", "show", "none"), "there is no CDR none"),
        (("charger", "show", "none"), "there is no charger none"),
        (("partner", "show", "none"), "there is no partner named none"),
        (("partner", "rotate", "none"), "none"),
        (("delivery", "retry", "none", "CDR", "1"), "none"),
        (("partner", "invite", "a/b"), "a partner's name has"),
        (("partner", "connect", "X", "http://127.0.0.1:9/", "t"), "only https is allowed"),
        (("partner", "connect", "X", "http://127.0.0.1:9/", "-dash"), "only https is allowed"),
        (("partner", "connect", "X", "http://127.0.0.1:9/", "--two"), "only https is allowed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_failures_go_to_stderr_with_code_1(
    shell: Shell, arguments: tuple[str, ...], reason: str
) -> None:
    said = await shell(*arguments)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error: ")
    assert reason in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("apply",),
        ("apply", "missing.yaml"),
        ("charger", "reset"),
        ("cdr", "list", "--limit", "0"),
    ],
)
async def test_misuse_has_code_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    said = await shell(*arguments)
    assert said.code == 2
    assert said.err


async def test_a_wrong_token_is_explained(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_ADMIN_TOKEN", "something-else")
    said = await shell("charger", "list")
    assert said.code == 1
    assert "GATEWAY_ADMIN_TOKEN" in said.err


async def test_without_a_token_the_command_says_what_is_missing(directory: Path) -> None:
    said = run("charger", "list")
    assert said.code == 2
    assert "GATEWAY_ADMIN_TOKEN is not set" in said.err


async def test_a_gateway_that_is_not_there(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("GATEWAY_ADMIN_TOKEN", "token")
    monkeypatch.setenv("GATEWAY_URL", f"http://127.0.0.1:{port}")
    said = await Shell.__call__(Shell(None, directory), "session", "list")  # type: ignore[arg-type]
    assert said.code == 1
    assert "gateway serve" in said.err


async def test_the_doctor_says_what_to_do(shell: Shell) -> None:
    said = await shell("doctor", "--json")
    assert said.code == 0
    verdicts = {(f["what"], f["verdict"]) for f in said.json}
    assert {("server", "ok"), ("ready", "ok"), ("database", "ok"), ("clock", "ok")} <= verdicts
    assert ("network", "warning") in verdicts
    assert "gateway apply FILE" in (await shell("doctor")).out


async def test_the_doctor_finds_a_misspelt_setting_and_a_missing_server(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_CRD_GRACE_SECONDS", "1")
    monkeypatch.setenv("GATEWAY_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("GATEWAY_ADMIN_TOKEN", "token")
    said = await Shell.__call__(Shell(None, directory), "doctor")  # type: ignore[arg-type]
    assert said.code == 1
    assert "did you mean GATEWAY_CDR_GRACE_SECONDS?" in said.out
    assert "gateway serve" in said.out


def test_help_is_quick_and_needs_no_heavy_library() -> None:
    """Imports are local: `gateway --help` must not load the server."""
    code = (
        "import sys; sys.argv = ['gateway', '--help']\n"
        "import gateway.cli\n"
        "heavy = {'aiohttp', 'pydantic', 'sqlalchemy', 'ocpp', 'uvloop', 'cryptography'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_version_needs_no_gateway(directory: Path) -> None:
    assert run("version").out.startswith("gateway ")
    assert "version" in run("version", "--json").json


def test_serve_starts_answers_and_stops_on_sigterm(directory: Path) -> None:
    """The whole process: network file applied, ready, SIGTERM ends it with 0; no secret in its log (T12)."""
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}
    environment |= {"GATEWAY_PORT": str(port), "GATEWAY_LOG_LEVEL": "DEBUG"}
    command = [
        sys.executable,
        "-c",
        "from gateway.cli import main; main()",
        "serve",
        "--network",
        "network.json",
    ]
    root = Path(__file__).parents[2]
    environment["PYTHONPATH"] = str(root)
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            log = []
            for line in server.stderr:
                log.append(line)
                if "listening at" in line:
                    break
            second = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=60, check=False
            )
            server.terminate()
            log += server.stderr.readlines()
            assert server.wait(30) == 0, "".join(log)
        finally:
            server.kill()
    text = "".join(log)
    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in second.stderr
    assert Path("gateway.db.admin-token").stat().st_mode & 0o777 == 0o600
    assert Path("gateway.db.admin-token").read_text(encoding="utf-8").strip() not in text
    assert "a-password-of-16-or-more" not in text


def test_serve_refuses_a_broken_network_file(directory: Path) -> None:
    missing = run("serve", "--network", "missing.yaml")
    assert (missing.code, "missing.yaml cannot be read" in missing.err) == (2, True)
    Path("bad.yaml").write_text("chargers:\n  - {id: 1}\n", encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}
    environment |= {"GATEWAY_PORT": "0", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", "from gateway.cli import main; main()", "serve", "--network", "bad.yaml"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "bad.yaml:2:10: chargers[0].id: expected a text" in done.stderr
