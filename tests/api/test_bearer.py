"""T2 for the operator side: wrong bearer tokens are slowed down, the right one is not, memory is bounded."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from gateway.api.bearer import TokenCheck, TooManyAttempts
from gateway.domain.errors import NotAuthenticated
from tests.api.conftest import TOKEN, Operator

GUESSES = 40


def request(shown: str | None) -> web.Request:
    return make_mocked_request("GET", "/", headers={"Authorization": shown} if shown is not None else {})


async def retry_after(operator: Operator) -> int:
    """Seconds an address has to wait that guesses on."""
    for _ in range(GUESSES):
        headers = {"Authorization": "Bearer guess"}
        async with operator.session.get(f"{operator.url}/api/v1/status", headers=headers) as answer:
            if answer.status == 429:
                return int(answer.headers["Retry-After"])
    raise AssertionError("never slowed down")


async def test_t2_wrong_tokens_are_slowed_down_and_the_right_one_is_not(operator: Operator) -> None:
    """Nothing is looked at for a wrong one; 429 says when to come back."""
    paths = ("/api/v1/status", "/api/v1/no/such/thing", "/api/v1/network")
    said = [await operator.call("GET", paths[n % 3], token=f"guess-{n}") for n in range(GUESSES)]
    statuses = [status for status, _ in said]
    assert statuses[:20] == [401] * 20
    assert set(statuses[20:]) <= {401, 429}
    assert statuses.count(429) >= 10
    assert {body["error"] for status, body in said if status == 429} == {"too_many_attempts"}
    assert await retry_after(operator) > 0
    assert (await operator.call("GET", paths[0], token=TOKEN))[0] == 200


@pytest.mark.parametrize("shown", [None, "", "Bearer", "Bearer ", "Basic right", "Bearer wrong", "right"])
def test_t13_only_the_right_bearer_token_opens(shown: str | None) -> None:
    with pytest.raises(NotAuthenticated):
        TokenCheck("right", "").require(request(shown))


def test_attempts_come_back_with_time() -> None:
    """20 at once, then one every two seconds."""
    now = [0.0]
    check = TokenCheck("right", monotonic=lambda: now[0])

    def guess() -> type[Exception]:
        with pytest.raises((NotAuthenticated, TooManyAttempts)) as refused:
            check.require(request("Bearer wrong"))
        return refused.type

    assert [guess() for _ in range(21)] == [NotAuthenticated] * 20 + [TooManyAttempts]
    now[0] = 2.0
    assert [guess() for _ in range(2)] == [NotAuthenticated, TooManyAttempts]
    check.require(request("Bearer right"))
    check.require(request("bearer  right "))


async def test_many_guesses_at_once_do_not_hold_up_the_operator(operator: Operator) -> None:
    guesses = [operator.call("GET", "/api/v1/status", token=f"g{n}") for n in range(200)]
    answers = await asyncio.gather(*guesses, operator.call("GET", "/api/v1/status"))
    assert answers[-1][0] == 200
    assert sum(status == 429 for status, _ in answers) >= 100
