"""Every version of OCPI spoken here, by its name."""

import ocpi.v22
import ocpi.v211
import ocpi.v221
import ocpi.v230
from ocpi.dialect import Dialect

DIALECTS: dict[str, Dialect] = {
    ocpi.v211.VERSION: ocpi.v211,
    ocpi.v22.VERSION: ocpi.v22,
    ocpi.v221.VERSION: ocpi.v221,
    ocpi.v230.VERSION: ocpi.v230,
}
"""Partners and the handshake choose."""
