"""What goes wrong with the trail."""

from collections.abc import Sequence


class ForgedEvents(RuntimeError):
    """Events that were not written with `EVENT_KEY`: the sealer left them out, and sealed all others before."""

    def __init__(self, event_ids: Sequence[int], sealed: int) -> None:
        self.event_ids, self.sealed = event_ids, sealed
        named = ", ".join(map(str, event_ids[:10])) + (" …" if len(event_ids) > 10 else "")
        super().__init__(f"{len(event_ids)} events without a valid mac: {named}; {sealed} others sealed")


class NoSigningKey(RuntimeError):
    """This process has no `AUDIT_KEY`: only the scheduler and `labshare audit seal` sign."""

    def __init__(self) -> None:
        super().__init__("AUDIT_KEY: not set here; the scheduler and `labshare audit seal` sign with it")


class TrailBroken(RuntimeError):
    """What is to be signed does not follow from what was signed before: nothing is."""
