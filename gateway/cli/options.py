"""Options that several commands share, spelt once."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option("--config", envvar="GATEWAY_CONFIG", help="TOML file with settings.", dir_okay=False),
]
Url = Annotated[
    str | None, typer.Option("--url", help="Address of the running gateway. Default: GATEWAY_URL.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")]
Offset = Annotated[
    int, typer.Option("--offset", min=0, help="How many to leave out, counted from the newest.")
]
PartnerFilter = Annotated[str | None, typer.Option("--partner", help="Only those of this partner.")]
