"""Reads OCPI 2.2.1 objects with another implementation's models; runs in that implementation's environment.

Standard input: {"locations": [...], ...}; standard output: what was refused, one line each.
"""

import json
import sys

from py_ocpi.modules.cdrs.v_2_2_1.schemas import Cdr
from py_ocpi.modules.credentials.v_2_2_1.schemas import Credentials
from py_ocpi.modules.locations.v_2_2_1.schemas import Location
from py_ocpi.modules.sessions.v_2_2_1.schemas import Session
from py_ocpi.modules.tariffs.v_2_2_1.schemas import Tariff
from py_ocpi.modules.tokens.v_2_2_1.schemas import Token

MODELS = {
    "locations": Location,
    "tariffs": Tariff,
    "sessions": Session,
    "cdrs": Cdr,
    "tokens": Token,
    "credentials": Credentials,
}

for module, objects in json.load(sys.stdin).items():
    for value in objects:
        try:
            MODELS[module].parse_obj(value)
        except ValueError as error:
            sys.stdout.write(f"{module} {value.get('id')}: {' '.join(str(error).split())}\n")
