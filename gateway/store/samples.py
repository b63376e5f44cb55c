"""Meter samples as text. They are most of what is written, so their text is put together by hand."""

from functools import lru_cache
from typing import Final

from pydantic_core import to_json

from gateway.domain.readings import Measurand, Reading, ReadingContext, ReadingPlace, Sample
from gateway.store.codec import Codec


def sample_text(sample: Sample) -> str | None:
    """The JSON text of a sample, as pydantic would read it; None for one with signed values."""
    if sample.signed:
        return None
    readings = ",".join(map(_reading_text, sample.readings))
    return f'{{"at":"{sample.at.isoformat()}","readings":[{readings}],"signed":[]}}'


def _reading_text(reading: Reading) -> str:
    begin, end = _around(reading.measurand, reading.context, reading.phase, reading.place)
    return f"{begin}{reading.value!s}{end}"


@lru_cache(maxsize=1024)
def _around(
    measurand: Measurand, context: ReadingContext, phase: str | None, place: ReadingPlace
) -> tuple[str, str]:
    """What stands before and after the value; defaults are left out."""
    end = '"' if context is ReadingContext.PERIODIC else f'","context":"{context}"'
    if phase is not None:
        end += f',"phase":{to_json(phase).decode()}'
    if place is not ReadingPlace.OUTLET:
        end += f',"place":"{place}"'
    return f'{{"measurand":"{measurand}","value":"', end + "}"


SAMPLE: Final = Codec(Sample, write=sample_text)
