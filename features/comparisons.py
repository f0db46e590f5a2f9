"""Columns that compare one feature of a row with another."""

from features import cases, credits, customers, products
from features.fold import Feature, Value
from features.sets import Derived
from features.units import permille, rounded

_BY_NAME: dict[str, Feature] = {
    feature.name: feature
    for group in (cases.FEATURES, credits.FEATURES, customers.FEATURES, products.FEATURES)
    for feature in group
}


def _of(*names: str) -> tuple[Feature, ...]:
    return tuple(_BY_NAME[name] for name in names)


def _portion_value(value: int | None, whole: int | None, part: int | None) -> Value:
    if value is None or not whole or part is None:
        return None
    return rounded(value * part, whole)


def _first_known(*values: int | None) -> Value:
    return next((value for value in values if value is not None), None)


def _life_left(portion: int | None, lot: int | None, whole: int | None) -> Value:
    return permille(portion if portion is not None else lot, whole)


def _share_of_line(
    credit: int | None,
    quantity: int | None,
    line: int | None,
    line_quantity: int | None,
    sold: int | None,
) -> Value:
    if credit is None or quantity is None:
        return None
    if line is not None and line_quantity:
        return permille(credit * line_quantity, line * quantity)
    return permille(credit, sold)


def _against_mean_price(
    credit: int | None, quantity: int | None, sold: int | None, sold_quantity: int | None
) -> Value:
    if credit is None or quantity is None or sold is None or sold_quantity is None:
        return None
    return permille(credit * sold_quantity, sold * quantity)


DERIVED: dict[str, Derived] = {
    column.name: column
    for column in (
        Derived(
            "portion_value_minor",
            _of("line_value_minor", "line_quantity_milli", "portion_quantity_milli"),
            "minor",
            "This portion was invoiced at {value}",
            _portion_value,
        ),
        Derived(
            "line_remaining_life_days",
            _of("portion_remaining_life_days", "lot_remaining_life_days", "line_expiry_days"),
            "days",
            "{value} days of life left",
            _first_known,
        ),
        Derived(
            "line_remaining_life_permille",
            _of("portion_remaining_life_days", "lot_remaining_life_days", "line_shelf_life_days"),
            "permille",
            "{percent} of the shelf life left",
            _life_left,
        ),
        Derived(
            "credit_share_of_line_permille",
            _of(
                "credit_amount_minor",
                "credit_quantity_milli",
                "line_value_minor",
                "line_quantity_milli",
                "credit_sold_minor",
            ),
            "permille",
            "Credit is {percent} of what was invoiced for these goods",
            _share_of_line,
        ),
        Derived(
            "credit_days_since_invoice",
            _of("line_days_since_invoice", "credit_days_since_sale"),
            "days",
            "{value} days between invoice and credit",
            _first_known,
        ),
        Derived(
            "credit_vs_customer_mean_90d_permille",
            _of("credit_amount_minor", "customer_mean_credit_90d_minor"),
            "permille",
            "Credit is {percent} of the customer's usual credit",
            permille,
        ),
        Derived(
            "credit_vs_customer_sales_90d_permille",
            _of("credit_amount_minor", "customer_sales_90d_minor"),
            "permille",
            "Credit is {percent} of what was sold to the customer in 90 days",
            permille,
        ),
        Derived(
            "credit_price_vs_product_90d_permille",
            _of(
                "credit_amount_minor",
                "credit_quantity_milli",
                "product_sales_90d_minor",
                "product_sales_90d_milli",
            ),
            "permille",
            "Price credited is {percent} of the product's usual price",
            _against_mean_price,
        ),
    )
}
