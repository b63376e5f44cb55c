"""Tells the story: numbered steps, coloured on a terminal, plain text elsewhere."""

import time

from rich.console import Console
from rich.text import Text


class Narrator:
    """Prints what happened as it happened."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._began = time.monotonic()
        self._step = 0

    def say(self, text: str) -> None:
        """A line beside the story."""
        self._console.print(Text(text, style="dim"))

    def told(self, title: str, detail: str) -> None:
        """One more step really happened."""
        self._step += 1
        line = Text(f"{self._step:>2}  ", style="bold cyan")
        line.append(title, style="bold")
        line.append(f"  {detail}")
        self._console.print(line)

    def failed(self, reason: str) -> None:
        """The next step did not happen."""
        line = Text(f"{self._step + 1:>2}  FAILED", style="bold red")
        line.append(f"  {reason}")
        self._console.print(line)

    def again(self) -> None:
        """A new session begins; its steps follow those that need no repeating."""
        self._step = 4
        self._began = time.monotonic()
        self._console.print()

    def done(self, text: str) -> None:
        """The story ended well."""
        took = time.monotonic() - self._began
        self._console.print(Text(f"ok  {text} ({took:.1f} s)", style="bold green"))
