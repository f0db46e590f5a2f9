"""A bundle is what was sealed, or it is refused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import bundle
from models.bundle import Mismatch
from models.protocol import Card, Column

CARD = Card(
    name="reason",
    version="3",
    reads=(Column("text", "text", "characters", "{value}"),),
    says=("expired", "recall"),
    output="log_odds",
    feature_set="sha256:text",
    trained_at="2026-11-01T00:00:00Z",
    limits="English only",
    metrics={"accuracy": 0.9},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bundle.write(tmp_path / "b", CARD, {"weights.bin": b"1234", "notes.txt": b"hello"})
    return tmp_path / "b"


def test_a_card_survives_its_bundle(folder: Path) -> None:
    """The card that is read is the card that was written, types included."""
    assert bundle.read_card(folder) == CARD


def test_the_digest_is_of_the_content(folder: Path, tmp_path: Path) -> None:
    """The same files give the same digest anywhere; another card gives another."""
    same = bundle.write(tmp_path / "c", CARD, {"notes.txt": b"hello", "weights.bin": b"1234"})
    assert same == bundle.digest(folder)
    other = replace(CARD, version="4")
    files = {"notes.txt": b"hello", "weights.bin": b"1234"}
    assert bundle.write(tmp_path / "d", other, files) != same


@pytest.mark.parametrize("name", ["weights.bin", "card.json", "metrics.json", "notes.txt"])
def test_a_changed_file_is_named(folder: Path, name: str) -> None:
    """One byte appended to any file refuses the bundle and names the file."""
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(Mismatch, match=f"{name} .* is not the file that was sealed"):
        bundle.load(folder)


@pytest.mark.parametrize("name", ["weights.bin", "card.json", "metrics.json", "SHA256SUMS"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    """A bundle without any one of its files is refused by name."""
    (folder / name).unlink()
    with pytest.raises(Mismatch, match=f"{name} is missing"):
        bundle.load(folder)


def test_a_file_nobody_sealed_is_refused(folder: Path) -> None:
    """A file added later is refused, even where no model would read it."""
    (folder / "model.pkl").write_bytes(b"x")
    with pytest.raises(Mismatch, match=r"model\.pkl .* was not sealed"):
        bundle.verify(folder)


@pytest.mark.parametrize("name", ["../weights.bin", "a/b", "..", "", "SHA256SUMS", "a\\b"])
def test_names_stay_in_the_folder(name: str, tmp_path: Path) -> None:
    """A name that leads elsewhere is refused when written and when read."""
    with pytest.raises(Mismatch, match="not a plain file name"):
        bundle.write(tmp_path / "x", CARD, {name: b""})
    with pytest.raises(Mismatch):
        bundle.parse_sums(f"{'0' * 64}  {name}\n")


@given(st.text(max_size=200))
def test_any_sums_are_read_or_refused(text: str) -> None:
    """Whatever a sums file holds, reading it gives plain names or a Mismatch."""
    try:
        found = bundle.parse_sums(text)
    except Mismatch:
        return
    assert all("/" not in name for name in found)


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    """A card of no known kind loads nothing."""
    bundle.write(tmp_path / "x", replace(CARD, name="weather"))
    with pytest.raises(Mismatch, match="'weather'; known are reason, disposition"):
        bundle.load(tmp_path / "x")


def test_a_card_with_other_fields_is_refused(tmp_path: Path) -> None:
    """A sealed card with a field too many is from another version of this program."""
    bundle.write(tmp_path / "x", CARD)
    card = json.loads((tmp_path / "x" / "card.json").read_text())
    extra = json.dumps(card | {"surprise": 1}).encode()
    sums = (tmp_path / "x" / "SHA256SUMS").read_text().splitlines()
    (tmp_path / "x" / "card.json").write_bytes(extra)
    fresh = f"{bundle.file_digest(tmp_path / 'x' / 'card.json')}  card.json"
    (tmp_path / "x" / "SHA256SUMS").write_text(
        "\n".join(fresh if line.endswith("card.json") else line for line in sums) + "\n"
    )
    with pytest.raises(Mismatch, match="surprise"):
        bundle.load(tmp_path / "x")


def test_sealed_but_unreadable_weights_are_refused(light: Path, tmp_path: Path) -> None:
    """Weights that do not fit are a Mismatch, not a crash of the server."""
    shutil.copytree(light, tmp_path / "x")
    card = bundle.read_card(light)
    bundle.write(tmp_path / "x", replace(card, says=card.says[:-1]))
    with pytest.raises(Mismatch, match="cannot be read"):
        bundle.load(tmp_path / "x")


def test_writing_again_never_changes_what_a_link_shares(folder: Path, tmp_path: Path) -> None:
    """A bundle that links another's file leaves that file alone when it is rewritten."""
    bundle.write(tmp_path / "y", CARD, {"weights.bin": folder / "weights.bin"})
    bundle.write(tmp_path / "y", CARD, {"weights.bin": b"new"})
    bundle.verify(folder)
