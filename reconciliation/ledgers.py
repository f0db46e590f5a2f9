"""Our decisions against the ERP's documents, key by key; pure, one pass over each side.

Every effect we ask carries a key and the ERP writes its document under that key, so the match
is exact; only what the ERP holds without a key of ours must be guessed at. Goods are valued at
unit cost, credits at net plus tax, in minor units. Start reading at ``compare``.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from integrations.erp.documents import LedgerLine
from reconciliation.books import ZERO, Asked, Books, cost_of
from reconciliation.findings import Finding
from workflow.money import money_text

LATE_DAYS = 7
"""A document posted so many days after the decision counts in another period."""
PERIOD_GRACE_DAYS = 3
"""Within so many days a document may slip over the end of a month."""

Lines = Sequence[LedgerLine]


def compare(books: Books, at: datetime) -> list[Finding]:
    """What the ERP wrote differently, twice, late, without being asked, or not at all."""
    live: defaultdict[str, list[LedgerLine]] = defaultdict(list)
    voided: dict[str, LedgerLine] = {}
    strays: dict[str, LedgerLine] = {}
    asked = books.by_key
    for line in books.posted:
        if line.key in asked:
            if line.voided:
                voided[line.key] = line
            else:
                live[line.key].append(line)
        elif not line.voided:
            before = strays.get(line.document)
            strays[line.document] = _with_more(before, line) if before else line
    found: list[Finding] = []
    waits = _Waits(at)
    for one in books.asked:
        theirs = live.get(one.key, ())
        days = waits.days(one, theirs, one.key in voided)
        if theirs:
            found += _COMPARE[one.kind](books, one, theirs)
        elif one.status in ("parked", "abandoned"):
            found.append(_parked(books, one))
        elif one.status == "done":
            found.append(_missing(books, one, voided.get(one.key)))
        if days is not None:
            found.append(_late(books, one, theirs, days))
    found += _strays(books, live, list(strays.values()))
    return found


# -- time ------------------------------------------------------------------------------------


class _Waits:
    """How long documents waited, each from its decision or from when the one before it was
    posted: effects of a case are performed in order, so one that is late holds up the rest."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._free: dict[str, datetime] = {}
        self._held: set[str] = set()

    def days(self, one: Asked, theirs: Lines, void: bool) -> int | None:
        """Days late, or ``None`` for what is in time, or waits behind another."""
        since = max(one.asked_at, self._free.get(one.return_id, one.asked_at))
        if theirs:
            posted = theirs[0].at
            self._free[one.return_id] = max(since, posted)
        elif void or one.status in ("done", "parked", "abandoned") or one.return_id in self._held:
            return None
        else:
            posted = self._at
            self._held.add(one.return_id)
        waited = posted - since
        another_month = (posted.year, posted.month) != (since.year, since.month)
        if waited >= timedelta(LATE_DAYS):
            return waited.days
        return waited.days if another_month and waited > timedelta(PERIOD_GRACE_DAYS) else None


def _late(books: Books, one: Asked, theirs: Lines, days: int) -> Finding:
    """Timing: the amounts may agree, the periods do not."""
    worth = _worth(books, one)
    amount = _of(worth, _currency(books, one))
    if one.kind == "erp.close" and not theirs:
        says = f"{one.return_id} was closed {days} days ago and is still open in the ERP."
        return _about(books, one, "R17", worth, 0, says)
    what = f"The {_NAME[one.kind]} of {_where(one)}{amount}"
    decided = f"{one.asked_at:%Y-%m-%d}"
    if theirs:
        says = (
            f"{what} was decided on {decided} and posted on {theirs[0].at:%Y-%m-%d}, {days} days"
            " later."
        )
    else:
        says = f"{what} was decided on {decided} and is still not in the ERP after {days} days."
    return _about(books, one, "R20", worth, 0, says, theirs[0] if theirs else None)


# -- one document that is there ------------------------------------------------------------


def _memo(books: Books, one: Asked, theirs: Lines) -> Iterator[Finding]:
    ours, memo = one.payload, theirs[0]
    approved, credited = _asked_money(one), _posted_money(memo)
    same_money = ours["currency"] == memo.currency and ours["net_minor"] == memo.amount_minor
    if same_money and credited == approved and ours["tax_minor"] == (memo.tax_minor or 0):
        if ours["customer_id"] != memo.customer_id:
            says = (
                f"The credit of {_where(one)} went to {memo.customer_id}, not to"
                f" {ours['customer_id']}, who was promised {_money(approved, one)}."
            )
            yield _about(books, one, "R10", approved, 0, says, memo)
        return
    if ours["currency"] != memo.currency:
        says = (
            f"The ERP credited {money_text(credited, memo.currency or '')} for {_where(one)} where"
            f" {_money(approved, one)} was approved: another currency."
        )
        yield _about(books, one, "R10", approved, 0, says, memo)
        return
    off = approved - credited
    if off == 0:
        moved = abs(ours["net_minor"] - (memo.amount_minor or 0))
        says = (
            f"The ERP credited {_money(credited, one)} for {_where(one)} as approved, but"
            f" {_money(moved, one)} of it as {'tax' if _more_tax(one, memo) else 'net'}."
        )
        yield _about(books, one, "R10", moved, 0, says, memo)
        return
    says = (
        f"The ERP credited {_money(credited, one)} for {_where(one)} where"
        f" {_money(approved, one)} was approved: {_money(abs(off), one)}"
        f" too {'much' if off < 0 else 'little'}."
    )
    yield _about(books, one, "R10", abs(off), off, says, memo)


def _more_tax(one: Asked, memo: LedgerLine) -> bool:
    return (memo.tax_minor or 0) > int(one.payload["tax_minor"])


def _receipt(books: Books, one: Asked, theirs: Lines) -> Iterator[Finding]:
    for item, (ours, got) in enumerate(zip_longest(one.payload["lines"], theirs), start=1):
        where = f"{one.return_id} line {(ours or {}).get('line') or (got and got.line) or '?'}"
        expected = Decimal(ours["quantity"]) if ours else ZERO
        booked = got.quantity or ZERO if got else ZERO
        sku = ours["sku"] if ours else got.sku if got else None
        line = ours["line"] if ours else got.line if got else None
        unit_cost = (
            ours["unit_cost_minor"] if ours else books.unit_costs.get((one.return_id, line), 0)
        )
        extra = {"line": line, "sku": sku, "anchor": f"{one.key}#{item}"}
        if ours and got and ours["sku"] != got.sku:
            says = f"Receipt of {where}: we took in {_n(expected)} of {sku}, the ERP {got.sku}."
            yield _about(books, one, "R3", cost_of(expected, unit_cost), 0, says, got, **extra)
            continue
        if expected != booked:
            off = cost_of(expected - booked, unit_cost) * (1 if expected > booked else -1)
            says = (
                f"Receipt of {where}: we took in {_n(expected)} of {sku}, the ERP booked"
                f" {_n(booked)}, which makes {_money(abs(off), one)} at cost."
            )
            yield _about(books, one, "R3", abs(off), off, says, got, **extra)
        if ours and got and (ours["lot"] or None) != (got.lot or None):
            says = (
                f"Receipt of {where}: {_n(expected)} of {sku} came back as lot"
                f" {ours['lot'] or 'none'}, the ERP booked lot {got.lot or 'none'}."
            )
            yield _about(books, one, "R4", cost_of(expected, unit_cost), 0, says, got, **extra)


def _move(books: Books, one: Asked, theirs: Lines) -> Iterator[Finding]:
    ours, move = one.payload, theirs[0]
    decided, moved = Decimal(ours["quantity"]), move.quantity or ZERO
    worth = cost_of(decided, ours["unit_cost_minor"])
    what, to = f"{_n(decided)} of {ours['sku']} ({_where(one)})", _word(ours["to_status"])
    if ours["to_status"] != move.to_status:
        says = f"{what} should be {to}, the ERP has them {_word(move.to_status)}."
        yield _about(books, one, "R6", worth, 0, says, move)
    elif decided != moved:
        off = cost_of(decided - moved, ours["unit_cost_minor"]) * (1 if decided > moved else -1)
        says = f"{what} should be {to}, the ERP moved {_n(moved)}."
        yield _about(books, one, "R6", abs(off), off, says, move)
    if (ours["lot"] or None) != (move.lot or None):
        says = f"{what} are lot {ours['lot'] or 'none'}, the ERP moved lot {move.lot or 'none'}."
        yield _about(books, one, "R4", worth, 0, says, move)


def _claim(books: Books, one: Asked, theirs: Lines) -> Iterator[Finding]:
    ours, claim = one.payload, theirs[0]
    off = ours["claimed_minor"] - (claim.amount_minor or 0)
    if off == 0 and ours["supplier_id"] == claim.supplier_id:
        return
    says = (
        f"We claim {_money(ours['claimed_minor'], one)} of {ours['supplier_id']} for {_where(one)},"
        f" the ERP {_money(claim.amount_minor or 0, one)} of {claim.supplier_id}."
    )
    exposure = abs(off) if ours["supplier_id"] == claim.supplier_id else ours["claimed_minor"]
    yield _about(books, one, "R14", exposure, off, says, claim)


def _replacement(books: Books, one: Asked, theirs: Lines) -> Iterator[Finding]:
    promised, sent = Decimal(one.payload["quantity"]), theirs[0].quantity or ZERO
    if promised == sent:
        return
    off = _goods(books, one, abs(promised - sent)) * (1 if promised > sent else -1)
    says = (
        f"{_n(promised)} of {one.payload['sku']} were promised to replace {_where(one)}, the ERP"
        f" orders {_n(sent)}."
    )
    yield _about(books, one, "R10", abs(off), off, says, theirs[0])


def _workshop_order(books: Books, one: Asked, theirs: Lines) -> Iterator[Finding]:
    given, booked = Decimal(one.payload["quantity"]), theirs[0].quantity or ZERO
    if given == booked:
        return
    off = _goods(books, one, abs(given - booked)) * (1 if given > booked else -1)
    says = (
        f"{_n(given)} of {one.payload['sku']} ({_where(one)}) went to the workshop, the ERP's order"
        f" says {_n(booked)}."
    )
    yield _about(books, one, "R17", abs(off), off, says, theirs[0])


def _rma(books: Books, one: Asked, theirs: Lines) -> Iterator[Finding]:
    allowed = {line.line: line.quantity or ZERO for line in theirs}
    for ours in one.payload["lines"]:
        granted, booked = Decimal(ours["quantity"]), allowed.get(ours["line"], ZERO)
        if granted == booked:
            continue
        case_line = books.lines.get((one.return_id, ours["line"]))
        worth = case_line.worth(abs(granted - booked)) if case_line else 0
        says = (
            f"{one.return_id} line {ours['line']} may send back {_n(granted)} of {ours['sku']}, the"
            f" ERP's RMA says {_n(booked)}."
        )
        off = worth if granted > booked else -worth
        yield _about(
            books, one, "R17", worth, off, says, theirs[0], line=ours["line"], sku=ours["sku"]
        )


def _amount(books: Books, one: Asked, theirs: Lines) -> Iterator[Finding]:
    """Documents of which only the money can differ: settlements of claims, charge-backs,
    intercompany, work."""
    asked, booked = _worth(books, one), sum(line.amount_minor or 0 for line in theirs)
    if asked == booked:
        return
    says = (
        f"The {_NAME[one.kind]} of {_where(one)} should be {_money(asked, one)}, the ERP booked"
        f" {_money(booked, one)}."
    )
    off = asked - booked
    yield _about(books, one, _CODE_OF_MISSING[one.kind], abs(off), off, says, theirs[0])


def _closing(books: Books, one: Asked, theirs: Lines) -> Iterator[Finding]:
    return iter(())


_COMPARE: Mapping[str, Callable[[Books, Asked, Lines], Iterator[Finding]]] = {
    "erp.credit_memo": _memo,
    "erp.charge_back": _amount,
    "erp.receipt": _receipt,
    "erp.stock_move": _move,
    "erp.supplier_claim": _claim,
    "erp.claim_settlement": _amount,
    "erp.intercompany": _amount,
    "erp.refurbish_order": _workshop_order,
    "erp.refurbish_completion": _amount,
    "erp.replacement": _replacement,
    "erp.rma": _rma,
    "erp.close": _closing,
}
_NAME = {
    "erp.credit_memo": "credit",
    "erp.charge_back": "charge-back",
    "erp.receipt": "receipt",
    "erp.stock_move": "stock move",
    "erp.supplier_claim": "claim",
    "erp.claim_settlement": "claim settlement",
    "erp.intercompany": "intercompany document",
    "erp.refurbish_order": "workshop order",
    "erp.refurbish_completion": "completion of workshop work",
    "erp.replacement": "replacement",
    "erp.rma": "RMA",
    "erp.close": "closing",
}
"""Effect kind -> what people call its document."""


# -- one document that is not there --------------------------------------------------------


_CODE_OF_MISSING = {
    "erp.credit_memo": "R9",
    "erp.charge_back": "R10",
    "erp.receipt": "R3",
    "erp.stock_move": "R6",
    "erp.supplier_claim": "R12",
    "erp.claim_settlement": "R14",
    "erp.intercompany": "R16",
    "erp.refurbish_order": "R17",
    "erp.refurbish_completion": "R16",
    "erp.replacement": "R9",
    "erp.rma": "R17",
    "erp.close": "R17",
}


def _missing(books: Books, one: Asked, void: LedgerLine | None) -> Finding:
    worth = _worth(books, one)
    amount = _of(worth, _currency(books, one))
    gone = f"was voided there ({void.document})" if void else "is not there"
    says = f"The {_NAME[one.kind]} of {_where(one)}{amount} was sent to the ERP and {gone}."
    return _about(books, one, _CODE_OF_MISSING[one.kind], worth, worth, says, void)


def _parked(books: Books, one: Asked) -> Finding:
    worth = _worth(books, one)
    amount = _of(worth, _currency(books, one))
    why = (one.error or "nobody noted why").strip().rstrip(".")[:300]
    says = f"The {_NAME[one.kind]} of {_where(one)}{amount} never reached the ERP: {why}."
    return _about(books, one, "R18", worth, worth, says)


# -- what nobody asked for -----------------------------------------------------------------


def _with_more(first: LedgerLine, more: LedgerLine) -> LedgerLine:
    """A document of several lines as one, with the money of all; the goods are the first's."""
    return replace(first, amount_minor=(first.amount_minor or 0) + (more.amount_minor or 0))


def _strays(
    books: Books, live: Mapping[str, Sequence[LedgerLine]], strays: Lines
) -> Iterator[Finding]:
    if not strays:
        return
    by_line: dict[tuple[str, int], list[Asked]] = defaultdict(list)
    by_money: dict[tuple[object, ...], Asked] = {}
    for one in books.asked:
        if one.kind == "erp.credit_memo":
            paid = one.payload
            by_line[one.return_id, paid["line"]].append(one)
            by_money.setdefault(
                (paid["customer_id"], paid["sku"], paid["invoice_id"], paid["invoice_line"],
                 paid["net_minor"], paid["tax_minor"], paid["currency"]),
                one,
            )  # fmt: skip
    for stray in strays:
        if stray.kind == "credit_memo":
            yield _stray_memo(books, stray, by_line, by_money, live)
        else:
            yield _stray_document(books, stray)


def _stray_memo(
    books: Books,
    memo: LedgerLine,
    by_line: Mapping[tuple[str, int], Sequence[Asked]],
    by_money: Mapping[tuple[object, ...], Asked],
    live: Mapping[str, Sequence[LedgerLine]],
) -> Finding:
    """A credit again for the same line is a duplicate; any other is nobody's decision."""
    worth = (memo.amount_minor or 0) + (memo.tax_minor or 0)
    credited = f"{memo.document} credits {money_text(worth, memo.currency or '')}"
    if memo.return_id is not None and memo.line is not None:
        same = by_line.get((memo.return_id, memo.line), ())
        # A clerk's copy carries the money as it was or as it should be; the sum may differ.
        twin = next((x for x in same if _asked_money(x) == worth), same[0] if same else None)
        if twin is not None:
            first = live[twin.key][0].document if twin.key in live else twin.key
            says = f"{credited} for {_where(twin)} again: {first} did already."
            return _stray(books, memo, "R11", worth, says, first, "confirmed")
        says = f"{credited} for {memo.return_id} line {memo.line}, which nobody decided."
        return _stray(books, memo, "R8", worth, says)
    alike = by_money.get(
        (memo.customer_id, memo.sku, memo.invoice_id, memo.invoice_line, memo.amount_minor,
         memo.tax_minor or 0, memo.currency)
    )  # fmt: skip
    if alike is None:
        says = f"{credited} to {memo.customer_id} for {memo.sku} without a return."
        return _stray(books, memo, "R8", worth, says)
    first = live[alike.key][0].document if alike.key in live else alike.key
    says = (
        f"{credited} to {memo.customer_id} without a return; {first} credits the same amount for"
        f" {_where(alike)}."
    )
    # Shown with the return it looks like: that is where a person will start.
    near = replace(memo, return_id=alike.return_id)
    return _stray(books, near, "R8", worth, says, first, "suggested")


_CODE_OF_STRAY = {
    "receipt": "R2",
    "stock_move": "R7",
    "supplier_claim": "R14",
    "claim_settlement": "R14",
    "intercompany": "R16",
    "refurbish_order": "R17",
    "refurbish_completion": "R16",
    "replacement": "R8",
    "rma": "R17",
    "closing": "R17",
}


def _stray_document(books: Books, stray: LedgerLine) -> Finding:
    worth = abs(stray.amount_minor or 0)
    amount = _of(worth, stray.currency or "")
    where = f" of {stray.return_id}" if stray.return_id else ""
    goods = f" of {_n(stray.quantity)} {stray.sku}" if stray.quantity and stray.sku else ""
    says = (
        f"The ERP holds {stray.kind.replace('_', ' ')} {stray.document}{where}{goods}{amount},"
        " which nobody decided."
    )
    return _stray(books, stray, _CODE_OF_STRAY[stray.kind], worth, says)


def _stray(
    books: Books,
    line: LedgerLine,
    code: str,
    worth: int,
    says: str,
    matched: str | None = None,
    match: str | None = None,
) -> Finding:
    case = books.cases.get(line.return_id or "")
    return Finding(
        code=code,
        anchor=line.document,
        exposure_minor=abs(worth),
        variance_minor=-worth,
        currency=line.currency or (case.currency if case else ""),
        says=says,
        document=line.document,
        matched_document=matched,
        match=match,
        return_id=line.return_id,
        line=line.line,
        customer_id=line.customer_id or (case.customer_id if case else None),
        supplier_id=line.supplier_id or _supplier(books, line.return_id, line.line),
        sku=line.sku,
    )


# -- naming --------------------------------------------------------------------------------


def _about(
    books: Books,
    one: Asked,
    code: str,
    exposure_minor: int,
    variance_minor: int,
    says: str,
    theirs: LedgerLine | None = None,
    **named: Any,
) -> Finding:
    """A finding about an effect of ours: the ERP's document where there is one, and our key."""
    payload, case = one.payload, books.cases.get(one.return_id)
    line, sku = named.get("line", payload.get("line")), named.get("sku", payload.get("sku"))
    if sku is None and len(payload.get("lines", ())) == 1:
        line, sku = payload["lines"][0]["line"], payload["lines"][0]["sku"]
    return Finding(
        code=code,
        anchor=named.get("anchor", one.key),
        exposure_minor=exposure_minor,
        variance_minor=variance_minor,
        currency=_currency(books, one),
        says=says,
        document=theirs.document if theirs else one.key,
        matched_document=one.key if theirs else None,
        match="confirmed" if theirs else None,
        return_id=one.return_id,
        line=line,
        customer_id=case.customer_id if case else payload.get("customer_id"),
        supplier_id=payload.get("supplier_id") or _supplier(books, one.return_id, line),
        sku=sku,
    )


def _supplier(books: Books, return_id: str | None, line: int | None) -> str | None:
    found = books.lines.get((return_id or "", line or 0))
    return found.supplier_id if found else None


def _currency(books: Books, one: Asked) -> str:
    case = books.cases.get(one.return_id)
    return str(one.payload.get("currency") or (case.currency if case else ""))


def _worth(books: Books, one: Asked) -> int:
    """The money an effect is about: credits net plus tax, goods at cost, claims as claimed."""
    payload = one.payload
    match one.kind:
        case "erp.credit_memo":
            return _asked_money(one)
        case "erp.receipt":
            return sum(
                cost_of(Decimal(got["quantity"]), got["unit_cost_minor"])
                for got in payload["lines"]
            )
        case "erp.stock_move":
            return cost_of(Decimal(payload["quantity"]), payload["unit_cost_minor"])
        case "erp.charge_back":
            return int(payload["net_minor"])
        case "erp.supplier_claim":
            return int(payload["claimed_minor"])
        case "erp.claim_settlement":
            return int(payload["amount_minor"])
        case "erp.refurbish_completion":
            return int(payload["cost_minor"])
        case "erp.intercompany":
            return sum(int(line["amount_minor"]) for line in payload["lines"])
        case "erp.replacement":
            return _goods(books, one, Decimal(payload["quantity"]))
        case _:
            return 0


def _goods(books: Books, one: Asked, quantity: Decimal) -> int:
    """Goods of a line at cost, or at what was invoiced where nobody said their cost."""
    line = books.lines.get((one.return_id, one.payload["line"]))
    return books.cost(one.return_id, one.payload["line"], quantity) or (
        line.worth(quantity) if line else 0
    )


def _asked_money(one: Asked) -> int:
    """A credit's net and tax, with the freight given back and less that of the way back."""
    told = one.payload
    freight = told.get("freight_minor", 0) + told.get("freight_tax_minor", 0)
    back = told.get("return_freight_minor", 0)
    return int(told["net_minor"] + told["tax_minor"] + freight - back)


def _posted_money(memo: LedgerLine) -> int:
    goods = (memo.amount_minor or 0) + (memo.tax_minor or 0)
    freight = (memo.freight_minor or 0) + (memo.freight_tax_minor or 0)
    return goods + freight - (memo.return_freight_minor or 0)


def _where(one: Asked) -> str:
    line = one.payload.get("line")
    return f"{one.return_id} line {line}" if line else one.return_id


def _money(amount_minor: int, one: Asked) -> str:
    return money_text(amount_minor, str(one.payload["currency"]))


def _of(amount_minor: int, currency: str) -> str:
    return f" over {money_text(amount_minor, currency)}" if amount_minor else ""


def _n(quantity: Decimal) -> str:
    """``3`` for 3.0, ``2.5`` for 2.50."""
    return format(quantity.normalize(), "f")


def _word(status: str | None) -> str:
    return (status or "nowhere").replace("_", " ")
