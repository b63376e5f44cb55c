"""Durable OCPP 1.6 MeterValues per second and their p99, beside the usual way in the same call.

    python benchmarks/meter_values.py [--connections 200] [--seconds 5] [--at-least 10]

Each connection is inside a transaction and sends its next message when the last one was acknowledged, which
is after the commit. Exit code 1 if the gateway is not at least that many times faster.
"""

from beside import compare_chargers
from load import LoadedCharger

if __name__ == "__main__":
    raise SystemExit(compare_chargers(__doc__, "usual_way.py", LoadedCharger, at_least=10))
