"""`gateway charger task …` for what has a command of its own."""

from tests.cli.conftest import Shell

OURS = ("charger", "task", "network-profile", "wss://127.0.0.1/ocpp")


async def test_a_network_profile(shell: Shell) -> None:
    """D03: the task is begun with every field; what cannot be right is refused before that."""
    await shell("apply", "network.json")
    more = ("--slot", "2", "--security-profile", "3", "--interface", "Wireless0", "--message-timeout", "45")
    begun = await shell(*OURS, "CP-1", *more, "--json")
    assert (begun.code, begun.json["operation"]) == (0, "network-profile")
    assert [step["charger"] for step in begun.json["steps"]] == ["CP-1"]
    nobody = await shell(*OURS, *more)
    assert (nobody.code, "name chargers" in nobody.err) == (2, True)
    assert (await shell(*OURS, "CP-1", "--slot", "2", "--interface", "Wired9")).code == 2
    assert (await shell(*OURS[:-1], "https://127.0.0.1/ocpp", "CP-1", "--slot", "2")).code == 2
    tasks = (await shell("charger", "task", "list", "--json")).json
    assert [task["operation"] for task in tasks] == ["network-profile"]
