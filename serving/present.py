"""A case as people and programs read it: folded state and timeline as plain JSON."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.erp.accounts import INTERIM
from integrations.erp.postings import Posting, balances
from journal.entries import Recorded
from serving.advances import advance_json
from serving.blind import Subject, blinded, shown_payload
from serving.scoring import explanation_json
from workflow.assessment import Assessment
from workflow.claim import claim_id_of, standing
from workflow.events import Verdict
from workflow.policy import Policies
from workflow.state import (
    Authorised,
    Born,
    Cancelled,
    Case,
    Claim,
    Closed,
    Credit,
    Declined,
    Line,
    Order,
    Portion,
    Task,
    Work,
    status_of,
)

Json = dict[str, object]


def quantity(value: Decimal) -> int | str:
    """Whole quantities as integers, others as decimal text; never a float."""
    return int(value) if value == value.to_integral_value() else format(value.normalize(), "f")


def time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def case_json(state: Born, version: int, known: Policies) -> Json:
    """State, lines with quantities by status, open tasks, money and effects of one return.

    The rules tried for a line's eligibility are told in words, as far as ``known`` has them.
    What an open audit is to be decided without is left out.
    """
    state = blinded(state)
    case = state.case
    requested = case.requested
    body: Json = {
        "id": case.return_id,
        "status": status_of(state),
        "version": version,
        "customer": requested.customer_id,
        "business_unit": requested.business_unit,
        "channel": requested.channel,
        "currency": requested.currency,
        "reference": requested.reference,
        "requested_by": requested.requested_by,
        "requested_at": time(requested.requested_at),
        "value_minor": sum(line.requested.value_minor for line in case.lines),
        "credited_minor": sum(line.credited_minor for line in case.lines),
        "freight": freight_json(case),
        "lines": [line_json(line, known) for line in case.lines],
        "claims": [claim_in_case(claim) for claim in case.claims],
        "orders": [order_json(order) for order in case.orders],
        "tasks": [task_json(task) for task in case.tasks],
        # What we ask of the world; questions to our own models are answered in assessments.
        "effects": [
            {"key": key, "status": status}
            for key, status in case.effects.items()
            if "/assess/" not in key
        ],
    }
    match state:
        case Authorised(_, authority) | Closed(_, authority, _):
            body["authority"] = {
                "by": authority.by,
                "at": time(authority.at),
                "expires_at": time(authority.expires_at),
                "goods_required": authority.goods_required,
                "verdict": verdict_json(authority.verdict),
            }
        case Declined(_, code, because):
            body["refusal"] = {"code": code, "because": because}
        case Cancelled(_, because):
            body["cancelled"] = {"because": because}
        case _:
            pass
    if isinstance(state, Closed):
        body["closed_at"] = time(state.closed_at)
    return body


def freight_json(case: Case) -> Json:
    """Of the deliveries, given back with approved credits; of the way back, what it cost by the
    receipts and what of it the customer pays."""
    paid = [c for x in case.lines for c in x.credits if c.status in ("approved", "held")]
    return {
        "refunded_minor": sum(c.freight_minor for c in paid),
        "return_cost_minor": case.return_freight_minor,
        "return_charged_minor": sum(c.return_freight_minor for c in paid),
    }


def claim_in_case(claim: Claim) -> Json:
    """A claim on a supplier in short; all of it is at ``/v1/claims/{claim}``."""
    raised = claim.raised
    money = (raised.claimed_minor, claim.recovered_minor, claim.written_off_minor)
    return {
        "claim": claim_id_of(raised.return_id, raised.portion, raised.part),
        "line": raised.line,
        "portion": raised.portion,
        "supplier": raised.supplier_id,
        "status": standing(*money, [answer.response for answer in claim.answers]),
        "claimed_minor": raised.claimed_minor,
        "recovered_minor": claim.recovered_minor,
        "rest_minor": claim.rest_minor,
        "missing": list(claim.missing),
    }


def order_json(order: Order) -> Json:
    """An order of the workshop, what is left of it, and what was reported."""
    ordered = order.ordered
    return {
        "line": ordered.line,
        "portion": ordered.portion,
        "part": ordered.part,
        "quantity": quantity(ordered.quantity),
        "left": quantity(order.left),
        "role": ordered.role,
        "due_at": time(ordered.due_at),
        "costing": ordered.costing,
        "cost_minor": order.cost_minor,
        "check_role": ordered.check_role,
        "check_from_minor": ordered.check_from_minor,
        "verdict": verdict_json(ordered.verdict),
        "work": [work_json(work) for work in order.work],
    }


def work_json(work: Work) -> Json:
    said, settled = work.reported, work.settled
    return {
        "sequence": said.sequence,
        "status": work.status,
        "quantity": quantity(said.quantity),
        "outcome": said.outcome,
        "condition": said.condition,
        "disposition": settled.disposition if settled else said.disposition,
        "rule": settled.rule if settled else None,
        "cost_minor": said.cost_minor,
        "reported_by": said.reported_by,
        "settled_by": settled.settled_by if settled else None,
        "note": said.note,
        "evidence": list(said.evidence),
    }


def line_json(line: Line, known: Policies) -> Json:
    requested, eligibility = line.requested, line.eligibility
    source = requested.source
    return {
        "line": line.number,
        "sku": requested.sku,
        "uom": requested.uom,
        "lot": requested.lot,
        "source": {"invoice_id": source.invoice_id, "line": source.line} if source else None,
        "reason_text": requested.reason_text,
        "stated": asdict(requested.stated),
        "evidence": list(requested.evidence),
        "serials": list(requested.serials),
        "reason": line.reason,
        "reason_how": line.reason_how,
        "foreign_reason": requested.foreign_reason,
        "master_blocks": list(line.master_blocks),
        "value_minor": requested.value_minor,
        "quantities": {
            "requested": quantity(requested.quantity),
            "authorised": quantity(line.authorised),
            "received": quantity(line.received),
            "released": quantity(line.released),
            "outstanding": quantity(max(line.outstanding, Decimal(0))),
            "inspected": quantity(line.inspected),
            "disposed": quantity(line.disposed),
        },
        "eligibility": eligibility_json(eligibility, known) if eligibility else None,
        "reason_assessment": assessment_json(line.reason_assessment),
        "portions": [portion_json(portion) for portion in line.portions],
        "credits": [credit_json(credit) for credit in line.credits],
        "credited_minor": line.credited_minor,
        "advance": advance_json(line),
    }


def finding_json(row: Mapping[Any, Any]) -> Json:
    """A finding in short: what is wrong with which records, whose it is, what waits for it."""
    names = ("finding_id", "records", "severity", "role", "blocks", "says", "opened_at")
    return {name: row[name] for name in names}


def portion_json(portion: Portion) -> Json:
    found, proposal = portion.inspected, portion.proposal
    return {
        "portion": portion.id,
        "quantity": quantity(found.quantity),
        "condition": found.condition,
        "damage_code": found.damage_code,
        "lot": found.lot,
        "expires_on": found.expires_on.isoformat() if found.expires_on else None,
        "remaining_life_days": found.remaining_life_days,
        "required_life": asdict(found.required_life) if found.required_life else None,
        "temperature_ok": found.temperature_ok,
        "seen": asdict(found.seen),
        "recall_open": found.recall_open,
        "note": found.note,
        "evidence": list(found.evidence),
        "serials": list(found.serials),
        "inspected_by": found.inspected_by,
        "inspected_at": time(found.inspected_at),
        "proposal": {
            "parts": [_part(p.disposition, p.quantity) for p in proposal.parts],
            "how": proposal.how,
            "by": proposal.proposed_by,
            "allowed": list(proposal.allowed),
            "masked": [{"value": m.value, "rule": m.rule} for m in proposal.masked],
            "rule": proposal.rule or None,
        }
        if proposal
        else None,
        "dispositions": [_part(p.disposition, p.quantity) for p in portion.placed],
        "on_hold": quantity(portion.held),
        "assessment": assessment_json(portion.assessment),
    }


def _part(disposition: str, amount: Decimal) -> Json:
    return {"disposition": disposition, "quantity": quantity(amount)}


def credit_json(credit: Credit) -> Json:
    proposed = credit.proposed
    settled = credit.status in ("approved", "held")
    return {
        "sequence": proposed.sequence,
        "status": credit.status,
        "decision": proposed.decision,
        "release": proposed.release,
        "quantity": quantity(proposed.quantity),
        "percent": proposed.percent,
        "fee_minor": proposed.fee_minor,
        "net_minor": credit.net_minor if settled else proposed.net_minor,
        "tax_minor": credit.tax_minor if settled else proposed.tax_minor,
        "freight_minor": credit.freight_minor,
        "freight_tax_minor": credit.freight_tax_minor,
        "return_freight_minor": credit.return_freight_minor,
        "freight_verdict": verdict_json(proposed.freight_verdict)
        if proposed.freight_verdict
        else None,
        "portion": proposed.portion,
        "kind": proposed.kind,
        "disposition": proposed.disposition,
        "verdict": verdict_json(proposed.verdict),
        "assessment": assessment_json(credit.assessment),
    }


def task_json(task: Task) -> Json:
    opened = task.opened
    return {
        "task": opened.task_id,
        "point": opened.point,
        "role": opened.role,
        "line": opened.line,
        "portion": opened.portion,
        "sequence": opened.sequence,
        "amount_minor": opened.amount_minor,
        "currency": opened.currency,
        "proposal": opened.proposal,
        "allowed": list(opened.allowed),
        "approvals_needed": opened.approvals_needed,
        "other_role": opened.other_role,
        "blind": opened.blind,
        "asked_by": opened.asked_by,
        "note": opened.note,
        "overdue": task.overdue,
        "approved_by": list(task.approved_by),
        "agreed_value": task.said,
        "opened_at": time(opened.opened_at),
        "due_at": time(opened.due_at),
        "verdict": verdict_json(opened.verdict),
    }


def verdict_json(verdict: Verdict) -> Json:
    return {
        "policy": verdict.policy,
        "outcome": verdict.outcome,
        "rule": verdict.rule,
        "because": verdict.because,
        "role": verdict.role,
        "values": dict(verdict.values),
        "trace": [{"rule": rule, "fired": fired} for rule, fired in verdict.trace],
        "also": [asdict(one) for one in verdict.also],
    }


def eligibility_json(verdict: Verdict, known: Policies) -> Json:
    """The verdict, and of every rule tried its condition and what it says where that holds.

    Both are null for a policy whose text is not known any more.
    """
    policy = known.by_ref(verdict.policy)
    rules = {rule.id: rule for rule in policy.rules} if policy else {}
    tried = []
    for name, fired in verdict.trace:
        rule = rules.get(name)
        when = rule.when.source if rule and rule.when else None
        because = rule.because if rule else None
        tried.append({"rule": name, "fired": fired, "when": when, "because": because})
    return verdict_json(verdict) | {"trace": tried}


def assessment_json(said: Assessment | None) -> Json | None:
    if said is None:
        return None
    return {
        "model": {
            "name": said.model.name,
            "version": said.model.version,
            "alias": said.model.alias,
            "feature_set": said.model.feature_set,
        },
        "value": said.value,
        "confidence": said.confidence,
        "abstained": said.abstained,
        "candidates": [{"value": c.value, "probability": c.probability} for c in said.candidates],
        "set": list(said.set),
        "masked": [{"value": m.value, "rule": m.rule} for m in said.masked],
        "explanation": explanation_json(said.explanation),
        "asked_at_position": said.asked_at_position,
    }


def postings_json(currency: str, found: Sequence[Posting]) -> Json:
    """The ledger lines a case comes to, by document and by account, and what is open in between.

    ``interim`` is what came back and is not judged yet, at cost: zero once everything is.
    """
    accounts = balances(found)
    interim = next(balance for balance in accounts if balance.account == INTERIM)
    return {
        "currency": currency,
        "balanced": sum(balance.expected_minor for balance in accounts) == 0,
        "interim": {
            "expected_minor": interim.expected_minor,
            "posted_minor": interim.posted_minor,
        },
        "accounts": [
            {
                "account": balance.account,
                "says": balance.says,
                "expected_minor": balance.expected_minor,
                "posted_minor": balance.posted_minor,
            }
            for balance in accounts
        ],
        "documents": [
            {
                "key": posting.key,
                "kind": posting.kind,
                "status": posting.status,
                "document": posting.document,
                "fault": posting.fault,
                "lines": [
                    {
                        "account": entry.account,
                        "debit_minor": entry.debit_minor,
                        "credit_minor": entry.credit_minor,
                    }
                    for entry in posting.entries
                ],
            }
            for posting in found
        ],
    }


def timeline_json(history: Sequence[Recorded], withheld: Collection[Subject]) -> list[Json]:
    """Every event of the case with its place in the journal and its hash.

    ``withheld`` are the subjects of open audits: what tells a model's answer to them is kept back.
    """
    return [
        {
            "position": entry.position,
            "version": entry.version,
            "at": time(entry.recorded_at),
            "actor": entry.actor,
            "type": entry.type,
            "data": shown_payload(entry, withheld),
            "hash": entry.hash.hex(),
        }
        for entry in history
    ]
