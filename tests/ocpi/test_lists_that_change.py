"""F35: lists that change or lie while they are read."""

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import PartnerUnreachable
from ocpi import flows
from ocpi.flows import Ask, Items
from ocpi.replies import Reply

LIST = "https://ems.example/tokens"
PAGE = 3
Edit = tuple[str, int]
EDITS = st.lists(st.tuples(st.sampled_from(["remove", "append", "nothing"]), st.integers(0, 40)), max_size=30)


def offset_of(url: str) -> int:
    return int(parse_qs(urlsplit(url).query).get("offset", ["0"])[0])


def link(offset: int) -> str:
    return f"{LIST}?offset={offset}&limit={PAGE}"


def read(values: list[int], edits: Sequence[Edit]) -> tuple[set[int], set[int]]:
    """What was read, and what was there all the time; before each page but the first the list changes."""
    flow, taken, stayed, changes = flows.pages(LIST, most=200), set[int](), set(values), iter(edits)
    fresh = 1000
    step = next(flow)
    try:
        while True:
            if isinstance(step, Items):
                taken |= {v for v in step.values if isinstance(v, int)}
                step = flow.send(None)
                continue
            assert isinstance(step, Ask)
            at = offset_of(step.url)
            page = tuple(values[at : at + PAGE])
            more = at + PAGE < len(values)
            reply = Reply(
                200, 1000, data=list(page), total=len(values), next_url=link(at + PAGE) if more else None
            )
            what, where = next(changes, ("nothing", 0))
            if what == "remove" and values:
                stayed.discard(values.pop(where % len(values)))
            elif what == "append":
                values.append(fresh := fresh + 1)
            step = flow.send(reply)
    except StopIteration:
        return taken, stayed


@given(st.integers(0, 30), EDITS)
def test_f35_nothing_is_missed_that_was_there_all_the_time(size: int, edits: list[Edit]) -> None:
    """Totals that are true: removals move objects up, and the page is asked for again that much earlier."""
    taken, stayed = read(list(range(size)), edits)
    assert stayed <= taken


@given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 9), st.integers(0, 60)), min_size=1))
def test_f35_lying_totals_links_beyond_the_end_and_loops_come_to_an_end(
    script: list[tuple[int, int | None, int]],
) -> None:
    """Whatever a partner says about totals and next pages, reading ends, if need be with a refusal."""
    flow, asked = flows.pages(LIST, most=50), 0
    try:
        step = next(flow)
        while True:
            if isinstance(step, Items):
                step = flow.send(None)
                continue
            count, total, following = script[asked % len(script)]
            asked += 1
            step = flow.send(Reply(200, 1000, data=list(range(count)), total=total, next_url=link(following)))
    except (StopIteration, PartnerUnreachable):
        pass
    assert asked <= 100
