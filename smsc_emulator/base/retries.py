"""A plan of tries, as a table of offsets from the first one. Pure: instants go in, the next instant comes out."""

from smsc_emulator.frozen import frozen


@frozen
class RetryPlan:
    """Tries at `offsets` after the first, then one `every` so often; all in milliseconds of lab time.

    The plan is a grid laid from the first try: a lab that was down for a while goes on along the grid, and does not
    make up for the tries that it missed.
    """

    offsets: tuple[int, ...]
    every: int

    def next_after(self, first: int, now: int, until: int) -> int | None:
        """Return the first planned instant after `now`, or None if it lies beyond `until`."""
        planned = next((first + offset for offset in self.offsets if first + offset > now), None)
        if planned is None:
            last = first + self.offsets[-1]
            planned = last + self.every * ((now - last) // self.every + 1)
        return planned if planned <= until else None
