"""Every fold, every feature, and the three sets that models read.

Start here to see what exists; ``docs/reference/features.md`` is written from it.
"""

from features import cases, credits, customers, disputes, partners, products
from features.comparisons import DERIVED
from features.fold import Feature, Fold
from features.sets import Column, FeatureSet

FOLDS: tuple[Fold, ...] = (
    cases.CASE_LINE,
    cases.PORTION,
    credits.CREDIT,
    disputes.EXCEPTION,
    disputes.EXCEPTION_CODE,
    customers.CUSTOMER,
    customers.CUSTOMER_PRODUCT,
    products.PRODUCT,
    products.LOT,
    partners.SUPPLIER,
    partners.CARRIER,
)

_GROUPS = (cases, credits, disputes, customers, products, partners)

FEATURES: dict[str, Feature] = {
    feature.name: feature for group in _GROUPS for feature in group.FEATURES
}
"""Every declared fold answer by name; ``DERIVED`` are the comparisons made of them."""


def _column(name: str) -> Column:
    return DERIVED[name] if name in DERIVED else FEATURES[name]


def _set(name: str, columns: str) -> FeatureSet:
    return FeatureSet(name, [_column(column) for column in columns.split()], FOLDS)


DISPOSITION = _set(
    "disposition",
    """
    line_business_unit line_reason line_item_class line_regulated line_date_kind
    line_stocked line_cold_chain line_refurbishable line_lot_differs line_discrepancies
    line_unit_cost_minor line_days_since_delivery
    line_condition line_damage_code line_temperature_ok line_recall_open
    portion_quantity_milli portion_value_minor
    line_remaining_life_days line_remaining_life_permille
    line_supplier_accepts_returns line_claim_window_left_days
    supplier_recovery_rate_365d_permille supplier_fault_rate_90d_permille
    carrier_damage_rate_90d_permille
    product_returns_90d product_return_rate_90d_permille product_bad_rate_365d_permille
    product_restock_rate_365d_permille product_scrap_rate_365d_permille
    product_vendor_rate_365d_permille
    lot_returns_90d lot_bad_365d
    customer_returns_90d customer_worn_rate_365d_permille
    """,
)

CREDIT_ANOMALY = _set(
    "credit_anomaly",
    """
    credit_amount_minor credit_quantity_milli credit_unit_price_minor
    credit_is_round_amount credit_on_weekend credit_note_lines
    credit_match credit_sale_lines credit_unmatched_minor credit_unmatched_share_permille
    credit_price_variance_minor credit_share_of_line_permille credit_days_since_invoice
    credit_vs_customer_mean_90d_permille credit_vs_customer_sales_90d_permille
    credit_price_vs_product_90d_permille
    credit_repeats_customer_product_90d customer_product_credits_today
    customer_product_returns_90d
    customer_known_days customer_sales_90d_minor customer_returns_90d
    customer_credits_30d customer_credits_30d_minor customer_credit_rate_90d_permille
    customer_days_since_last_credit customer_credits_today customer_credits_today_minor
    customer_unmatched_credits_365d_minor customer_denied_credits_365d
    product_sales_90d_lines product_credits_90d product_credit_rate_90d_permille
    line_reason line_condition line_credits
    """,
)

EXCEPTION_RANK = _set(
    "exception_rank",
    """
    exception_code exception_business_unit exception_exposure_minor exception_variance_minor
    exception_variance_share_permille exception_age_days exception_match
    exception_has_document exception_has_matched_document
    exception_code_resolved_365d exception_code_loss_rate_365d_permille
    exception_code_mean_loss_365d_minor exception_code_mean_recovery_365d_minor
    customer_exceptions_365d customer_exceptions_365d_minor customer_losses_365d_minor
    customer_credits_90d_minor customer_credit_rate_90d_permille
    customer_unmatched_credits_365d_minor customer_sales_90d_minor
    supplier_exceptions_365d supplier_losses_365d_minor supplier_recovery_rate_365d_permille
    product_credits_90d_minor product_returns_90d product_write_offs_90d_minor
    """,
)

SETS: dict[str, FeatureSet] = {
    feature_set.name: feature_set for feature_set in (DISPOSITION, CREDIT_ANOMALY, EXCEPTION_RANK)
}
"""Feature sets by the name of the model that reads them."""
