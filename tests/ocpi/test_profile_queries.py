"""`response_url` in a query, as the specification's example writes it and as it should be written."""

import pytest

from gateway.domain.errors import InvalidInput
from ocpi.routes_commands import read_profile_query

PLAIN = "https://ems.example/r/1?request_id=5678"
CODED = "https%3A%2F%2Fems.example%2Fr%2F1%3Frequest_id%3D5678"


@pytest.mark.parametrize(
    ("query", "url", "duration"),
    [
        (f"duration=900&response_url={PLAIN}", PLAIN, 900),
        (f"response_url={PLAIN}", PLAIN, None),
        (f"response_url={PLAIN}&b=2", f"{PLAIN}&b=2", None),
        (f"response_url={PLAIN}&b=2&duration=900", f"{PLAIN}&b=2", 900),
        (f"duration=900&response_url={PLAIN}&duration=5", f"{PLAIN}&duration=5", 900),
        (f"duration=900&response_url={CODED}", PLAIN, 900),
        (f"response_url={CODED}&duration=900", PLAIN, 900),
        (f"duration=soon&response_url={CODED}", PLAIN, None),
    ],
)
def test_queries(query: str, url: str, duration: int | None) -> None:
    """CP-01: an unencoded URL is the rest of the query, an encoded one ends where it ends."""
    assert read_profile_query(query) == (url, duration)


@pytest.mark.parametrize("query", ["", "duration=900", "response_url=", "my_response_url=x"])
def test_queries_without_an_address(query: str) -> None:
    """CP-01."""
    with pytest.raises(InvalidInput):
        read_profile_query(query)
