# SPDX-License-Identifier: GPL-3.0-or-later
# This one file imports proteus and the test tools of Tryton's modules, which are under the GPL,
# so it is under the GPL too. It runs as a process of its own inside the ERP's environment; no
# file of Returns Triage imports it, and it is not part of the wheel (docs/decisions).
"""Prepare a Tryton database from a world file: masters, accounts, stock, invoiced orders, users.

    python build_tryton.py DATABASE WORLD.toml OUT.json

The database is named by ``TRYTOND_DATABASE__URI`` (and ``__PATH`` for SQLite) and must exist.
``OUT.json`` gets the users and their passwords.
"""

import datetime as dt
import json
import os
import secrets
import subprocess
import sys
import tempfile
import tomllib
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

from proteus import Model
from proteus import config as connection

MODULES = ["account_invoice_stock", "purchase", "sale", "sale_complaint", "stock_lot"]
CLERK_GROUPS = {
    "Sales", "Stock", "Purchase", "Accounting", "Account", "Accounting Party",
    "Sales Complaint", "Customer Complaint",
}  # fmt: skip
APPROVER_GROUPS = CLERK_GROUPS | {"Sales Administrator"}
DAYS_AGO = 12


def main(database, world_file, out):
    world = tomllib.loads(Path(world_file).read_text())
    activate_modules(database)
    lab = Lab(database, world)
    lab.company()
    lab.chart()
    lab.parties()
    lab.items()
    lab.places()
    lab.opening_stock()
    for order in world["orders"]:
        lab.order(order)
    lab.other_company()
    lab.complaint_types()
    passwords = {
        "service": lab.user("triage", "Returns service", CLERK_GROUPS),
        "approver": lab.user("approver", "Returns approver", APPROVER_GROUPS),
    }
    users = {"service": "triage", "approver": "approver"}
    result = {"database": database, "users": users, "passwords": passwords}
    Path(out).write_text(json.dumps(result, indent=1))


def activate_modules(database):
    """The schema, by Tryton's own command."""
    with tempfile.NamedTemporaryFile("w", suffix=".password") as password:
        password.write(secrets.token_urlsafe(32))
        password.flush()
        command = [
            str(Path(sys.executable).with_name("trytond-admin")), "-d", database,
            "-u", "ir", "res", *MODULES, "--activate-dependencies", "--email", "admin@example.test",
        ]  # fmt: skip
        subprocess.run(command, env={**os.environ, "TRYTONPASSFILE": password.name}, check=True)


class Lab:
    def __init__(self, database, world):
        self.world = world
        self.config = connection.set_trytond(f"sqlite:///{database}")
        self.config.skip_warning = True  # an invoice of the past is due in the past: it is meant
        self.earlier = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=DAYS_AGO)
        self.party, self.product, self.tax, self.warehouse, self.account = {}, {}, {}, {}, {}
        for item in Model.get("ir.module.config_wizard.item").find([("state", "!=", "done")]):
            item.state = "done"
            item.save()

    def one(self, model, *domain):
        return Model.get(model).find(list(domain), limit=1)[0]

    def company(self):
        from trytond.modules.company.tests.tools import create_company, get_company

        create_company(currency=self.world["currency"])
        self.our = get_company()
        self.config._context = Model.get("res.user").get_preferences(True, {})

    def chart(self):
        from trytond.modules.account.tests.tools import (
            create_chart,
            create_fiscalyear,
            get_accounts,
        )
        from trytond.modules.account_invoice.tests.tools import (
            create_payment_term,
            set_fiscalyear_invoice_sequences,
        )

        create_chart()
        found = get_accounts()
        found["owed by suppliers"] = self.owed_by_suppliers(found["payable"])
        for code, (name, like) in self.world["accounts"].items():
            self.account[code] = self.make_account(code, name, like, found)
        self.exchange_differences(self.account["5900"])
        year = set_fiscalyear_invoice_sequences(create_fiscalyear())
        self.number_ranges(year)
        year.click("create_period")
        journal = Model.get("account.journal")(name="Returns", code="RET", type="general")
        journal.save()
        self.found = found
        self.term = create_payment_term()
        self.term.save()
        for rate in {item["tax_rate"] for item in self.world["items"].values()}:
            self.tax[rate] = self.make_tax(rate)

    def owed_by_suppliers(self, payable):
        """What has the type of accounts that a supplier's credit note may name beside expenses."""
        made = Model.get("account.account.type")(name="Claims on suppliers", statement="balance")
        made.parent, made.debt = payable.type.parent, True
        made.save()
        return SimpleNamespace(type=made)

    def make_account(self, code, name, like, found):
        model = found.get(like) or self.one("account.account", ("code", "=", like))
        if like in ("receivable", "payable"):
            model.code, model.name = code, name
            model.save()
            return model
        made = Model.get("account.account")(name=name, code=code, type=model.type)
        made.save()
        return made

    def exchange_differences(self, account):
        """What cents go to that an invoice in another currency leaves over."""
        chosen = Model.get("account.configuration")(1)
        chosen.currency_exchange_credit_account = account
        chosen.currency_exchange_debit_account = account
        chosen.save()

    def number_ranges(self, year):
        """A range each: a credit note is never numbered among the invoices."""
        ranges = year.invoice_sequences[0]
        kind = self.one("ir.sequence.type", ("name", "=", "Invoice"))
        for name in ("out_invoice", "out_credit_note", "in_invoice", "in_credit_note"):
            prefix = {"out_invoice": "INV-"}.get(name, "")
            made = Model.get("ir.sequence.strict")(
                name=name, sequence_type=kind, company=self.our, prefix=prefix
            )
            made.save()
            setattr(ranges, f"{name}_sequence", made)
            if name == "out_invoice":
                self.invoice_range = made

    def make_tax(self, rate):
        account = self.account["2100"]
        made = Model.get("account.tax")(
            name=f"Tax {rate}", description=f"Tax {rate}", type="percentage", rate=Decimal(rate),
            invoice_account=account, credit_note_account=account,
        )  # fmt: skip
        made.save()
        return made

    def parties(self):
        for code, name in {**self.world["customers"], **self.world["suppliers"]}.items():
            self.party[code] = Model.get("party.party")(name=name, code=code)
            self.party[code].save()

    def items(self):
        unit = self.one("product.uom", ("name", "=", "Unit"))
        goods = {rate: self.category(rate, tax) for rate, tax in self.tax.items()}
        for code, item in self.world["items"].items():
            self.product[code] = self.make_item(code, item, unit, goods[item["tax_rate"]])

    def category(self, rate, tax):
        made = Model.get("product.category")(name=f"Goods taxed {rate}", accounting=True)
        made.account_expense = self.found["expense"]
        made.account_revenue = self.found["revenue"]
        made.customer_taxes.append(tax)
        made.save()
        return made

    def make_item(self, code, item, unit, category):
        made = Model.get("product.template")()
        made.name, made.code, made.default_uom, made.type = item["name"], code, unit, "goods"
        made.salable = made.purchasable = True
        made.list_price = Decimal(item["price"])
        made.cost_price_method = "fixed"
        made.lead_time = dt.timedelta(0)
        made.account_category = category
        if item["lots"]:
            made.lot_required = ["supplier", "customer", "lost_found", "storage"]
        (product,) = made.products
        product.cost_price = Decimal(item["cost"])
        made.save()
        supplier = self.party[item["supplier"]]
        Model.get("purchase.product_supplier")(template=made, party=supplier).save()
        return made.products[0]

    def places(self):
        """Warehouses, and in each one place a stock status, outside what sales may assign."""
        place = Model.get("stock.location")
        (first,) = place.find([("code", "=", "WH")])
        for code in self.world["warehouses"]:
            (copy,) = first.duplicate()
            copy.name = copy.code = code
            copy.save()
            self.warehouse[code] = self.furnish(copy, code, place)

    def furnish(self, warehouse, code, place):
        for role in ("storage", "input", "output"):
            own = place(name=f"{code} {role}", code=f"{code}-{role.upper()}", type="storage")
            own.parent = warehouse
            own.save()
            setattr(warehouse, f"{role}_location", own)
        warehouse.picking_location = None
        for status in self.world["statuses"]:
            own = place(name=f"{code} {status.lower()}", code=f"{code}-{status}", type="storage")
            own.parent = warehouse
            own.save()
            if status == "SUPPLIER":
                warehouse.supplier_return_location = own
        for status in self.world["gone"]:
            place(
                name=f"{code} {status.lower()}", code=f"{code}-{status}", type="lost_found"
            ).save()
        warehouse.save()
        return warehouse

    def opening_stock(self):
        """What the orders need, received without a purchase: an inventory of each warehouse."""
        for order in self.world["orders"]:
            storage = self.warehouse[order["warehouse"]].storage_location
            count = Model.get("stock.inventory")(location=storage, date=self.earlier)
            for wanted in order["lines"]:
                line = count.lines.new()
                line.product = self.product[wanted["sku"]]
                line.quantity = wanted["quantity"] * 10
                if "lot" in wanted:
                    line.lot = self.lot(wanted["sku"], wanted["lot"])
            count.click("confirm")

    def lot(self, sku, number):
        model, product = Model.get("stock.lot"), self.product[sku]
        found = model.find([("number", "=", number), ("product", "=", product.id)])
        if found:
            return found[0]
        made = model(number=number, product=product)
        made.save()
        return made

    def order(self, order):
        """Sold, shipped with its lots, invoiced and posted, under a number of its own."""
        sale = Model.get("sale.sale")(
            party=self.party[order["customer"]], payment_term=self.term,
            invoice_method="fulfillment", reference=order["reference"], sale_date=self.earlier,
        )  # fmt: skip
        sale.warehouse = self.warehouse[order["warehouse"]]
        if "currency" in order:
            sale.currency = self.currency(order["currency"])
        for wanted in order["lines"]:
            line = sale.lines.new()
            line.product = self.product[wanted["sku"]]
            line.quantity = wanted["quantity"]
        sale.click("quote")
        sale.click("confirm")
        (shipment,) = sale.shipments
        lots = {wanted["sku"]: wanted.get("lot") for wanted in order["lines"]}
        for move in shipment.inventory_moves:
            if lots[move.product.code]:
                move.lot = self.lot(move.product.code, lots[move.product.code])
        shipment.effective_date = self.earlier
        shipment.save()
        for step in ("assign_try", "pick", "pack", "do"):
            shipment.click(step)
        if shipment.state != "done":
            raise SystemExit(f"{order['reference']} was not shipped: {shipment.state}")
        sale.reload()
        self.invoice_range.number_next = order["number"]
        self.invoice_range.save()
        (invoice,) = sale.invoices
        invoice.invoice_date = self.earlier
        invoice.save()
        invoice.click("post")

    def currency(self, code):
        """A currency with the rate of the tools: two of it for one of ours."""
        from trytond.modules.currency.tests.tools import get_currency

        return get_currency(code)

    def other_company(self):
        """Another company in the same database, with an invoice whose number ours has too."""
        from trytond.modules.account.tests.tools import (
            create_chart,
            create_fiscalyear,
            get_accounts,
        )
        from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
        from trytond.modules.company.tests.tools import create_company

        other = self.world["other_company"]
        party = Model.get("party.party")(name=other["name"])
        party.save()
        create_company(party, self.currency(other["currency"]))
        (self.other,) = Model.get("company.company").find([("party", "=", party.id)])
        self.work_for(self.other)
        create_chart(self.other)
        year = set_fiscalyear_invoice_sequences(create_fiscalyear(self.other))
        numbers = year.invoice_sequences[0].out_invoice_sequence
        numbers.prefix = "INV-"
        numbers.save()
        year.click("create_period")
        invoice = Model.get("account.invoice")(type="out", party=self.party[other["customer"]])
        invoice.payment_term, invoice.invoice_date = self.term, self.earlier
        line = invoice.lines.new(account=get_accounts(self.other)["revenue"])
        line.description, line.quantity, line.unit_price = "Services", 1, Decimal(other["net"])
        invoice.click("post")
        self.work_for(self.our)

    def work_for(self, company):
        """The administrator's company is what a record belongs to that names none."""
        users = Model.get("res.user")
        (me,) = users.find([("login", "=", "admin")])
        if company.id not in {one.id for one in me.companies}:
            me.companies.append(Model.get("company.company")(company.id))
        me.company = Model.get("company.company")(company.id)
        me.save()
        self.config._context = users.get_preferences(True, {})

    def complaint_types(self):
        """What the system's own complaints may be about, for tests of how it behaves."""
        for name in ("sale.sale", "account.invoice.line"):
            made = Model.get("sale.complaint.type")(name=name)
            made.origin = self.one("ir.model", ("name", "=", name))
            made.save()

    def user(self, login, name, groups):
        password = secrets.token_urlsafe(24)
        made = Model.get("res.user")(name=name, login=login, password=password)
        for company in (self.our, self.other):
            made.companies.append(Model.get("company.company")(company.id))
        made.company = Model.get("company.company")(self.our.id)
        for group in Model.get("res.group").find([]):
            if group.name in groups:
                made.groups.append(Model.get("res.group")(group.id))
        made.save()
        return password


if __name__ == "__main__":
    main(*sys.argv[1:])
