"""Which protected places lie at or below a folder."""

from collections.abc import Mapping

from portero.host.path import is_within


class Guarded:
    """Places to protect; `places` maps each as it was named to where it really lies."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._lines = "".join(f"\n{name}/\n{real}/" for name, real in places.items())

    def held(self, *folders: str) -> frozenset[str]:
        """Those that really are or are named at or below one of these folders, as they really lie."""
        # What lies below a folder begins as the folder does: one look at the text tells that nothing does.
        if not any(folder == "/" or f"\n{folder}/" in self._lines for folder in folders):
            return frozenset()
        return frozenset(
            real
            for name, real in self._places.items()
            if any(is_within(name, folder) or is_within(real, folder) for folder in folders)
        )
