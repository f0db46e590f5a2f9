"""Evidence: kept by the hash of its bytes, typed by what they are, and never run by a browser."""

from typing import Any, cast

import httpx
import pytest

from serving.errors import Invalid
from serving.evidence import EvidenceStore, id_of, kind_of
from tests.serving.house import House, request_body

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(40)
PDF = b"%PDF-1.7\n" + b"x" * 40
LOG = b"time;degrees\n08:00;4.1\n09:00;12.5\n"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'


def bring(
    house: House, data: bytes, name: str = "photo.jpg", who: str = "service", key: str | None = None
) -> httpx.Response:
    files = {"file": (name, data, "image/jpeg")}
    answer = house.client.post("/v1/evidence", files=files, headers=house.headers(who, key))
    return cast(httpx.Response, answer)


def request_with(house: House, *evidence: str) -> httpx.Response:
    body: dict[str, Any] = request_body()
    body["lines"][0]["evidence"] = list(evidence)
    return house.post("/v1/returns", body)


def test_a_file_comes_back_byte_for_byte(house: House) -> None:
    """What was brought is read again with the type of its bytes, whatever its name says."""
    told = bring(house, PNG, "holiday.exe")
    assert told.status_code == 201, told.text
    body = told.json()
    assert body["id"] == id_of(PNG)
    assert (body["media_type"], body["size"]) == ("image/png", len(PNG))
    assert body["name"] == "holiday.exe"
    found = house.get(told.headers["Location"], "auditor")
    assert found.content == PNG
    assert found.headers["Content-Type"] == "image/png"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in found.headers["Content-Security-Policy"]


def test_the_same_bytes_are_one_file(house: House) -> None:
    """Brought again by another and under another name, it is the file of the first."""
    first, second = (
        bring(house, PDF, "a.pdf").json(),
        bring(house, PDF, "b.pdf", "inspector").json(),
    )
    assert first == second


def test_a_retry_is_answered_as_before_and_another_file_is_not(house: House) -> None:
    """An Idempotency-Key belongs to one file."""
    assert bring(house, PNG, key="k-1").status_code == 201
    again = bring(house, PNG, key="k-1")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert bring(house, JPEG, key="k-1").json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("data", "kind"),
    [(PNG, "image/png"), (JPEG, "image/jpeg"), (PDF, "application/pdf"), (LOG, "text/plain")],
)
def test_a_file_is_what_its_bytes_say(data: bytes, kind: str) -> None:
    """Pictures, documents and the log of a temperature recorder are told by their bytes."""
    assert kind_of(data) == kind


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"MZ\x90\x00" + bytes(60), "unsupported_file"),
        (b"PK\x03\x04" + bytes(60), "unsupported_file"),
        (bytes(range(256)), "unsupported_file"),
    ],
)
def test_what_is_no_evidence_is_refused(house: House, data: bytes, code: str) -> None:
    """Programs, archives and nothing at all are refused, and leave no trace in the journal."""
    answer = bring(house, data)
    assert (answer.status_code in (415, 422), answer.json()["code"]) == (True, code)
    assert house.get(f"/v1/evidence/{id_of(data)}").status_code == 404


def test_markup_is_text_to_be_saved() -> None:
    """A drawing that could carry a script is never a picture: it is no kind, or plain text."""
    try:
        assert kind_of(SVG) == "text/plain"
    except Invalid as no:
        assert no.code == "unsupported_file"


def test_evidence_named_by_hash_must_be_here(house: House) -> None:
    """A request cannot point at bytes nobody has; names in other systems are taken as they are."""
    refused = request_with(house, id_of(PNG))
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_evidence")
    bring(house, PNG)
    told = request_with(house, id_of(PNG), "DMS-4711")
    assert told.status_code == 201, told.text
    assert house.case()["lines"][0]["evidence"] == [id_of(PNG), "DMS-4711"]


def test_only_people_of_the_walk_bring_evidence(house: House) -> None:
    """An auditor reads and brings nothing."""
    assert bring(house, PNG, who="auditor").json()["code"] == "wrong_role"


def test_too_large_a_file_is_refused_before_it_is_read(house: House) -> None:
    """10 MB and what a body may have besides; a JSON body keeps its smaller bound."""
    assert bring(house, PNG + bytes(8_000_000)).status_code == 201
    assert bring(house, PNG + bytes(12_500_000)).json()["code"] == "body_too_large"
    big = b'{"a":"' + b"x" * 3_000_000 + b'"}'
    assert house.post("/v1/returns", big).json()["code"] == "body_too_large"


def test_changed_bytes_are_noticed(house: House) -> None:
    """A file that was altered in the store is not handed out as if it were the evidence."""
    name = bring(house, PNG).json()["id"]
    folder = house.services.settings.state_dir / "evidence"
    (path,) = [p for p in folder.rglob("*") if p.is_file()]
    path.write_bytes(JPEG)
    assert house.get(f"/v1/evidence/{name}").json()["code"] == "evidence_damaged"
    assert EvidenceStore(str(folder)).put(PDF) == id_of(PDF)
