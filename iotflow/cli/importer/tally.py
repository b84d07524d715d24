"""Counts the outcome of an import and formats its summary."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counts of the rows so far, by outcome."""

    rows: int = 0
    values: int = 0
    devices: int = 0
    empty: int = 0
    repeated: int = 0
    replaced: int = 0
    bad: int = 0

    def summary(self) -> str:
        """Return a line for each count, without the exceptional ones that are 0."""
        always = [("rows stored", self.rows), ("values stored", self.values)]
        sometimes = [
            ("devices registered", self.devices),
            ("rows without a value", self.empty),
            ("local times that a clock change repeats, read as the earlier", self.repeated),
            ("rows that replaced an earlier row of the same device, time and name", self.replaced),
            ("bad rows", self.bad),
        ]
        return "\n".join(f"{what}: {count:,}" for what, count in always + [item for item in sometimes if item[1]])
