"""Parts of a report: complete when all came, in whatever order (D02)."""

import random

import pytest

from gateway.domain.parts import Parts


def after(*numbers: int, end: int | None) -> Parts:
    parts = Parts()
    for number in numbers:
        parts = parts.with_part(number, last=number == end)
    return parts


@pytest.mark.parametrize(
    ("numbers", "end", "lacking"),
    [
        ((0,), 0, ()),
        ((0, 1, 2), 2, ()),
        ((2, 1, 0), 2, ()),
        ((0, 2), 2, ((1, 1),)),
        ((2, 0, 0), 2, ((1, 1),)),
        ((3,), 3, ((0, 2),)),
        ((1, 5, 9), 9, ((0, 0), (2, 4), (6, 8))),
        ((0, 1, 3), None, ((2, 2),)),
    ],
)
def test_what_lacks(numbers: tuple[int, ...], end: int | None, lacking: tuple[tuple[int, int], ...]) -> None:
    """D02: the part without tbc says how many there are, not that all came."""
    parts = after(*numbers, end=end)
    assert parts.lacking == lacking
    assert parts.complete is (end is not None and not lacking)


def test_a_thousand_parts_in_any_order() -> None:
    """D02: more than 1000 parts, some twice; it is complete with the very last, and takes little room."""
    numbers = list(range(1200))
    random.Random(7).shuffle(numbers)
    *most, last = numbers
    parts = after(*most, *most[:50], end=1199)
    assert parts.lacking == ((last, last),)
    done = parts.with_part(last, last=False)
    assert (done.complete, done.runs) == (True, ((0, 1199),))


def test_gaps_without_end_take_no_more_room() -> None:
    """D02: a charger cannot fill the store with numbers; such a report is never complete."""
    parts = after(*range(0, 5000, 2), end=4998)
    assert len(parts.runs) <= 500
    assert parts.complete is False
    assert len(parts.sentence()) < 400
