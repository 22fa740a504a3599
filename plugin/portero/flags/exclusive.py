"""Flags beside which docker does not take some others: what they set, and which flags have to go."""

from dataclasses import dataclass, replace

from portero.flags import format_values, parse_values
from portero.flags.edits import Change, Document, SetField, around
from portero.flags.violated_fields import Violated
from portero.values.json_fields import to_object


@dataclass(frozen=True, slots=True)
class Cpus:
    """--cpus, beside which docker takes neither --cpu-period nor --cpu-quota. `below`: where the fields are."""

    below: str

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        """Set the field, and clear the two others."""
        change = self._field.add(document, value, violated)
        others = [
            (flag, was)
            for flag, name in (("--cpu-period", "CpuPeriod"), ("--cpu-quota", "CpuQuota"))
            if (was := SetField(f"{self.below}{name}", int).clear(document))
        ]
        return Change(change.added, change.removed, tuple(others))

    def drop(self, document: Document, violated: Violated) -> Change:
        """Remove the field when a violation is there."""
        return self._field.drop(document, violated)

    @property
    def _field(self) -> SetField:
        return SetField(f"{self.below}NanoCpus", parse_values.cpus, format_values.cpus)


@dataclass(frozen=True, slots=True)
class LogDriver:
    """--log-driver, whose options no other driver takes. `field`: where the driver is, `options`: where they are."""

    field: SetField
    options: str

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        """Set the driver, and leave out the options of the one before."""
        options = self._list_options(document)
        return self._with(options, self.field.add(document, value, violated))

    def drop(self, document: Document, violated: Violated) -> Change:
        """Remove the driver with its options when a violation is there."""
        options = self._list_options(document)
        return self._with(options, self.field.drop(document, violated))

    def _list_options(self, document: Document) -> tuple[tuple[str, str], ...]:
        parent, name = around(document, self.options)
        return tuple(("--log-opt", format_values.hidden_pair(option, "")) for option in to_object(parent.get(name)))

    def _with(self, options: tuple[tuple[str, str], ...], change: Change) -> Change:
        return replace(change, others=options) if change.added or change.removed else change
