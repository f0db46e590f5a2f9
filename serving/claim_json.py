"""A claim on a supplier as people and programs read it."""

from collections.abc import Mapping
from typing import Any

from insights.recovery import Shares
from serving.present import quantity, time
from workflow.claim import missing_of
from workflow.codes import CLAIM_RESPONSES

Json = dict[str, Any]


def claim_json(row: Mapping[Any, Any], shares: Shares) -> Json:
    """A row of ``journal.claims`` with what is left, missing and still to be expected."""
    rest = row["claimed_minor"] - row["recovered_minor"] - row["written_off_minor"]
    own = min(1.0, row["recovered_minor"] / row["claimed_minor"]) if row["claimed_minor"] else 0.0
    said = shares.of(
        row["supplier_id"],
        row["reason"],
        row["expected_percent"],
        own if row["answers"] and row["claimed_minor"] else None,
    )
    more = said.more_minor(row["claimed_minor"], row["recovered_minor"], row["status"])
    return {
        "claim": row["claim_id"],
        "status": row["status"],
        "supplier": row["supplier_id"],
        "supplier_name": row["supplier_name"],
        "number": row["number"],
        "caused_by": _cause(row),
        "sku": row["sku"],
        "lot": row["lot"],
        "quantity": quantity(row["quantity"]),
        "currency": row["currency"],
        "claimed_minor": row["claimed_minor"],
        "recovered_minor": row["recovered_minor"],
        "written_off_minor": row["written_off_minor"],
        "written_off_because": row["written_off_because"],
        "rest_minor": max(0, rest),
        "expected": {
            "minor": more,
            "share": round(said.share, 4),
            "answers": said.answers,
            "supplier_answers": said.supplier_answers,
        },
        "claim_by": row["claim_by"].isoformat() if row["claim_by"] else None,
        "raised_at": time(row["raised_at"]),
        "submitted_at": time(row["submitted_at"]) if row["submitted_at"] else None,
        "evidence": {
            "demanded": row["demanded"],
            "given": row["evidence"],
            "missing": missing_of(row["demanded"], row["evidence"]),
        },
        "answers": [_answer(answer) for answer in row["answers"]],
        "policy": row["policy"],
        "rule": row["rule"],
    }


def _cause(row: Mapping[Any, Any]) -> Json:
    """The customer's line that the goods came back on."""
    return {
        "return_id": row["return_id"],
        "line": row["line"],
        "portion": row["portion"],
        "part": row["part"],
        "customer": row["customer_id"],
        "business_unit": row["business_unit"],
        "reason": row["reason"],
        "reason_text": row["reason_text"],
        "invoice_id": row["invoice_id"],
        "invoice_line": row["invoice_line"],
        "credited_minor": row["credited_minor"],
    }


def _answer(answer: Mapping[str, Any]) -> Json:
    return {
        "number": answer["answer_id"] or answer["told_as"],
        "response": answer["response"],
        "means": CLAIM_RESPONSES.get(answer["response"]) or None,
        "recovered_minor": answer["recovered_minor"],
        "answered_at": answer["answered_at"].replace("+00:00", "Z"),
    }
