"""What simulated chargers can be told to do wrong, as a table."""

from collections.abc import Iterator

from pydantic import BaseModel


class HabitRow(BaseModel):
    """One habit or misbehaviour; `why_not` instead where a quirk is none of a version."""

    id: str
    versions: list[str]
    does: str | None = None
    why_not: str | None = None


def show(*, as_json: bool) -> None:
    """Print what `--misbehave` knows."""
    from gateway.cli.output import print_json, print_table

    rows = list(_rows())
    if as_json:
        print_json(rows)
        return
    cells = [(row.id, " ".join(row.versions), row.does or f"no habit: {row.why_not}") for row in rows]
    print_table(["id", "versions", "what it does"], cells, empty="")


def _rows() -> Iterator[HabitRow]:
    """Rows of equal text stand once, with all their versions."""
    from gateway.sim.habits import HABITS, NONE
    from gateway.sim.script import DOES, VERSIONS_OF

    texts: dict[tuple[str, str | None, str | None], list[str]] = {}
    for version in HABITS:
        for habit in HABITS[version].values():
            texts.setdefault((habit.id, habit.does, None), []).append(version)
        for quirk, why in NONE[version].items():
            texts.setdefault((quirk, None, why), []).append(version)
    for (id_, does, why_not), versions in sorted(texts.items(), key=lambda item: item[0][0]):
        yield HabitRow(id=id_, versions=versions, does=does, why_not=why_not)
    for misbehaviour, does in DOES.items():
        yield HabitRow(id=misbehaviour, versions=list(VERSIONS_OF.get(misbehaviour, HABITS)), does=does)
