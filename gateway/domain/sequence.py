"""Which of a charger's numbered messages were heard: ranges of numbers, few however many messages (D10)."""

from itertools import pairwise

Ranges = tuple[tuple[int, int], ...]
"""Closed ranges in ascending order, none touching the next."""

_MOST = 32


def was_heard(ranges: Ranges, number: int) -> bool:
    """Whether this number was heard."""
    return any(low <= number <= high for low, high in ranges)


def hearing(ranges: Ranges, number: int) -> Ranges:
    """The ranges with one more number; beyond 32 ranges the oldest gaps count as filled."""
    if ranges and ranges[-1][1] + 1 == number:
        return (*ranges[:-1], (ranges[-1][0], number))
    if was_heard(ranges, number):
        return ranges
    merged: list[tuple[int, int]] = []
    for low, high in sorted((*ranges, (number, number))):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    while len(merged) > _MOST:
        merged[:2] = [(merged[0][0], merged[1][1])]
    return tuple(merged)


def gaps(ranges: Ranges) -> Ranges:
    """The numbers between the first and the last that were not heard."""
    return tuple((low[1] + 1, high[0] - 1) for low, high in pairwise(ranges))
