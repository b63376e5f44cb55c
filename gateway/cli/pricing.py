"""`gateway price` and `gateway tariff lint`: prices and tariffs in files; no running gateway is needed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import Json
from gateway.domain.errors import GatewayError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.domain.tariff_lint import Finding
    from gateway.network.positions import Document
    from ocpi.price_documents import PriceWords

tariffs = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A JSON document; - reads standard input.")]
TariffFile = Annotated[
    Path, typer.Argument(help="A tariff, a list of tariffs, or a network file; JSON or YAML.")
]
Explain = Annotated[bool, typer.Option("--explain", help="Show how the price comes about, step by step.")]
Ocpi = Annotated[
    str | None, typer.Option("--ocpi", help="2.2.1 or 2.3.0. Default: what the document looks like.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if anything is found.")]


def versions() -> tuple[PriceWords, ...]:
    """The versions prices can be read and written in; the first is the one without marks of its own."""
    import ocpi.v221
    import ocpi.v230
    from ocpi.price_documents import PriceWords, with_sums
    from ocpi.v221.write_tariffs import write_price
    from ocpi.v230.write import write_price as write_price_with_taxes

    return (
        PriceWords(ocpi.v221.VERSION, ocpi.v221.read_tariff, write_price),
        PriceWords(
            ocpi.v230.VERSION,
            ocpi.v230.read_tariff,
            with_sums(write_price_with_taxes),
            frozenset({"tax_included", "before_taxes", "after_taxes"}),
        ),
    )


def price(file: File, *, explain: Explain = False, ocpi: Ocpi = None, json: Json = False) -> None:
    """Price a document {time_zone, tariffs, cdr}: JSON out, with --explain a table to follow."""
    from gateway.api.exact import text_of
    from gateway.cli.network import read_text
    from gateway.cli.output import print_rows, sayable
    from gateway.domain.explain import explain as rows_of
    from ocpi.json import MalformedJson, parse
    from ocpi.price_documents import read_price_document, write_totals

    name, text = read_text(file)
    try:
        value = parse(text.encode())
    except MalformedJson as error:
        raise InvalidInput(f"{name}: {error}") from error
    words = _chosen(value, ocpi)
    try:
        bill = read_price_document(value, words).bill()
    except GatewayError as error:
        raise type(error)(f"{name}: {error}") from error
    if explain and not json:
        print_rows(rows_of(bill))
        return
    totals = dict(write_totals(bill, words))
    if explain:
        totals["explanation"] = [asdict(row) for row in rows_of(bill)]
    print(sayable(text_of(totals, indented=True)))


@tariffs.command("lint")
def lint(file: TariffFile, *, ocpi: Ocpi = None, strict: Strict = False, json: Json = False) -> None:
    """Find what cannot work in a tariff, or will surprise somebody. Nothing is changed."""
    from gateway.api.exact import text_of
    from gateway.cli.network import read_text
    from gateway.cli.output import print_table, sayable
    from gateway.network.positions import parse

    document = parse(*read_text(file))
    found = list(_findings(document, ocpi))
    if json:
        print(sayable(text_of(found, indented=True)))
    else:
        rows = [(f"{f['line']}:{f['column']}", f["rule"], f["where"], f["message"]) for f in found]
        print_table(["line", "rule", "where", "reason"], rows, empty="Nothing to complain about.")
    if any(f["rule"] == _INVALID for f in found) or (strict and found):
        raise typer.Exit(1)


_INVALID = "INVALID"
_END_OF_DAY = "24:00 is no time in OCPI; write 00:00 for the end of the day"


def _findings(document: Document, ocpi: str | None) -> Iterator[dict[str, Any]]:
    from gateway.domain.tariff_lint import lint as lint_tariff
    from ocpi.price_documents import read_tariff_at

    for path, value in _tariffs_in(document):
        base = "".join(f"[{part}]" if isinstance(part, int) else part for part in path)
        if not isinstance(value, dict):
            yield _found(document, path, _INVALID, "a tariff is an object")
            continue
        stamped = {"last_updated": "2000-01-01T00:00:00Z"} | value
        try:
            tariff = read_tariff_at(stamped, base, _chosen(value, ocpi))
        except InvalidInput as error:
            where = (*path, *_parts(error.field.removeprefix(base)))
            reason = str(error).removeprefix(f"{error.field}: ")
            yield _found(
                document,
                where,
                _INVALID,
                _END_OF_DAY if _at(value, where[len(path) :]) == "24:00" else reason,
            )
            continue
        for finding in lint_tariff(tariff):
            yield _found(document, (*path, *_place(finding)), finding.rule, finding.message)


def _tariffs_in(document: Document) -> Sequence[tuple[tuple[str | int, ...], Any]]:
    value = document.value
    if isinstance(value, dict) and "elements" in value:
        return [((), value)]
    listed = value.get("tariffs") if isinstance(value, dict) else value
    if not isinstance(listed, list):
        raise InvalidInput(f"{document.name} is no tariff (with `elements`), no list and no network file")
    base: tuple[str | int, ...] = ("tariffs",) if isinstance(value, dict) else ()
    return [((*base, number), item) for number, item in enumerate(listed)]


def _found(document: Document, path: tuple[str | int, ...], rule: str, message: str) -> dict[str, Any]:
    at = document.problem(path, message)
    return {
        "file": at.file,
        "line": at.line,
        "column": at.column,
        "rule": str(rule),
        "where": at.path,
        "message": message,
    }


def _place(finding: Finding) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdigit() else part for part in finding.where.split("."))


def _parts(dotted: str) -> tuple[str | int, ...]:
    plain = dotted.replace("[", ".").replace("]", "")
    return tuple(int(part) if part.isdigit() else part for part in plain.split(".") if part)


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        if not isinstance(value, dict | list) or (isinstance(value, list) is not isinstance(part, int)):
            return None
        try:
            value = value[part]  # type: ignore[index]
        except (KeyError, IndexError):
            return None
    return value


def _chosen(value: Any, wanted: str | None) -> PriceWords:
    """The version that was asked for, or whose own fields are in the document. Raises InvalidInput."""
    known = versions()
    if wanted is None:
        return next((words for words in known if words.spoken_in(value)), known[0])
    found = next((words for words in known if words.version == wanted), None)
    if found is None:
        raise InvalidInput(f"--ocpi is one of {', '.join(words.version for words in known)}")
    return found
