"""The business "no": one exception, one registry of codes.

Every refusal a user can meet is registered here with the sentence that says what to do
next; ``serving/errors.py`` maps the same codes to HTTP statuses.
"""


class Refused(Exception):
    """A business rule said no. Nothing was changed.

    ``code`` is one of ``CODES``; ``message`` says what, which and what to do.
    """

    def __init__(self, code: str, message: str, **details: object) -> None:
        if code not in CODES:
            raise AssertionError(f"unregistered refusal code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


CODES: dict[str, str] = {
    "unknown_customer": "Register the customer, or check the customer number.",
    "unknown_product": "Check the item number, or register the product.",
    "unknown_invoice_line": "Check invoice and line number; leave both out if there is no source.",
    "unknown_currency": "Use an ISO 4217 code.",
    "currency_mismatch": "Request lines of different currencies in separate returns.",
    "unknown_uom": "Use the product's unit of measure.",
    "wrong_customer": "The invoice belongs to another customer; use that customer's own invoice.",
    "wrong_item": "The invoice line is for another item.",
    "wrong_lot": "The lot was not shipped on that invoice line.",
    "wrong_serial": "Check the serial number; the goods may be from another invoice line.",
    "invalid_serials": "Give one serial number a piece, each once.",
    "invalid_quantity": "Give a positive quantity in the product's unit and scale.",
    "over_return": "Lower the quantity to what is still returnable on the invoice line.",
    "over_credit": "The credit would exceed what was invoiced less what was credited.",
    "unknown_order": "Read the return again: nothing of that portion is in the workshop.",
    "over_order": "Report no more than what is left of the workshop order.",
    "over_receipt": "Record the surplus as a blind receipt, or ask for a wider authorisation.",
    "future_date": "Give a date that is not in the future.",
    "not_eligible": "See the rules named; another reason or source document may be eligible.",
    "return_exists": "Use the return that exists, or another return number.",
    "unknown_return": "Check the return number.",
    "unknown_line": "Check the line number.",
    "wrong_state": "Read the return again: the step is not possible in its present state.",
    "wrong_role": "Ask somebody who holds the role named.",
    "own_request": "Somebody other than the requester must decide.",
    "own_inspection": "Somebody other than the inspector must decide.",
    "same_authority": "Somebody with an authority of their own must be the second.",
    "self_delegation": "Name another person.",
    "not_own_role": "Delegate only roles that the person holds in their own right.",
    "invalid_period": "Give a first and a last day, from today on, in this order.",
    "unknown_account": "Check the name of the person.",
    "unknown_review": "Read the list of reviews again; it is given already, or was never drawn.",
    "unknown_absence": "Read the list of absences again.",
    "absent": "End the absence first, or leave the task to somebody present.",
    "unknown_delegation": "Read the list of delegations again.",
    "over_limit": "Ask somebody whose approval limit covers the amount.",
    "unknown_task": "Read the queue again; the task is decided or was never open.",
    "task_leased": "Somebody else is working on the task; wait for the lease to end.",
    "lease_required": "Lease the task before deciding it.",
    "invalid_decision": "Use approve, reject, override or escalate.",
    "reason_required": "Say why; a rejection or an override needs a reason code and a note.",
    "not_allowed_value": "Choose one of the values the rules allow.",
    "not_inspected": "Inspect the quantity before it is disposed of.",
    "already_decided": "Nothing to do: it was decided before.",
    "stale_version": "Read the return again and repeat with its present ETag.",
    "expired": "The authorisation has expired; request a new return.",
    "proposer_is_approver": "Somebody other than the proposer must approve.",
    "already_proposed": "Approve or decline the open proposal; once declined, propose again.",
    "stale_proposal": "Decline it and propose the version again: the champion is another one now.",
    "unknown_proposal": "Check the proposal number.",
    "unknown_policy": "Propose a new version of a policy that exists; the program asks no other.",
    "policy_faults": "See the faults named; `triage policy check` tries a folder before.",
    "stale_policy": "Start from the newest version and raise it; its day is not before that one's.",
    "past_date": "Name today or a later day: what was judged by the rules of then stays so.",
    "unknown_model": "Use reason, disposition, credit_anomaly or exception_rank.",
    "unknown_alias": "Propose a version as champion or as challenger.",
    "gate_failed": "See the gates named; within noise of the champion, say why with --despite.",
    "bundle_changed": "The bundle is not the one that was judged: train and propose again.",
    "nothing_before": "There is no earlier champion to go back to, or no challenger to withdraw.",
    "unknown_exception": "Check the exception number.",
    "unknown_stop": "Read the list of switches again.",
    "unknown_alarm": "Read the list of alarms again.",
    "unknown_finding": "Read the list of findings again.",
    "unknown_parked_fact": "Read the list of parked facts again.",
    "unknown_mapping": "Read the list of mappings again.",
    "unknown_vocabulary": "Use a vocabulary and a code of ours, as GET /v1/crosswalk lists them.",
    "unknown_evidence": "Send the file to /v1/evidence first, and use the id it answers.",
    "evidence_damaged": "Bring the file again; the operator looks at the evidence store.",
    "missing_evidence": "Attach the evidence the rule names.",
    "unknown_claim": "Read the list of claims again.",
    "unknown_effect": "Check the effect's key.",
    "not_parked": "Only a parked effect is retried, corrected or given up; see its status.",
    "not_correctable": "Correct the codes listed; what was decided is changed by another decision.",
    "unknown_webhook": "Read the list of webhooks again.",
    "unfit_address": "Give an https:// address that is public, or have its network allowed.",
    "too_many_webhooks": "End a webhook that nobody needs.",
    "too_old": "Give a later moment; older events are in GET /v1/events.",
    "over_claim": "Check the amount: a supplier pays at most what is left of its claim; what it"
    " really paid beyond is told by the document that it paid with.",
    "claim_settled": "Nothing is left of the claim: it was paid or written off.",
}
