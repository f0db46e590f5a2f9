"""The folder where other systems drop files: what waits in it."""

from pathlib import Path

MOST_FILES = 100


def waiting(folder: Path) -> list[Path]:
    """Whole files that were not taken yet, the oldest first, at most ``MOST_FILES``."""
    whole = [path for path in folder.glob("*.csv") if path.is_file() and not path.is_symlink()]
    return sorted(whole, key=lambda path: (path.stat().st_mtime_ns, path.name))[:MOST_FILES]
