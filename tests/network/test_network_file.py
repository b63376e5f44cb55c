"""The network file: what it says, and what is refused, with position and reason."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import yaml

from gateway.app.network_plan import NetworkRefused, Problem
from gateway.domain.ids import ChargerId, ConnectorNumber, Party
from tests.builders import NOON
from tests.network.material import Network, dumped, good, read


def refused(text: str) -> list[Problem]:
    with pytest.raises(NetworkRefused) as refusal:
        read(text)
    return list(refusal.value.problems)


def test_json_and_yaml_say_the_same() -> None:
    assert read(dumped(good())) == read(yaml.safe_dump(good()), "network.yaml")


def test_the_plan_says_what_the_file_says() -> None:
    plan = read(dumped(good()))
    assert [role.party for role in plan.parties] == [Party("NL", "GWY")]
    assert plan.tariffs[0].elements[0].components[0].price == Decimal("0.35")
    assert [evse.uid for evse in plan.locations[0].evses] == ["E1", "E2"]
    assert plan.chargers[0].id == ChargerId("CP-1")
    assert [plug.number for plug in plan.chargers[0].plugs] == [ConnectorNumber(1), ConnectorNumber(2)]


def test_last_updated_may_be_left_out() -> None:
    network = good()
    del network["locations"][0]["last_updated"]
    del network["locations"][0]["evses"][0]["connectors"][0]["last_updated"]
    location = read(dumped(network)).locations[0]
    assert location.last_updated == NOON
    assert location.evses[0].connectors[0].last_updated == NOON
    assert location.evses[1].last_updated == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["{}", "parties: []", "# nothing yet\n{}"])
def test_a_file_may_say_little(text: str) -> None:
    assert read(text).locations == ()


def test_norway_is_a_country() -> None:
    """YAML 1.1 reads NO as false."""
    text = "parties:\n  - {country_code: NO, party_id: ABC, name: Yes}\n"
    assert read(text).parties[0].party == Party("NO", "ABC")


def test_json_with_tabs_and_surrogate_escapes() -> None:
    text = (
        '{\n\t"parties":\t[{"country_code":"NL","party_id":"ABC","name":"\\ud83d\\ude97 \\/ caf\\u00e9"}]\n}'
    )
    assert read(text).parties[0].name == "🚗 / café"


def test_prices_keep_their_digits() -> None:
    """Decimal, never float: 0.1 + 0.2 is 0.3."""
    text = dumped(good()).replace('"price": 0.35', '"price": 0.1000000000000000055')
    price = read(text).tariffs[0].elements[0].components[0].price
    assert price == Decimal("0.1000000000000000055")


def test_a_party_may_bring_business_details() -> None:
    network = good()
    network["parties"] = [
        {
            "country_code": "NL",
            "party_id": "GWY",
            "business_details": {"name": "Example", "website": "https://example.com"},
        }
    ]
    (role,) = read(dumped(network)).parties
    assert (role.name, role.website) == ("Example", "https://example.com")


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("", 1, 1, "the file is empty"),
        ("# only a comment\n", 1, 1, "the file is empty"),
        ('{\n  "parties": [\n', 3, 1, "did not find expected"),
        ('{\n  "parties" []\n}', 2, 13, "did not find expected"),
        ("parties: []\nlocations: [\n", 3, 1, "did not find expected"),
        ("parties: []\n  locations: []\n", 2, 3, ""),
        ("a: 1\n---\nb: 2\n", 2, 1, "single document"),
        ("parties: *nobody\n", 1, 10, "undefined alias"),
        ("parties: \x01\n", 1, 10, "unreadable"),
        ('{"parties": [], "parties": []}', 1, 17, "'parties' is given twice"),
        ("parties: []\nparties: []\n", 2, 1, "'parties' is given twice"),
        ("? [a]\n: b\n", 1, 3, "a key must be a text"),
        ("[]", 1, 1, "expected an object with parties"),
        ("just words", 1, 1, "expected an object with parties"),
        ("charger: []\n", 1, 10, "did you mean 'chargers'?"),
        ("parties: {}\n", 1, 10, "expected a list, not an object"),
        ("parties:\n  - NL-GWY\n", 2, 5, "expected an object, not a text"),
        ("parties: [" + "[" * 60 + "]" * 60 + "]", 1, 50, "nested too deeply"),
    ],
)
def test_unreadable_text_is_refused_where_it_breaks(text: str, line: int, column: int, reason: str) -> None:
    first = refused(text)[0]
    assert (first.line, first.column) == (line, column)
    assert reason in first.reason


def _set(*path: object) -> Callable[[Network], None]:
    """Set the value at a path (all but the last argument) to the last argument."""

    def change(network: Network) -> None:
        at = network
        for part in path[:-2]:
            at = at[part]  # type: ignore[index]
        at[path[-2]] = path[-1]  # type: ignore[index]

    return change


def _drop(*path: object) -> Callable[[Network], None]:
    def change(network: Network) -> None:
        at = network
        for part in path[:-1]:
            at = at[part]  # type: ignore[index]
        del at[path[-1]]  # type: ignore[arg-type]

    return change


def _twice(name: str) -> Callable[[Network], None]:
    return lambda network: network[name].append(network[name][0])


LOC = ("locations", 0)
EVSE = (*LOC, "evses", 0)
PLUG = ("chargers", 0, "connectors", 0)

BROKEN = [
    (_drop("parties", 0, "country_code"), "parties[0].country_code", "missing"),
    (_set("parties", 0, "country_code", "NLD"), "parties[0].country_code", "is not a party"),
    (_set("parties", 0, "party_id", "GATEWAY"), "parties[0].country_code", "is not a party"),
    (_set("parties", 0, "party_id", 123), "parties[0].party_id", 'write "123" in quotes'),
    (_set("parties", 0, "name", ""), "parties[0].name", "needs a name"),
    (_set("parties", 0, "webside", "x"), "parties[0].webside", "did you mean 'website'?"),
    (_set("parties", 0, "business_details", "x"), "parties[0].business_details", "expected an object"),
    (_twice("parties"), "parties[1]", "NL-GWY is there twice"),
    (_drop("tariffs", 0, "currency"), "tariffs[0].currency", "required"),
    (_set("tariffs", 0, "elements", []), "tariffs[0].elements", ""),
    (_set("tariffs", 0, "curency", "EUR"), "tariffs[0].curency", "did you mean 'currency'?"),
    (
        _set("tariffs", 0, "elements", 0, "price_components", 0, "price", "much"),
        "tariffs[0].elements[0].price_components[0].price",
        "",
    ),
    (_twice("tariffs"), "tariffs[1]", "NL-GWY/standard is there twice"),
    (_drop(*LOC, "time_zone"), "locations[0].time_zone", "required"),
    (_set(*LOC, "country", "NL"), "locations[0].country", ""),
    (_set(*LOC, "coordinates", "latitude", "north"), "locations[0].coordinates.latitude", ""),
    (_set(*LOC, "publish", "maybe"), "locations[0].publish", ""),
    (_set(*LOC, "evse", []), "locations[0].evse", "did you mean 'evses'?"),
    (_set(*EVSE, "stauts", "AVAILABLE"), "locations[0].evses[0].stauts", "did you mean 'status'?"),
    (_set(*EVSE, "status", "SLEEPING"), "locations[0].evses[0].status", ""),
    (_set(*EVSE, "connectors", []), "locations[0].evses[0].connectors", ""),
    (_set(*EVSE, "connectors", 0, "id", 1), "locations[0].evses[0].connectors[0].id", ""),
    (
        _set(*EVSE, "connectors", 0, "max_voltage", "high"),
        "locations[0].evses[0].connectors[0].max_voltage",
        "",
    ),
    (_set(*EVSE, "uid", "e2"), "locations[0].evses[1].uid", "is there twice"),
    (_twice("locations"), "locations[1]", "LOC1 is there twice"),
    (_drop("chargers", 0, "id"), "chargers[0].id", "missing"),
    (_set("chargers", 0, "id", "a:b"), "chargers[0].id", "without a colon"),
    (_set("chargers", 0, "id", "x" * 49), "chargers[0].id", "at most 48"),
    (_set("chargers", 0, "password", 12345678), "chargers[0].password", 'write "12345678" in quotes'),
    (_set("chargers", 0, "password", ""), "chargers[0].password", "is empty"),
    (_set("chargers", 0, "passwort", "x"), "chargers[0].passwort", "did you mean 'password'?"),
    (_set("chargers", 0, "certificate_subject", "CN=x"), "chargers[0].certificate_subject", "not both"),
    (_set("chargers", 0, "protocol", "ocpp1.5"), "chargers[0].protocol", "is none of"),
    (_set("chargers", 0, "security_profile", 7), "chargers[0].security_profile", "from 0 to 3"),
    (_set("chargers", 0, "connectors", []), "chargers[0].connectors", "at least one connector"),
    (_drop(*PLUG, "number"), "chargers[0].connectors[0].number", "needs the number"),
    (_set(*PLUG, "number", 0), "chargers[0].connectors[0].number", "from 1 to 1000"),
    (_set(*PLUG, "number", True), "chargers[0].connectors[0].number", "whole number"),
    (_set(*PLUG, "number", 2), "chargers[0].connectors[1].number", "is there twice"),
    (_set(*PLUG, "connector_id", 1), "chargers[0].connectors[0].connector_id", 'write "1" in quotes'),
    (_drop(*PLUG, "evse_uid"), "chargers[0].connectors[0].evse_uid", "missing"),
    (_twice("chargers"), "chargers[1]", "CP-1 is there twice"),
    (_set("tariff_assignments", [{"tariff_id": "x"}]), "tariff_assignments[0]", "needs a partner"),
    (
        _set("tariff_assignments", [{"tariff_id": "x", "partner": "P", "party": "NL-EMS"}]),
        "tariff_assignments[0]",
        "not both",
    ),
    (
        _set("tariff_assignments", [{"tariff_id": "x", "party": "EMS"}]),
        "tariff_assignments[0].party",
        "is not a party",
    ),
    (_set("tariff_assignments", [{"party": "NL-EMS"}]), "tariff_assignments[0].tariff_id", "missing"),
    (
        _set("tariff_assignments", [{"tariff": "x", "party": "NL-EMS"}]),
        "tariff_assignments[0].tariff",
        "did you mean 'tariff_id'?",
    ),
    (
        _set("tariff_assignments", [{"tariff_id": i, "party": "NL-EMS"} for i in ("x", "X")]),
        "tariff_assignments[1]",
        "is there twice",
    ),
]


@pytest.mark.parametrize(("breaking", "path", "reason"), BROKEN, ids=[path for _, path, _ in BROKEN])
def test_what_is_wrong_is_named_with_its_position(
    breaking: Callable[[Network], None], path: str, reason: str
) -> None:
    network = good()
    breaking(network)
    text = dumped(network)
    problem = next(p for p in refused(text) if p.path.startswith(path) and reason in p.reason)
    assert problem.file == "network.json"
    assert problem.line > 1
    assert text.splitlines()[problem.line - 1][problem.column - 1 :].strip()


def test_the_position_is_the_line_of_the_value() -> None:
    text = dumped(good()).replace('"connector_id": "1"', '"connector_id": 1', 1)
    (problem,) = refused(text)
    assert '"connector_id": 1' in text.splitlines()[problem.line - 1]
    assert str(problem).startswith(f"network.json:{problem.line}:{problem.column}: chargers[0].connectors[0]")


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    network = good()
    network["parties"][0]["name"] = ""
    network["tariffs"][0]["curency"] = "x"
    network["chargers"][0]["protocol"] = "soap"
    problems = refused(dumped(network))
    assert [p.path for p in problems] == ["parties[0].name", "tariffs[0].curency", "chargers[0].protocol"]


def test_aliases_that_multiply_are_stopped() -> None:
    """T23: a small file must not become a large one."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "too many values" in refused("\n".join(lines))[-1].reason
