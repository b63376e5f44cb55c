from datetime import timedelta

import ocpi.v211
import ocpi.v221
from gateway.domain.sites import Location
from ocpi.dialect import Json
from ocpi.skipping import remembered, written
from tests.builders import NOON, location


def test_an_object_of_a_list_is_written_again_only_when_it_changed() -> None:
    """LOC-01: pages are asked for again and again, locations hardly ever change."""
    asked: list[Location] = []

    def write(one: Location) -> Json:
        asked.append(one)
        return ocpi.v221.write_location(one)

    first = location()
    moved = location(last_updated=NOON + timedelta(hours=1))
    pages = [written(page, remembered(write), "locations") for page in ([first], [first, moved], [moved])]
    assert asked == [first, moved]
    assert pages[1] == [*pages[0], *pages[2]]
    assert pages[0] != pages[2]


def test_versions_are_remembered_apart() -> None:
    """TR-32 and LOC-01: what one version says is never sent to a partner of another."""
    one = location()
    for dialect in (ocpi.v221, ocpi.v211, ocpi.v221):
        assert remembered(dialect.write_location)(one) == dialect.write_location(one)
