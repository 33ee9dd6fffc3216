"""What has left installations, found by what is printed on it."""

from collections.abc import Iterable, Sequence

from services.balancer.layouts import Departed, Layout
from shared.ids import InstallationId


class Departures:
    """
    All that has left any installation, by serial number, the latest to leave last.

    Args:
        layouts: of all installations; what changes of them is noted from then on.
    """

    def __init__(self, layouts: Iterable[Layout] = ()) -> None:
        self.by_serial: dict[str, list[Departed]] = {}
        self._whence: dict[str, list[tuple[InstallationId, Departed]]] = {}
        for it in layouts:
            self.note(it.installation_id, (), it.departed)

    def note(
        self,
        installation_id: InstallationId,
        before: Sequence[Departed],
        after: Sequence[Departed],
    ) -> None:
        """Note that what has left an installation is another than before: of that alone, because there are
        thousands of installations, and each changes often while it is set up."""
        for serial in {it.serial for it in (*before, *after)}:
            others = [it for it in self.of(serial) if it[0] != installation_id]
            own = [(installation_id, it) for it in after if it.serial == serial]
            self._whence[serial] = sorted([*others, *own], key=_left)
            self.by_serial[serial] = [it for _, it in self._whence[serial]]
            if not self.by_serial[serial]:
                del self.by_serial[serial], self._whence[serial]

    def of(self, serial: str) -> Sequence[tuple[InstallationId, Departed]]:
        """Name the installations that hardware has left, and how."""
        return self._whence.get(serial, ())


def _left(gone: tuple[InstallationId, Departed]) -> int:
    return gone[1].left
