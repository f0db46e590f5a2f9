"""What is put is what is fetched, each file once, from a directory or an object store."""

from pathlib import Path

import pytest

from models import bundle
from models.bundle import Mismatch
from models.prior import Prior
from models.store import Store

CARD = Prior("reason").card


def _bundle(folder: Path, own: bytes = b"own") -> Path:
    bundle.write(folder, CARD, {"encoder.onnx": b"large" * 100, "weights.bin": own})
    return folder


@pytest.fixture(params=["directory", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "directory":
        return Store(tmp_path / "store", tmp_path / "cache")
    return Store(f"memory://{tmp_path.name}/store", tmp_path / "cache")


def test_a_bundle_comes_back_as_it_was(store: Store, tmp_path: Path) -> None:
    """Every byte of a fetched bundle is the byte that was put; a second fetch is the same."""
    name = store.put(_bundle(tmp_path / "a"))
    folder = store.fetch(name)
    assert bundle.digest(folder) == name
    assert (folder / "weights.bin").read_bytes() == b"own"
    assert store.fetch(name) == folder
    assert store.digests() == [name]
    assert store.holds(name)


def test_putting_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    """The same bundle has one digest and one place."""
    folder = _bundle(tmp_path / "a")
    assert store.put(folder) == store.put(folder)
    assert len(store.digests()) == 1


def test_a_file_of_two_bundles_is_stored_once(tmp_path: Path) -> None:
    """The encoder of two versions is one blob in the store and one in the cache."""
    store = Store(tmp_path / "store", tmp_path / "cache")
    names = [store.put(_bundle(tmp_path / str(i), own=bytes([i]))) for i in range(2)]
    folders = [store.fetch(name) for name in names]
    same = {(folder / "encoder.onnx").stat().st_ino for folder in folders}
    assert len(same) == 1
    # card, metrics, the encoder, and two weights
    assert len(list((tmp_path / "store" / "blobs").iterdir())) == 5


def test_a_broken_bundle_is_not_put(store: Store, tmp_path: Path) -> None:
    """A folder whose seal is broken never reaches the store."""
    folder = _bundle(tmp_path / "a")
    (folder / "weights.bin").write_bytes(b"other")
    with pytest.raises(Mismatch, match=r"weights\.bin"):
        store.put(folder)
    assert store.digests() == []


def test_an_unknown_digest_is_refused(store: Store) -> None:
    """A digest nobody put, and a name that is no digest, are each refused."""
    with pytest.raises(Mismatch, match="holds no bundle"):
        store.fetch("sha256:" + "0" * 64)
    with pytest.raises(Mismatch, match="not a bundle's digest"):
        store.fetch("../../etc")


def test_a_damaged_store_is_noticed(tmp_path: Path) -> None:
    """A blob or a list of sums changed in the store is refused, and leaves nothing behind."""
    store = Store(tmp_path / "store", tmp_path / "cache")
    name = store.put(_bundle(tmp_path / "a"))
    checksum = bundle.verify(tmp_path / "a")["weights.bin"]
    blob = tmp_path / "store" / "blobs" / checksum
    blob.write_bytes(b"tampered")
    with pytest.raises(Mismatch, match=r"weights\.bin in the store .* is not the file"):
        store.fetch(name)
    blob.unlink()
    with pytest.raises(Mismatch, match=r"weights\.bin .* is missing from the store"):
        store.fetch(name)
    (tmp_path / "store" / "bundles" / name.removeprefix("sha256:")).write_text("")
    with pytest.raises(Mismatch, match="is not what was put"):
        store.fetch(name)
    assert not (tmp_path / "cache" / name.removeprefix("sha256:")).exists()


def test_a_damaged_cache_is_fetched_anew(tmp_path: Path) -> None:
    """A local copy that was changed is replaced by what the store holds."""
    store = Store(tmp_path / "store", tmp_path / "cache")
    name = store.put(_bundle(tmp_path / "a"))
    (store.fetch(name) / "weights.bin").write_bytes(b"tampered")
    assert (store.fetch(name) / "weights.bin").read_bytes() == b"own"
