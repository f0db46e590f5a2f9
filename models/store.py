"""Bundles by digest, in a directory or an object store, each file of any bundle stored once.

Layout under the address: ``bundles/<hex>`` holds the ``SHA256SUMS`` of a bundle (its SHA-256 is
the digest), ``blobs/<sha256>`` the files. A 90 MB encoder shared by twenty bundles is one blob.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import fsspec

from models.bundle import SUMS, Mismatch, digest, file_digest, link_or_copy, parse_sums, verify


class Store:
    """``address`` is a directory or any fsspec URL (``s3://bucket/bundles``, ``memory://b``).

    Fetched bundles are kept in ``cache``, a directory, and their files in ``cache/blobs``.
    Any number of processes may share both: files appear whole or not at all.
    """

    def __init__(self, address: str | Path, cache: Path) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(str(address))
        self._cache = cache

    def put(self, folder: Path) -> str:
        """Store a bundle and answer its digest; what is there already is not sent again.

        Errors: ``Mismatch`` where the folder's seal is broken.
        """
        for name, checksum in verify(folder).items():
            blob = self._path("blobs", checksum)
            if not self._fs.exists(blob):
                self._upload((folder / name), blob)
        name = digest(folder)
        self._upload(folder / SUMS, self._path("bundles", _hex(name)))
        return name

    def holds(self, name: str) -> bool:
        """Whether a bundle of this digest was put."""
        return bool(self._fs.exists(self._path("bundles", _hex(name))))

    def digests(self) -> list[str]:
        """Every bundle that was put, sorted."""
        folder = self._path("bundles")
        if not self._fs.exists(folder):
            return []
        found = self._fs.ls(folder, detail=False)
        return sorted(f"sha256:{PurePosixPath(path).name}" for path in found)

    def fetch(self, name: str) -> Path:
        """The local folder of a bundle, downloaded once and verified every time.

        A cached folder that was damaged is fetched anew. Errors: ``Mismatch`` for a digest that
        the store does not hold, or holds changed.
        """
        folder = self._cache / _hex(name)
        if folder.is_dir():
            try:
                verify(folder)
                if digest(folder) == name:
                    return folder
            except Mismatch:
                pass  # fetched again below; what the store itself holds is checked there
            shutil.rmtree(folder)
        self._cache.mkdir(parents=True, exist_ok=True)
        with _beside(folder) as fresh:
            self._download(name, fresh)
            verify(fresh)
            try:
                fresh.rename(folder)
            except OSError:
                verify(folder)  # another process was quicker; its folder must be as good
        return folder

    def _download(self, name: str, folder: Path) -> None:
        source = self._path("bundles", _hex(name))
        if not self._fs.exists(source):
            raise Mismatch(f"The store {self._root} holds no bundle {name}.")
        sums: bytes = self._fs.cat_file(source)
        if hashlib.sha256(sums).hexdigest() != _hex(name):
            raise Mismatch(f"{SUMS} of {name} in the store {self._root} is not what was put.")
        for file, checksum in parse_sums(sums.decode()).items():
            link_or_copy(self._blob(checksum, file), folder / file)
        (folder / SUMS).write_bytes(sums)

    def _blob(self, checksum: str, file: str) -> Path:
        local = self._cache / "blobs" / checksum
        if local.is_file() and file_digest(local) == checksum:
            return local
        source = self._path("blobs", checksum)
        if not self._fs.exists(source):
            raise Mismatch(f"{file} ({checksum[:12]}) is missing from the store {self._root}.")
        local.parent.mkdir(parents=True, exist_ok=True)
        partial = local.with_name(f"{checksum}.{os.getpid()}.part")
        self._fs.get_file(source, str(partial))
        if file_digest(partial) != checksum:
            partial.unlink()
            raise Mismatch(f"{file} in the store {self._root} is not the file that was put.")
        partial.replace(local)
        return local

    def _upload(self, source: Path, target: str) -> None:
        self._fs.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
        partial = f"{target}.{os.getpid()}.part"
        self._fs.put_file(str(source), partial)
        self._fs.mv(partial, target)

    def _path(self, *parts: str) -> str:
        return "/".join([self._root.rstrip("/"), *parts])


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name[:12]}-", dir=folder.parent))
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _hex(name: str) -> str:
    kind, _, value = name.partition(":")
    if kind != "sha256" or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise Mismatch(f"{name!r} is not a bundle's digest; one reads sha256: and 64 hex digits.")
    return value
