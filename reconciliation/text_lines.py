"""A text file as physical lines, plain or gzipped, with the digest of what it holds.

Every line is bounded and decoded on its own, so that one damaged line damages nothing else.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from reconciliation.errors import UnreadableFile

MOST_LINES = 20_000_000
"""More lines than this are refused: split the file."""
LONGEST_LINE = 65_536
"""Bytes of a line that are looked at; a longer line is damaged."""

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = "\ufeff"


class TextLines:
    """Iterate once: ``(line number from 1, text without its line end)``, text ``None`` if damaged.

    ``digest`` is complete after the last line: SHA-256 of the bytes unpacked, so that a file and
    its gzipped twin are the same file. Errors: ``UnreadableFile`` where the file cannot be read
    to its end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self.damage: dict[int, str] = {}
        """Line number -> ``bad_encoding`` or ``line_too_long``."""

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        try:
            with _opened(self._path) as file:
                yield from self._lines(file)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UnreadableFile(
                f"{self._path.name} is cut off or not gzip ({error}); fetch it again."
            ) from error
        except OSError as error:
            raise UnreadableFile(f"{self._path} cannot be read: {error.strerror}.") from error

    def _lines(self, file: IO[bytes]) -> Iterator[tuple[int, str | None]]:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            if number > MOST_LINES:
                raise UnreadableFile(
                    f"{self._path.name} has more than {MOST_LINES:,} lines; split it."
                )
            self._hash.update(line)
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                self._skip_rest(file)
                self.damage[number] = "line_too_long"
                yield number, None
                continue
            try:
                text = line.decode()
            except UnicodeDecodeError:
                self.damage[number] = "bad_encoding"
                yield number, None
                continue
            text = text.rstrip("\r\n")
            yield number, text.removeprefix(_BOM) if number == 1 else text

    def _skip_rest(self, file: IO[bytes]) -> None:
        while piece := file.readline(LONGEST_LINE):
            self._hash.update(piece)
            if piece.endswith(b"\n"):
                return


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP_MAGIC
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")
