"""The operator API over a real socket: what it tells, what it does, how it refuses."""

import io
import json
from typing import Any

import pytest

from gateway.domain.authorization import Authorization, Verdict
from gateway.domain.chargers import Knock, SetAside
from gateway.domain.commands import (
    ChangeAvailability,
    ChangeConfiguration,
    ClearCache,
    Command,
    CommandAnswer,
    ConfigurationKey,
    GetConfiguration,
    Outcome,
    RemoteStart,
    RemoteStop,
    Reset,
    Trigger,
    UnlockConnector,
)
from gateway.domain.delivery import DebtState, Owed
from gateway.domain.events import IdToken
from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from tests import builders as b
from tests.api.conftest import Operator
from tests.network.material import dumped, good

SECRET_WORDS = ("hash", "outbound", "password_", "sealed")


@pytest.mark.parametrize("path", ["/api/v1/status", "/api/v1/chargers", "/api/v1/nothing", "/api/v1"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Token an-admin-token-of-the-tests"},
        {"Authorization": "Bearer an-admin-token-of-the-test"},
        {"Authorization": "Bearer \u00e9"},
    ],
)
async def test_nothing_without_the_token(operator: Operator, path: str, headers: dict[str, str]) -> None:
    status, body = await operator.call("GET", path, headers=headers)
    assert (status, body["error"]) == (401, "not_authenticated")
    assert "GATEWAY_ADMIN_TOKEN" in body["hint"]


async def test_health_needs_no_token_and_tells_the_reason(operator: Operator) -> None:
    assert await operator.call("GET", "/healthz", token="") == (200, {"status": "ok"})
    assert await operator.call("GET", "/readyz", token="") == (200, {"ready": True})
    operator.problem = "disk full"
    assert await operator.call("GET", "/readyz", token="") == (503, {"ready": False, "reason": "disk full"})
    assert await operator.call("GET", "/healthz", token="") == (200, {"status": "ok"})


async def test_status_counts_everything(operator: Operator) -> None:
    await operator.charged()
    body = await operator.get("/status")
    assert body["version"] == "1.2.3"
    assert body["versions_url"] == "https://roaming.example.com/ocpi/versions"
    assert body["charger_url"] == "wss://roaming.example.com/ocpp/"
    assert body["warnings"] == ["careful"]
    assert {name: n for name, n in body["counts"].items() if n} == {
        "chargers": 1,
        "locations": 1,
        "tariffs": 1,
        "sessions": 1,
        "cdrs": 1,
        "partners": 1,
        "partners_registered": 1,
        "deliveries_waiting": body["counts"]["deliveries_waiting"],
    }


async def test_a_session_and_its_cdr_are_told(operator: Operator) -> None:
    session_id = await operator.charged()
    listed = await operator.get("/sessions")
    assert listed["total"] == 1
    session = await operator.get(f"/sessions/{session_id}")
    assert (session["status"], session["kwh"], session["partner"]) == ("COMPLETED", 5.0, "Great eMSP")
    (cdr_id,) = session["cdrs"]
    cdr = await operator.get(f"/cdrs/{cdr_id}")
    assert cdr["total_cost"]["excl_vat"] == 2.25
    assert cdr["total_energy"] == 5.0
    assert cdr["delivery"] == "WAITING"
    assert (await operator.get("/cdrs?partner=Great eMSP"))["total"] == 1


async def test_lists_are_newest_first_and_paged(operator: Operator) -> None:
    for number in range(5):
        started = await operator.world.start(seconds=60 * number, meter=1000)
        await operator.world.stop(started.transaction, 60 * number + 30, 2000)
    newest = await operator.get("/sessions?limit=2")
    middle = await operator.get("/sessions?limit=2&offset=2")
    last = await operator.get("/sessions?limit=2&offset=4")
    beyond = await operator.get("/sessions?limit=2&offset=9")
    starts = [s["started_at"] for page in (newest, middle, last, beyond) for s in page["items"]]
    assert starts == sorted(starts, reverse=True)
    assert (len(starts), newest["total"], beyond["items"]) == (5, 5, [])


async def test_only_open_sessions(operator: Operator) -> None:
    await operator.charged()
    await operator.world.start(seconds=2000, meter=6000)
    found = await operator.get("/sessions?open=true")
    assert [s["status"] for s in found["items"]] == ["ACTIVE"]


async def test_chargers_online_offline_and_knocking(operator: Operator) -> None:
    operator.world.chargers.present.add(ChargerId("CP-1"))
    knock = Knock(ChargerId("CP-9"), "unknown charger", "192.0.2.7", b.NOON, b.at(60), 3)
    await operator.world.store.write(lambda tx: tx.chargers.note_knock(knock))
    items = (await operator.get("/chargers"))["items"]
    assert [(c["id"], c["state"], c["configured"]) for c in items] == [
        ("CP-1", "online", True),
        ("CP-9", "knocking", False),
    ]
    stranger = await operator.get("/chargers/CP-9")
    assert stranger["knocks"][0]["reason"] == "unknown charger"


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ({"command": "reset"}, Reset()),
        ({"command": "reset", "hard": True}, Reset(hard=True)),
        ({"command": "unlock", "number": 2}, UnlockConnector(ConnectorNumber(2))),
        ({"command": "trigger", "message": "Heartbeat"}, Trigger("Heartbeat")),
        (
            {"command": "availability", "operative": False, "number": 1},
            ChangeAvailability(operative=False, number=b.PLUG),
        ),
        ({"command": "get-configuration", "keys": ["A"]}, GetConfiguration(("A",))),
        ({"command": "change-configuration", "key": "A", "value": "1"}, ChangeConfiguration("A", "1")),
        ({"command": "clear-cache"}, ClearCache()),
        ({"command": "remote-start", "card": "C1", "number": 1}, RemoteStart(IdToken("C1"), b.PLUG)),
        ({"command": "remote-stop", "transaction": "7"}, RemoteStop(TransactionRef("7"))),
    ],
    ids=lambda value: value["command"] if isinstance(value, dict) else "",
)
async def test_every_command_reaches_the_charger(
    operator: Operator, body: dict[str, Any], command: Command
) -> None:
    operator.world.chargers.present.add(b.CHARGER)
    answer = await operator.post("/chargers/CP-1/commands", json=body)
    assert answer["outcome"] == "ACCEPTED"
    assert operator.world.chargers.asked == [(b.CHARGER, command)]


async def test_configuration_is_told(operator: Operator) -> None:
    operator.world.chargers.present.add(b.CHARGER)
    keys = (ConfigurationKey("HeartbeatInterval", "300", readonly=False),)
    answer = CommandAnswer(Outcome.ACCEPTED, "Accepted", keys, ("Nope",))
    operator.world.chargers.answers[b.CHARGER] = answer
    told = await operator.post("/chargers/CP-1/commands", json={"command": "get-configuration"})
    assert told["configuration"] == [{"key": "HeartbeatInterval", "value": "300", "readonly": False}]
    assert told["unknown_keys"] == ["Nope"]


async def test_an_invitation_shows_its_token_once(operator: Operator) -> None:
    made = await operator.post("/partners/invite", json={"name": "New one", "parties": ["NL*ABC"]})
    assert made["versions_url"] == "https://roaming.example.com/ocpi/versions"
    shown = await operator.get("/partners/New%20one")
    assert (shown["state"], shown["allowed_parties"]) == ("INVITED", ["NL-ABC"])
    assert shown["invited_until"] is not None
    assert made["token"] not in json.dumps([shown, await operator.get("/partners")])


async def test_no_secret_is_told(operator: Operator) -> None:
    """T12, T33: hashes and sealed tokens have no place in an answer."""
    await operator.call("POST", "/api/v1/network", data=dumped(good()))
    for path in ("/partners", "/chargers", "/partners/Great%20eMSP", "/chargers/CP-1", "/status"):
        text = json.dumps(await operator.get(path))
        assert not [word for word in SECRET_WORDS if word in text], path
        assert "a-password-of-16-or-more" not in text


async def test_the_network_file_is_applied(operator: Operator) -> None:
    network = good() | {"locations": [], "chargers": []}
    body = await operator.post("/network?name=my.json", data=dumped(network))
    actions = {(c["action"], c["kind"], c["id"]) for c in body["changes"]}
    assert ("added", "party", "NL-GWY") in actions
    again = await operator.post("/network?name=my.json", data=dumped(network))
    assert (again["changes"], again["unchanged"]) == ([], 2)


async def test_a_broken_network_file_is_refused_with_positions(operator: Operator) -> None:
    text = dumped(good()).replace('"evse_uid": "E1"', '"evse_uid": "E7"')
    status, body = await operator.call("POST", "/api/v1/network?name=my.json", data=text)
    assert (status, body["error"]) == (422, "network_refused")
    (problem,) = body["problems"]
    assert (problem["file"], problem["path"]) == ("my.json", "chargers[0].connectors[0].evse_uid")
    assert '"E7"' in text.splitlines()[problem["line"] - 1][problem["column"] - 1 :]


async def test_a_parked_delivery_is_shown_and_tried_again(operator: Operator) -> None:
    partner = b.partner()
    key = "NL-GWY/standard"

    def park(tx: Any) -> None:
        from dataclasses import replace

        tx.debts.owe(partner.id, Owed.TARIFF, key, b.NOON, b.NOON)
        debt = tx.debts.get(partner.id, Owed.TARIFF, key)
        tx.debts.save(replace(debt, state=DebtState.PARKED, attempts=3, reason="refused", answer="HTTP 400"))

    await operator.world.store.write(park)
    (listed,) = (await operator.get("/deliveries?state=PARKED"))["items"]
    assert (listed["partner"], listed["key"], listed["reason"]) == ("Great eMSP", key, "refused")
    path = f"/deliveries/Great%20eMSP/tariff/{key}"
    assert (await operator.get(path))["answer"] == "HTTP 400"
    tried = await operator.post(path)
    assert (tried["state"], tried["attempts"], tried["reason"]) == ("WAITING", 0, None)


async def test_the_total_of_a_list_counts_what_its_page_leaves_out(operator: Operator) -> None:
    partner = b.partner()

    def fill(tx: Any) -> None:
        for n in range(3):
            tx.debts.owe(partner.id, Owed.TARIFF, f"NL-GWY/{n}", b.NOON, b.NOON)
            tx.authorizations.add(b.CHARGER, f"CARD-{n}", b.NOON, Authorization(Verdict.BLOCKED, "lost"))

    before = {path: (await operator.get(path))["total"] for path in ("/deliveries", "/authorizations")}
    await operator.world.store.write(fill)
    for path, total in before.items():
        listed = await operator.get(f"{path}?limit=2")
        assert (len(listed["items"]), listed["total"]) == (2, total + 3)
    of_partner = await operator.get("/deliveries?limit=1&state=WAITING&partner=Great%20eMSP")
    assert of_partner["total"] >= 3
    assert (await operator.get("/deliveries?state=PARKED"))["total"] == 0


async def test_what_was_set_aside_is_resolved_with_a_note(operator: Operator) -> None:
    item = SetAside("x1", b.CHARGER, b.NOON, "StopTransaction", "unknown transaction", "[2]")
    await operator.world.store.write(lambda tx: tx.set_aside.add(item))
    assert [i["id"] for i in (await operator.get("/set-aside"))["items"]] == ["x1"]
    done = await operator.post("/set-aside/x1/resolve", json={"note": "test charger"})
    assert (done["note"], done["resolved_at"] is not None) == ("test charger", True)
    assert (await operator.get("/set-aside"))["items"] == []


async def test_decisions_about_cards_are_told(operator: Operator) -> None:
    await operator.world.start(card="04A1B2C3")
    entry = (await operator.get("/authorizations"))["items"][0]
    assert (entry["presented"], entry["verdict"], entry["party"]) == ("04A1B2C3", "ALLOWED", "NL-EMS")


COMMANDS = "/api/v1/chargers/CP-1/commands"
INVITE = "/api/v1/partners/invite"
CONNECT = "/api/v1/partners/connect"
REFUSED = [
    ("GET", "/api/v1/nothing", "", 404, "unknown_object", "no operation"),
    ("PUT", "/api/v1/chargers", "", 404, "unknown_object", "PUT /api/v1/chargers"),
    ("GET", "/api/v1/chargers/CP-7", "", 404, "unknown_object", "no charger CP-7"),
    ("GET", "/api/v1/sessions/none", "", 404, "unknown_object", "no session none"),
    ("GET", "/api/v1/cdrs/none", "", 404, "unknown_object", "no CDR none"),
    ("GET", "/api/v1/partners/none", "", 404, "unknown_object", "no partner named none"),
    ("DELETE", "/api/v1/partners/none", "", 404, "not_registered", "none"),
    ("POST", "/api/v1/partners/none/rotate", "", 404, "not_registered", "none"),
    ("GET", "/api/v1/cdrs?partner=none", "", 404, "unknown_object", "no partner named none"),
    ("GET", "/api/v1/cdrs?limit=0", "", 400, "invalid_input", "limit"),
    ("GET", "/api/v1/cdrs?limit=many", "", 400, "invalid_input", "limit"),
    ("GET", "/api/v1/cdrs?limit=1&limit=2", "", 400, "invalid_input", "more than once"),
    ("GET", "/api/v1/cdrs?offset=-1", "", 400, "invalid_input", "offset"),
    ("GET", "/api/v1/cdrs?colour=red", "", 400, "invalid_input", "colour"),
    ("GET", "/api/v1/deliveries?state=LOST", "", 400, "invalid_input", "state"),
    ("GET", "/api/v1/deliveries/Great%20eMSP/dream/1", "", 404, "unknown_object", "none of"),
    ("POST", "/api/v1/deliveries/Great%20eMSP/CDR/1", "", 404, "unknown_object", "ever owed"),
    ("POST", "/api/v1/set-aside/none/resolve", '{"note": "x"}', 404, "unknown_object", "none"),
    ("POST", "/api/v1/set-aside/none/resolve", '{"note": ""}', 400, "invalid_input", "note"),
    ("POST", COMMANDS, '{"command": "reset"}', 409, "charger_offline", "not connected"),
    ("POST", COMMANDS, '{"command": "dance"}', 400, "invalid_input", "command"),
    ("POST", COMMANDS, '{"command": "unlock"}', 400, "invalid_input", "number"),
    ("POST", COMMANDS, '{"command": "reset", "softly": true}', 400, "invalid_input", "softly"),
    ("POST", COMMANDS, "{", 400, "invalid_input", "JSON"),
    ("POST", COMMANDS, "", 400, "invalid_input", "JSON"),
    ("POST", COMMANDS, "[]", 400, "invalid_input", ""),
    ("POST", INVITE, '{"name": "a/b"}', 400, "invalid_input", "a partner's name has"),
    ("POST", INVITE, '{"name": "x", "parties": ["NLD"]}', 400, "invalid_input", "not a party"),
    ("POST", INVITE, '{"name": "Great eMSP"}', 409, "already_registered", "registered already"),
    ("POST", CONNECT, '{"name": "x", "versions_url": "ftp://x", "token": "t"}', 400, "invalid_input", "url"),
    (
        "POST",
        CONNECT,
        '{"name": "x", "versions_url": "https://x/", "token": "t"}',
        502,
        "partner_unreachable",
        "discovered",
    ),
    ("POST", "/api/v1/network", "parties: [", 422, "network_refused", "network:"),
    ("POST", "/api/v1/network?prune=perhaps", "{}", 400, "invalid_input", "prune"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error", "message"),
    REFUSED,
    ids=[f"{r[0]} {r[1]} {r[2]}" for r in REFUSED],
)
async def test_refusals(
    operator: Operator, method: str, path: str, body: str, status: int, error: str, message: str
) -> None:
    answered, told = await operator.call(method, path, data=body)
    assert (answered, told["error"]) == (status, error)
    assert message in told["message"]


async def test_a_body_beyond_the_limit_is_refused(operator: Operator) -> None:
    """T23."""
    status, body = await operator.call("POST", INVITE, data=io.BytesIO(b" " * (1024 * 1024 + 1)))
    assert (status, body["error"]) == (413, "body_too_large")


async def test_a_body_that_is_not_text_is_refused(operator: Operator) -> None:
    status, body = await operator.call("POST", "/api/v1/network", data=b"parties: \xff")
    assert status == 400
    assert "UTF-8" in body["message"]


async def test_an_unexpected_failure_tells_nothing_and_logs_all(
    operator: Operator, caplog: pytest.LogCaptureFixture
) -> None:
    operator.world.chargers.connected = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    status, body = await operator.call("GET", "/api/v1/status")
    assert (status, body["error"]) == (500, "unexpected")
    assert "division" not in json.dumps(body)
    assert "division" in caplog.text
