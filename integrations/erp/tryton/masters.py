"""Codes of ours to records of the ERP: parties, items, lots, places, accounts, journals.

Looked up once and remembered; what is not there is ``Rejected`` as ``unknown_master`` and is looked
up again the next time, so that a person can add it and try again.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from integrations.erp.port import Rejected
from integrations.erp.tryton.mapping import AT_CUSTOMER, ErpMap
from integrations.erp.tryton.rpc import Misspoken, NotAllowed, Rpc

Found = TypeVar("Found")


class Party(NamedTuple):
    id: int
    address: int
    customer_place: int
    supplier_place: int


class Item(NamedTuple):
    id: int
    unit: int
    decimals: int


class Warehouse(NamedTuple):
    id: int
    supplier_returns: int | None
    """The place from which the system sends goods back to suppliers."""


class Company(NamedTuple):
    id: int
    currency_id: int
    currency: str
    decimals: int
    """Digits of the minor unit: 2 for cents."""


class Currency(NamedTuple):
    """What a document is in. ``per_ours`` of it are one of the books' currency today; ``None``: it
    is theirs."""

    id: int
    code: str
    decimals: int
    per_ours: Decimal | None
    books_decimals: int


@dataclass(slots=True)
class Masters:
    """What the ERP knows by our codes."""

    rpc: Rpc
    map: ErpMap
    _known: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def company(self) -> Company:
        """The company whose books these are: that of our user."""
        return self._remember(("company",), self._company)

    def currency(self, code: str | None) -> Currency:
        """A currency, that of the books where none is named. Another one needs a rate of today:
        ``Rejected`` as ``unknown_master`` where the system has none."""
        books = self.company()
        if code in (None, books.currency):
            return Currency(books.currency_id, books.currency, books.decimals, None, books.decimals)
        today = self.today()
        find = lambda: self._currency(str(code), today)  # noqa: E731
        return self._remember(("currency", str(code), today.isoformat()), find)

    def party(self, code: str) -> Party:
        """A customer or supplier with its first address."""
        return self._remember(("party", code), lambda: self._party(code))

    def item(self, sku: str) -> Item:
        """An item and the unit its quantities are in."""
        return self._remember(("item", sku), lambda: self._item(sku))

    def lot(self, sku: str, number: str) -> int:
        """A lot of an item; made where the ERP has none, because the goods are there."""
        return self._remember(("lot", sku, number), lambda: self._lot(sku, number))

    def warehouse(self, code: str) -> Warehouse:
        """A warehouse by its code."""
        return self._remember(("warehouse", code), lambda: self._warehouse(code))

    def place(self, status: str, warehouse: str) -> int:
        """The place of a stock status in a warehouse, not that of ``at_customer``."""
        if status == AT_CUSTOMER:
            raise AssertionError("goods at a customer are at that customer's place")
        code = self.map.place(status, warehouse)
        return self._remember(("place", code), lambda: self._id("stock.location", code, "place"))

    def account(self, ours: str) -> int:
        """The account that ours is mapped to."""
        code = self.map.accounts[ours]
        return self._remember(("account", code), lambda: self._account(code))

    def on_suppliers_notes(self, ours: str) -> bool:
        """Whether the system admits the account on an invoice or credit note of a supplier."""
        return self._remember(("on_suppliers_notes", ours), lambda: self._is_spent(ours))

    def journal(self, purpose: str) -> int:
        """The journal for ``goods``, ``customers`` or ``suppliers``."""
        code = self.map.journals[purpose]
        find = lambda: self._id("account.journal", code, "journal")  # noqa: E731
        return self._remember(("journal", code), find)

    def period(self, on: date) -> int:
        """The open accounting period of a day."""
        return self._remember(("period", on.isoformat()), lambda: self._period(on))

    def today(self) -> date:
        """The day the ERP is in, on which it posts."""
        found: date = self.rpc.read("model.ir.date.today")
        return found

    def _remember(self, name: tuple[str, ...], find: Callable[[], Found]) -> Found:
        with self._lock:
            if name in self._known:
                known: Found = self._known[name]
                return known
        found = find()
        with self._lock:
            return self._known.setdefault(name, found)  # type: ignore[no-any-return]

    def _search(
        self, model: str, domain: list[Any], fields: list[str], limit: int | None = 2
    ) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.rpc.read(
            f"model.{model}.search_read", domain, 0, limit, None, fields
        )
        return rows

    def _only(self, what: str, code: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        if not rows:
            raise Rejected("unknown_master", f"The ERP has no {what} {code}.")
        if len(rows) > 1:
            raise Rejected("unknown_master", f"The ERP has several of {what} {code}.")
        return rows[0]

    def _id(self, model: str, code: str, what: str) -> int:
        found: int = self._only(what, code, self._search(model, [["code", "=", code]], ["id"]))[
            "id"
        ]
        return found

    def _company(self) -> Company:
        told = self.rpc.read("model.res.user.get_preferences", True)
        fields = ["currency", "currency.code", "currency.digits"]
        row = self.rpc.read("model.company.company.read", [told["company"]], fields)[0]
        currency = row["currency."]
        self._no_perpetual_valuation(row["id"])
        return Company(row["id"], row["currency"], currency["code"], currency["digits"])

    def _no_perpetual_valuation(self, company: int) -> None:
        """The adapter books the goods; a system that does it too would book them twice."""
        wanted = [["company", "=", company], ["state", "=", "open"]]
        try:
            years = self._search("account.fiscalyear", wanted, ["account_stock_method"], None)
        except Misspoken:
            return  # the module that could do it is not installed
        if any(year["account_stock_method"] for year in years):
            raise Rejected(
                "refused_by_system",
                "The ERP values stock perpetually, and we book the goods: it would count twice.",
            )

    def _currency(self, code: str, on: date) -> Currency:
        books = self.company()
        rows: list[dict[str, Any]] = self.rpc.read(
            "model.currency.currency.search_read", [["code", "in", [code, books.currency]]],
            0, None, None, ["code", "digits", "rate"], context={"date": on},
        )  # fmt: skip
        found = {row["code"]: row for row in rows}
        row = self._only("currency", code, [row for row in rows if row["code"] == code])
        if not (row["rate"] and found[books.currency]["rate"]):
            raise Rejected(
                "unknown_master",
                f"The ERP's books are in {books.currency}, and it has no rate of {code} for {on}.",
            )
        self._room_for_differences(code)
        per_ours = row["rate"] / found[books.currency]["rate"]
        return Currency(row["id"], code, row["digits"], per_ours, books.decimals)

    def _room_for_differences(self, code: str) -> None:
        """An invoice in another currency may leave a cent over in the books'."""
        fields = ["currency_exchange_debit_account", "currency_exchange_credit_account"]
        context = {"company": self.company().id}
        row = self.rpc.read("model.account.configuration.read", [1], fields, context=context)[0]
        if not all(row[name] for name in fields):
            raise Rejected(
                "unknown_master",
                f"The ERP has no accounts for currency exchange, which a document in {code} needs: "
                "name both in its accounting configuration.",
            )

    def _party(self, code: str) -> Party:
        fields = ["addresses", "customer_location", "supplier_location"]
        context = {"company": self.company().id}
        rows = self.rpc.read(
            "model.party.party.search_read", [["code", "=", code]], 0, 2, None, fields,
            context=context,
        )  # fmt: skip
        row = self._only("customer or supplier", code, rows)
        if not row["addresses"]:
            raise Rejected("unknown_master", f"The ERP has no address of {code}.")
        return Party(
            row["id"], row["addresses"][0], row["customer_location"], row["supplier_location"]
        )

    def _item(self, sku: str) -> Item:
        fields = ["default_uom", "default_uom.digits"]
        rows = self._search("product.product", [["code", "=", sku]], fields)
        row = self._only("item", sku, rows)
        return Item(row["id"], row["default_uom"], row["default_uom."]["digits"])

    def _lot(self, sku: str, number: str) -> int:
        product = self.item(sku).id
        wanted = [["number", "=", number], ["product", "=", product]]
        rows = self._search("stock.lot", wanted, ["id"], None)
        if not rows:
            made = [{"number": number, "product": product}]
            try:
                self.rpc.write("model.stock.lot.create", made)
            except NotAllowed as no:
                raise Rejected("refused_by_system", f"Lot {number} of {sku}: {no}") from no
            rows = self._search("stock.lot", wanted, ["id"], None)
        # Two may have made it at once: everybody takes the first.
        first: int = min(row["id"] for row in rows)
        return first

    def _warehouse(self, code: str) -> Warehouse:
        wanted = [["code", "=", code], ["type", "=", "warehouse"]]
        rows = self._search("stock.location", wanted, ["supplier_return_location"])
        row = self._only("warehouse", code, rows)
        return Warehouse(row["id"], row["supplier_return_location"])

    def _account(self, code: str) -> int:
        wanted = [["code", "=", code], ["company", "=", self.company().id]]
        found: int = self._only("account", code, self._search("account.account", wanted, ["id"]))[
            "id"
        ]
        return found

    def _is_spent(self, ours: str) -> bool:
        fields = ["type.expense", "type.debt"]
        row = self.rpc.read("model.account.account.read", [self.account(ours)], fields)[0]
        return bool(row["type."]["expense"] or row["type."]["debt"])

    def _period(self, on: date) -> int:
        wanted = [
            ["start_date", "<=", on], ["end_date", ">=", on], ["type", "=", "standard"],
            ["state", "=", "open"], ["company", "=", self.company().id],
        ]  # fmt: skip
        rows = self._search("account.period", wanted, ["id"])
        found: int = self._only("open period for", on.isoformat(), rows)["id"]
        return found
