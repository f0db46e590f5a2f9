"""A request's shape -> ``RequestReturn``: what the masters and ledgers say is looked up here.

Everything that was looked up travels in the command and is recorded with the event, so that
the decision can be replayed without the tables.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import uuid4

from sqlalchemy import Connection

from journal import findings, lookups
from journal.lookups import SourceLine
from serving.advances import known_of
from serving.errors import Invalid
from serving.evidence import check_stored
from serving.shapes import ReturnLineShape, ReturnShape
from workflow.actor import Actor
from workflow.commands import RequestReturn
from workflow.events import LineFacts, RequestedLine, SourceRef, Stated
from workflow.facts import CustomerRegistered, ProductListed
from workflow.mappings import ForeignCode, Meaning
from workflow.money import CURRENCIES, share
from workflow.refused import Refused

REASONS = "return_reason"


def new_return_id(at: datetime) -> str:
    """A return number nobody chose: the day it was asked for and 48 random bits."""
    return f"R-{at:%y%m%d}-{uuid4().hex[:12]}"


def foreign_reasons(shape: ReturnShape) -> list[ForeignCode]:
    """The reasons of a request that are said in codes of other systems, each once."""
    told = [line.foreign_reason for line in shape.lines if line.foreign_reason]
    return list(dict.fromkeys(ForeignCode(REASONS, one.system, one.code) for one in told))


def build_request(
    conn: Connection,
    shape: ReturnShape,
    return_id: str,
    actor: Actor,
    at: datetime,
    max_text: int,
    meanings: Iterable[Meaning] = (),
) -> RequestReturn:
    """Look up everything a request is about; source lines are locked until the transaction ends.

    ``meanings`` are those of its ``foreign_reasons``.

    Errors: ``Refused`` (``unknown_customer``, ``unknown_product``, ``unknown_invoice_line``,
    ``wrong_customer``, ``wrong_item``, ``unknown_uom``, ``invalid_quantity``,
    ``unknown_currency``, ``currency_mismatch``, ``unknown_evidence``), ``Invalid`` (a text too
    long).
    """
    customer = lookups.customer(conn, shape.customer)
    if customer is None:
        raise Refused("unknown_customer", f"There is no customer {shape.customer}.")
    if shape.currency is not None and shape.currency not in CURRENCIES:
        raise Refused("unknown_currency", f"{shape.currency!r} is not an ISO 4217 currency.")
    _check_texts(shape, max_text)
    check_stored(conn, [name for line in shape.lines for name in line.evidence])
    # Locked in one order for everybody, whatever order the request has.
    wanted = sorted({(x.source.invoice_id, x.source.line) for x in shape.lines if x.source})
    sources = {key: lookups.source_line(conn, *key, lock=True) for key in wanted}
    lines, currencies = [], set()
    reasons = {str(one.foreign): one.ours for one in meanings}
    for number, line in enumerate(shape.lines, start=1):
        product = lookups.product(conn, line.sku)
        if product is None:
            raise Refused("unknown_product", f"Line {number}: there is no item {line.sku}.")
        source = _source(number, line, shape.customer, sources)
        currencies.add(source.currency if source else product.currency)
        lines.append(_line(conn, number, line, product, source, customer, reasons))
    currency = shape.currency or (min(currencies) if len(currencies) == 1 else "")
    if currencies != {currency}:
        raise Refused(
            "currency_mismatch",
            f"The lines are in {', '.join(sorted(currencies))};"
            f" the request is in {currency or 'no single currency'}.",
        )
    before = known_of(conn, shape, currency, at)
    return RequestReturn(
        return_id=return_id,
        customer_id=shape.customer,
        business_unit=shape.business_unit or customer.business_unit,
        channel=shape.channel,
        currency=currency,
        lines=tuple(lines),
        actor=actor,
        at=at,
        segment=customer.segment,
        credit_hold=customer.credit_hold,
        return_window_days=customer.return_window_days,
        reference=shape.reference,
        contract=customer.contract,
        advances_unreturned=before.unreturned,
        advances_open_minor=before.open_minor,
    )


def _check_texts(shape: ReturnShape, max_text: int) -> None:
    for number, line in enumerate(shape.lines, start=1):
        if len(line.reason_text) > max_text:
            raise Invalid(
                "text_too_long",
                f"Line {number}: the reason text has {len(line.reason_text)} characters; at most"
                f" {max_text} are read. Shorten it.",
                413,
            )


def _source(
    number: int,
    line: ReturnLineShape,
    customer: str,
    sources: Mapping[tuple[str, int], SourceLine | None],
) -> SourceLine | None:
    if line.source is None:
        return None
    found = sources[line.source.invoice_id, line.source.line]
    where = f"invoice {line.source.invoice_id} line {line.source.line}"
    if found is None:
        raise Refused("unknown_invoice_line", f"Line {number}: there is no {where}.")
    if found.customer_id != customer:
        raise Refused("wrong_customer", f"Line {number}: {where} belongs to another customer.")
    if found.sku != line.sku:
        raise Refused(
            "wrong_item", f"Line {number}: {where} is for item {found.sku}, not {line.sku}."
        )
    return found


def _line(
    conn: Connection,
    number: int,
    line: ReturnLineShape,
    product: ProductListed,
    source: SourceLine | None,
    customer: CustomerRegistered,
    reasons: Mapping[str, str | None],
) -> RequestedLine:
    uom = line.uom or product.uom
    if uom != product.uom:
        raise Refused(
            "unknown_uom", f"Line {number}: {line.sku} is counted in {product.uom}, not {uom}."
        )
    scale = -int(line.quantity.as_tuple().exponent)
    if scale > product.uom_scale:
        raise Refused(
            "invalid_quantity",
            f"Line {number}: {line.sku} allows {product.uom_scale} decimals in {uom}.",
        )
    value = 0
    if source and source.delivered > 0:
        quantity = min(line.quantity, source.delivered)
        value = share(source.net_minor, quantity, source.delivered)
    told = line.foreign_reason
    foreign = str(ForeignCode(REASONS, told.system, told.code)) if told else None
    return RequestedLine(
        line=number,
        sku=line.sku,
        quantity=line.quantity,
        uom=uom,
        reason_text=line.reason_text,
        facts=_facts(conn, line, product, source, customer),
        source=SourceRef(line.source.invoice_id, line.source.line) if line.source else None,
        lot=line.lot,
        stated_reason=line.reason_code or (reasons.get(foreign) if foreign else None),
        evidence=tuple(line.evidence),
        value_minor=value,
        serials=tuple(line.serials),
        foreign_reason=foreign,
        stated=Stated(**line.stated.model_dump()),
        advance=line.advance,
    )


def _facts(
    conn: Connection,
    line: ReturnLineShape,
    product: ProductListed,
    source: SourceLine | None,
    customer: CustomerRegistered,
) -> LineFacts:
    supplier = lookups.supplier(conn, product.supplier_id) if product.supplier_id else None
    lot = line.lot or (source.lot if source else None)
    agreed = customer.warranty_days
    return LineFacts(
        item_class=product.item_class,
        regulated=product.regulated,
        returnable=product.returnable,
        stocked=product.stocked,
        lot_controlled=product.lot_controlled,
        refurbishable=product.refurbishable,
        cold_chain=product.cold_chain,
        date_kind=product.date_kind,
        shelf_life_days=product.shelf_life_days,
        supplier_id=product.supplier_id,
        supplier_accepts_returns=bool(supplier and supplier.accepts_returns),
        supplier_claim_window_days=supplier.claim_window_days if supplier else None,
        unit_cost_minor=product.unit_cost_minor,
        carrier_id=source.carrier_id if source else None,
        warehouse=source.warehouse if source else None,
        invoiced_at=source.invoiced_at if source else None,
        delivered_at=source.delivered_at if source else None,
        delivered=source.delivered if source else Decimal(0),
        net_minor=source.net_minor if source else 0,
        tax_minor=source.tax_minor if source else 0,
        returned_before=source.returned_before if source else Decimal(0),
        credited_before_minor=source.credited_before_minor if source else 0,
        expires_on=expiry(conn, line.sku, lot),
        shipped_lot=source.lot if source else None,
        recall_open=lookups.open_recall(conn, line.sku, lot),
        pack_quantity=product.pack_quantity,
        minimum_life_days=customer.minimum_life_days,
        shipped_serials=source.serials if source else (),
        master_blocks=findings.blocked(conn, line.sku)[0],
        flags=product.flags,
        temperature=product.temperature,
        warranty_days=product.warranty_days if agreed is None else agreed,
        supplier_takes_unsaleables=supplier.takes_unsaleables if supplier else None,
        delivery_signed=source.delivery_signed if source else None,
        freight_minor=source.freight_minor if source else 0,
        freight_tax_minor=source.freight_tax_minor if source else 0,
        freight_refunded_before_minor=source.freight_refunded_before_minor if source else 0,
        uom_scale=product.uom_scale,
    )


def expiry(conn: Connection, sku: str, lot: str | None) -> date | None:
    """The date on a lot, where the lot is known."""
    if lot is None:
        return None
    found = lookups.lot(conn, sku, lot)
    return found.expires_on if found else None
