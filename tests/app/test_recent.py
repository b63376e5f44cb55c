"""What is kept of raw messages has a bound in bytes, whoever speaks how much (issue F, F3, F39)."""

from gateway.app.recent import RecentMessages
from gateway.domain.ids import ChargerId
from tests.fakes import FakeClock

MOST = 100_000


def recent() -> RecentMessages:
    return RecentMessages(FakeClock(), most_bytes=MOST)


def kept(messages: RecentMessages, names: list[str]) -> dict[str, int]:
    return {name: len(messages.of_charger(ChargerId(name))) for name in names}


def held_bytes(messages: RecentMessages, names: list[str]) -> int:
    return sum(len(m.text) + len(m.summary) for name in names for m in messages.of_charger(ChargerId(name)))


def test_a_conversation_keeps_its_last_hundred() -> None:
    messages = recent()
    for number in range(150):
        messages.frame(ChargerId("A"), "in", f"{number}")
    assert [m.text for m in messages.of_charger(ChargerId("A"))] == [f"{n}" for n in range(50, 150)]


def test_many_that_speak_in_turn_share_what_there_is_room_for() -> None:
    """No one's history is lost for another's; without a bound these would be 500 x 100 messages."""
    messages, names = recent(), [f"C{n}" for n in range(50)]
    for number in range(100):
        for name in names:
            messages.frame(ChargerId(name), "in", f"{number}".ljust(300, "x"))
    assert held_bytes(messages, names) <= MOST
    counts = kept(messages, names)
    assert min(counts.values()) >= 2
    assert all(messages.of_charger(ChargerId(name))[-1].text.startswith("99") for name in names)


def test_one_that_talks_a_lot_does_not_drive_out_the_others() -> None:
    messages = recent()
    messages.frame(ChargerId("quiet"), "in", "its last word")
    for _ in range(1000):
        messages.frame(ChargerId("loud"), "in", "x" * 4096)
    assert [m.text for m in messages.of_charger(ChargerId("quiet"))] == ["its last word"]
    assert held_bytes(messages, ["loud", "quiet"]) <= MOST


def test_who_was_silent_longest_goes_when_there_are_too_many() -> None:
    messages, names = recent(), [f"C{n}" for n in range(1000)]
    for name in names:
        messages.frame(ChargerId(name), "in", "x" * 300)
    counts = kept(messages, names)
    assert counts["C999"] == 1
    assert counts["C0"] == 0
    assert held_bytes(messages, names) <= MOST


def test_a_message_larger_than_everything_leaves_nothing_behind() -> None:
    messages = RecentMessages(FakeClock(), most_bytes=1000)
    messages.frame(ChargerId("A"), "in", "x" * 5000)
    assert messages.of_charger(ChargerId("A")) == ()
    messages.frame(ChargerId("A"), "in", "y")
    assert [m.text for m in messages.of_charger(ChargerId("A"))] == ["y"]
