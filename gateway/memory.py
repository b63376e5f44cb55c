"""How the process looks after its memory."""

import gc

_NEW_OBJECTS = 50_000
"""New objects between two looks for garbage; one burst of messages makes thousands that need none."""


def settle() -> None:
    """Leave what a start made out of every later search for garbage, and search less often.

    A search through everything stops all chargers and partners for its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 50)
