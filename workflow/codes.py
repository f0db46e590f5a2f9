"""The canonical codes of the house: one definition of every status, reason and role.

The lists come from the project's contract; crosswalks to X12, GS1 CBV, EDIFACT and the
ERPs are data in ``policies/crosswalk.toml``.
"""

from enum import StrEnum


class ReturnReason(StrEnum):
    """Why goods (or money) come back, as settled for a line."""

    DAMAGED_IN_TRANSIT = "damaged_in_transit"
    DEFECTIVE_ON_ARRIVAL = "defective_on_arrival"
    FAILED_IN_SERVICE = "failed_in_service"
    WRONG_ITEM = "wrong_item"
    WRONG_QUANTITY = "wrong_quantity"
    MISSING_PARTS = "missing_parts"
    NOT_AS_DESCRIBED = "not_as_described"
    PACKAGING_OR_LABEL = "packaging_or_label"
    ORDERED_IN_ERROR = "ordered_in_error"
    NO_LONGER_NEEDED = "no_longer_needed"
    LATE_DELIVERY = "late_delivery"
    SHORT_DATED = "short_dated"
    EXPIRED = "expired"
    SPOILED_OR_TEMPERATURE = "spoiled_or_temperature"
    QUALITY_COMPLAINT = "quality_complaint"
    RECALL = "recall"
    PRICING_OR_BILLING = "pricing_or_billing"
    STOCK_AGREEMENT = "stock_agreement"


SUPPLIER_BEARS = frozenset(
    {
        ReturnReason.DEFECTIVE_ON_ARRIVAL,
        ReturnReason.FAILED_IN_SERVICE,
        ReturnReason.PACKAGING_OR_LABEL,
        ReturnReason.QUALITY_COMPLAINT,
        ReturnReason.RECALL,
    }
)
"""Reasons whose cost the supplier bears."""

UNCLEAR = "unclear"
"""What an abstained reason is called where a code must be printed."""


class Disposition(StrEnum):
    """What happens to the goods."""

    RESTOCK = "restock"
    QUARANTINE = "quarantine"
    REFURBISH = "refurbish"
    RETURN_TO_VENDOR = "return_to_vendor"
    SCRAP = "scrap"
    DONATE = "donate"
    RETURN_TO_CUSTOMER = "return_to_customer"
    KEEP_AT_CUSTOMER = "keep_at_customer"


class CreditDecision(StrEnum):
    """What happens to the money."""

    FULL = "full"
    PARTIAL = "partial"
    VALUE_ONLY = "value_only"
    REPLACE = "replace"
    DENY = "deny"


class Release(StrEnum):
    """When a credit is released to the customer."""

    AT_ONCE = "at_once"
    ON_APPROVAL = "on_approval"
    ON_REQUEST = "on_request"
    AFTER_VENDOR_CREDIT = "after_vendor_credit"
    NEVER = "never"


class Condition(StrEnum):
    """What a receiver or inspector found; crosswalked to X12 elements 412 and 853."""

    SEALED = "sealed"
    OPENED = "opened"
    USED = "used"
    DAMAGED = "damaged"
    DEFECTIVE = "defective"
    SPOILED = "spoiled"
    EMPTY = "empty"


class ItemFlag(StrEnum):
    """What an item master may say about an item beside its class."""

    PERISHABLE = "perishable"
    SEASONAL = "seasonal"
    """Made for a season or a holiday."""
    PRIVATE_LABEL = "private_label"
    DIRECT_DELIVERY = "direct_delivery"
    """The supplier delivers it to the customer's store."""


class Temperature(StrEnum):
    """How an item must be kept."""

    DRY = "dry"
    REFRIGERATED = "refrigerated"
    FROZEN = "frozen"


class Handover(StrEnum):
    """Where the customer gives the goods back."""

    AT_DELIVERY = "at_delivery"
    """Refused, or given back to the driver who brought them."""
    LATER_DELIVERY = "later_delivery"
    """Given to the driver of a later delivery."""
    COLLECTION = "collection"
    """Collected for the return, or sent back."""


class Lane(StrEnum):
    """How a decision point is walked: who acts, and how many must agree."""

    AUTOMATIC = "automatic"
    RECOMMEND = "recommend"
    REVIEW = "review"
    DUAL_CONTROL = "dual_control"
    REFUSE = "refuse"


class Point(StrEnum):
    """The decision points of a case."""

    REASON = "reason"
    AUTHORISATION = "authorisation"
    RECEIPT = "receipt"
    DISPOSITION = "disposition"
    RELEASE = "release"
    REFURBISH = "refurbish"
    REFURBISH_CHECK = "refurbish_check"
    CREDIT = "credit"
    CLAIM = "claim"
    WRITE_OFF = "write_off"
    ADVANCE = "advance"
    """What becomes of an advance whose goods are past their day."""
    CHARGE_BACK = "charge_back"
    LET_GO = "let_go"


class Channel(StrEnum):
    """Where a request came in."""

    PORTAL = "portal"
    SERVICE_DESK = "service_desk"
    E_COMMERCE = "e_commerce"
    BRANCH = "branch"
    KEY_ACCOUNT = "key_account"
    EDI = "edi"


class Role(StrEnum):
    """Who may act. ``system`` and ``model`` are principals that are not people."""

    CUSTOMER_SERVICE = "customer_service"
    WAREHOUSE = "warehouse"
    INSPECTOR = "inspector"
    QUALITY = "quality"
    RETURNS_MANAGER = "returns_manager"
    FINANCE_CLERK = "finance_clerk"
    FINANCE_LEAD = "finance_lead"
    PROCUREMENT = "procurement"
    DATA_SCIENTIST = "data_scientist"
    MODEL_APPROVER = "model_approver"
    POLICY_AUTHOR = "policy_author"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SERVICE = "service"


CLAIM_RESPONSES = {
    "CDR": "", "CMP": "", "DC": "duplicate charge", "ELH": "", "ELR": "",
    "EPC": "excessive part cost", "EW": "expired warranty", "FRS": "",
    "FWC": "full warranty credit", "IIS": "insufficient information", "IRS": "reported stolen",
    "IWS": "", "MAP": "", "NCR": "", "NEW": "not eligible for warranty",
    "NOP": "not our product", "NRI": "not a recall item", "NSB": "",
    "NWR": "no warranty record", "PNP": "", "PWA": "partial warranty approved", "RDP": "",
    "SUB": "submitted too late", "UPR": "", "UR": "", "URF": "", "WBS": "",
}  # fmt: skip
"""What a supplier answers to a claim: X12 element 1172. Empty where we know only the code."""


class ExceptionCode(StrEnum):
    """Reconciliation findings R1 to R20 of the domain reference, one a pair of ledgers."""

    AUTHORISED_NOT_RECEIVED = "R1"
    RECEIVED_NOT_AUTHORISED = "R2"
    RECEIVED_QUANTITY_DIFFERS = "R3"
    LOT_MISMATCH = "R4"
    RECEIVED_NOT_DISPOSITIONED = "R5"
    DISPOSITION_WITHOUT_MOVE = "R6"
    MOVE_WITHOUT_DISPOSITION = "R7"
    CREDIT_WITHOUT_RECEIPT = "R8"
    RECEIPT_WITHOUT_CREDIT = "R9"
    CREDIT_VARIANCE = "R10"
    DUPLICATE_CREDIT = "R11"
    VENDOR_NOT_CLAIMED = "R12"
    CLAIM_WINDOW_EXPIRING = "R13"
    VENDOR_CREDIT_DIFFERS = "R14"
    GL_INTERIM_BALANCE = "R15"
    SUBLEDGER_DIFFERS = "R16"
    STATUS_CONFLICT = "R17"
    MESSAGE_STUCK = "R18"
    AMBIGUOUS_MATCH = "R19"
    PERIOD_MISMATCH = "R20"
