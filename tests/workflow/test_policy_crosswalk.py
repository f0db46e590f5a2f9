"""The crosswalk: every code of ours has an answer for every system, and none is guessed."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from workflow.codes import Condition, CreditDecision, Disposition, ExceptionCode, ReturnReason
from workflow.crosswalk import OWN_CODES, Incomplete, load, read

ROOT = Path(__file__).parents[2]
CROSSWALK = load(ROOT / "policies" / "crosswalk.toml")


@pytest.mark.parametrize("vocabulary", list(OWN_CODES))
def test_every_code_is_covered_by_every_system(vocabulary: str) -> None:
    """Exact, near with what differs, or none with why."""
    systems = {e.system for e in CROSSWALK.of(vocabulary, OWN_CODES[vocabulary][0])}
    for code in OWN_CODES[vocabulary]:
        row = CROSSWALK.of(vocabulary, code)
        assert {e.system for e in row} == systems
        for e in row:
            assert (e.code is None) == (e.match == "none")
            assert e.match == "exact" or e.note
            assert ("no exact equivalent" in str(e)) == (e.match == "none")


def test_the_vocabularies_are_those_of_the_house() -> None:
    """Reasons, dispositions, credit decisions, conditions and exceptions are all there."""
    for vocabulary, codes in [
        ("return_reason", ReturnReason), ("disposition", Disposition),
        ("credit_decision", CreditDecision), ("condition", Condition),
        ("exception", ExceptionCode),
    ]:  # fmt: skip
        assert OWN_CODES[vocabulary] == tuple(codes)


@pytest.mark.parametrize(
    ("vocabulary", "code", "system", "foreign"),
    [
        ("return_reason", "damaged_in_transit", "x12_1293", "DT"),
        ("return_reason", "short_dated", "x12_1293", "SD"),
        ("return_reason", "recall", "x12_426", "15"),
        ("return_reason", "late_delivery", "edifact_4465", "20"),
        ("disposition", "return_to_vendor", "sap_arm", "0005"),
        ("disposition", "donate", "x12_1292", "SC"),
        ("release", "after_vendor_credit", "sap_arm", "A"),
        ("condition", "defective", "edifact_7007", "17"),
        ("stock_status", "blocked", "sap_movement", "657"),
        ("stock_status", "donated", "x12_181", "CD"),
        ("exception", "R19", "oracle_cash", "Ambiguous"),
        ("credit_decision", "partial", "x12_1172", "PWA"),
    ],
)
def test_known_equivalents(vocabulary: str, code: str, system: str, foreign: str) -> None:
    """Spot checks against the code lists of the standards."""
    assert CROSSWALK.to(vocabulary, code, system).code == foreign
    assert code in CROSSWALK.back(vocabulary, system, foreign)


def test_a_foreign_code_with_several_meanings_gives_all_of_them() -> None:
    """X12 426 code 13 is short dated or expired; the caller must ask, not pick."""
    assert CROSSWALK.back("return_reason", "x12_426", "13") == ("short_dated", "expired")
    assert CROSSWALK.back("return_reason", "x12_426", "77") == ()


def _data() -> dict[str, Any]:
    return tomllib.loads((ROOT / "policies" / "crosswalk.toml").read_text(encoding="utf-8"))


def test_gaps_are_told() -> None:
    """A missing code, a bare near, a strange system and a strange vocabulary are all named."""
    data = _data()
    del data["return_reason"]["codes"]["recall"]["x12_1293"]
    del data["disposition"]["codes"]["restock"]["gs1_cbv"]["note"]
    data["condition"]["codes"]["used"]["sap"] = {"exact": "1", "says": "Used"}
    data["colour"] = {}
    with pytest.raises(Incomplete) as caught:
        read(data)
    told = "\n".join(caught.value.faults)
    assert "return_reason.recall needs one of exact, near or none for x12_1293" in told
    assert "disposition.restock: gs1_cbv is near and must note what differs" in told
    assert "condition.used names the unknown system 'sap'" in told
    assert "unknown vocabulary 'colour'" in told


def test_an_unknown_code_or_system_is_a_key_error() -> None:
    """Nothing is answered for what is not ours."""
    with pytest.raises(KeyError):
        CROSSWALK.of("return_reason", "unclear")
    with pytest.raises(KeyError, match="no crosswalk to 'sap_r2'"):
        CROSSWALK.to("return_reason", "recall", "sap_r2")
