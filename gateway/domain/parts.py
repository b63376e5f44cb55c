"""Which parts of a report in many messages came: in any order, twice, or not at all (D02)."""

from dataclasses import dataclass, replace

_MOST_NAMED = 20
_MOST_RUNS = 500
"""Gaps beyond this are not kept apart: such a report counts as incomplete."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Runs of parts, first and last of each, counted from 0; `end` is the last part of all, once it came."""

    runs: tuple[tuple[int, int], ...] = ()
    end: int | None = None

    def with_part(self, number: int, *, last: bool) -> "Parts":
        """The same after one more."""
        near = [run for run in self.runs if run[0] - 1 <= number <= run[1] + 1]
        others = [run for run in self.runs if run not in near]
        joined = (min([number, *(run[0] for run in near)]), max([number, *(run[1] for run in near)]))
        runs = tuple(sorted([*others, joined])[:_MOST_RUNS])
        return replace(self, runs=runs, end=number if last else self.end)

    @property
    def lacking(self) -> tuple[tuple[int, int], ...]:
        """Runs of parts that did not come; those after the last that came are known once the end is."""
        gaps, next_ = [], 0
        for first, last in self.runs:
            if first > next_:
                gaps.append((next_, first - 1))
            next_ = last + 1
        if self.end is not None and next_ <= self.end:
            gaps.append((next_, self.end))
        return tuple(gaps)

    @property
    def complete(self) -> bool:
        """Whether the end came, and all before it."""
        return self.end is not None and not self.lacking

    def sentence(self) -> str:
        """For people: which parts lack."""
        runs = [f"{first}" if first == last else f"{first} to {last}" for first, last in self.lacking]
        more = "" if len(runs) <= _MOST_NAMED else " and more"
        return f"incomplete: part {', '.join(runs[:_MOST_NAMED])}{more} of 0 to {self.end} did not come"
