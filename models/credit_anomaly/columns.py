"""What a strange credit looks like, column by column: knowledge that needs no labels.

A column named here is suspicious at one end only; every other is suspicious at both. The names
are those of the feature set ``credit_anomaly``.
"""

from collections.abc import Mapping

from models.credit_anomaly.tails import Direction

DIRECTIONS: Mapping[str, Direction] = {
    # More money, more credits, more of the invoice: the more, the stranger.
    "credit_amount_minor": "high",
    "credit_quantity_milli": "high",
    "credit_unit_price_minor": "high",
    "credit_sale_lines": "high",
    "credit_unmatched_minor": "high",
    "credit_unmatched_share_permille": "high",
    "credit_share_of_line_permille": "high",
    "credit_days_since_invoice": "high",
    "credit_vs_customer_mean_90d_permille": "high",
    "credit_vs_customer_sales_90d_permille": "high",
    "credit_price_vs_product_90d_permille": "high",
    "credit_repeats_customer_product_90d": "high",
    "customer_product_credits_today": "high",
    "customer_product_returns_90d": "high",
    "customer_returns_90d": "high",
    "customer_credits_30d": "high",
    "customer_credits_30d_minor": "high",
    "customer_credit_rate_90d_permille": "high",
    "customer_credits_today": "high",
    "customer_credits_today_minor": "high",
    "customer_unmatched_credits_365d_minor": "high",
    "customer_denied_credits_365d": "high",
    "product_credits_90d": "high",
    "product_credit_rate_90d_permille": "high",
    "line_credits": "high",
    # A customer we hardly know, one who hardly buys, a credit right after the last one.
    "customer_known_days": "low",
    "customer_sales_90d_minor": "low",
    "customer_days_since_last_credit": "low",
    "product_sales_90d_lines": "low",
}

REQUIRED = ("credit_amount_minor", "credit_quantity_milli")
"""Without any of these there is no credit to judge: ``missing_facts``."""
