"""Where the authority's key is kept: a file only its owner may read."""

import os
from datetime import datetime
from pathlib import Path

from gateway.certificates.authority import Authority
from gateway.domain.errors import InvalidInput


def kept_authority(path: Path, operator: str, now: datetime) -> Authority:
    """The authority in this file; made at the first start. Raises InvalidInput if the file cannot be used."""
    try:
        if path.exists():
            return Authority.read(path.read_bytes())
        made = Authority.make(operator, now)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made.pem())
    except OSError as error:
        raise InvalidInput(f"{path}: the chargers' certificate authority cannot be kept: {error}") from error
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from error
    return made
