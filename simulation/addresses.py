"""Where simulated customers, suppliers and warehouses are; VAT numbers and e-mail domains.

Drawn from streams of their own, so that nothing else of a world changes with them. Like real
records those of customers are incomplete: not everybody tells a VAT number or a domain.
"""

import random
import re
from dataclasses import replace

from simulation.catalogue import FB, IND
from simulation.streams import one
from workflow.facts import CustomerRegistered, SupplierRegistered, WarehouseRegistered

_STREETS = (
    "Mill", "Station", "Harbour", "Church", "Bridge", "Market", "Canal", "Foundry", "Garden",
    "North", "South", "River", "Quarry", "Castle", "Orchard", "Park", "School", "Victoria",
)  # fmt: skip
_WAYS = ("Street", "Road", "Lane", "Avenue")
_PLACES = {
    "US": (("Dayton", "454"), ("Toledo", "436"), ("Peoria", "616"), ("Fresno", "937"),
           ("Tulsa", "741"), ("Akron", "443"), ("Macon", "312")),
    "GB": (("Leeds", "LS"), ("Derby", "DE"), ("Preston", "PR"), ("Exeter", "EX")),
    "DE": (("Essen", "451"), ("Kassel", "341"), ("Mainz", "551"), ("Bremen", "281")),
    "NL": (("Breda", "48"), ("Zwolle", "80"), ("Arnhem", "68")),
    "ES": (("Burgos", "090"), ("Murcia", "300"), ("Gijon", "332")),
    "FR": (("Lille", "590"), ("Nantes", "440"), ("Dijon", "210")),
}  # fmt: skip
"""City and the beginning of its postcodes."""
_DIALLED = {"US": 1, "GB": 44, "DE": 49, "NL": 31, "ES": 34, "FR": 33}
WAREHOUSES = {
    place.warehouse_id: place
    for place in (
        WarehouseRegistered("W-IND-1", "Dayton, industrial", IND, "12 Foundry Road", "45402",
                            "Dayton", "US", "+1 555 410 001"),
        WarehouseRegistered("W-IND-2", "Tulsa, industrial", IND, "208 Quarry Lane", "74103",
                            "Tulsa", "US", "+1 555 410 002"),
        WarehouseRegistered("W-FB-1", "Fresno, chilled and dry", FB, "77 Orchard Avenue", "93721",
                            "Fresno", "US", "+1 555 410 003"),
        WarehouseRegistered("W-FB-2", "Macon, chilled and dry", FB, "5 Market Street", "31201",
                            "Macon", "US", "+1 555 410 004"),
    )
}  # fmt: skip


def placed(customer: CustomerRegistered, draw: random.Random) -> CustomerRegistered:
    """The customer with an address; the country stays."""
    city, head, street = _site(customer.country, draw)
    number = "".join(str(draw.randrange(10)) for _ in range(9))
    tells_vat = customer.country != "US" and draw.random() < 0.7
    slug = re.sub(r"[^a-z]+", "-", customer.name.lower()) + str(draw.randrange(1000))
    return replace(
        customer,
        vat_id=f"{customer.country}{number}" if tells_vat else None,
        street=street,
        postcode=_postcode(customer.country, head, draw),
        city=city,
        email_domain=f"{slug}.example" if draw.random() < 0.8 else None,
    )


def sited(supplier: SupplierRegistered, country: str, draw: random.Random) -> SupplierRegistered:
    """The supplier with an address, known in full."""
    city, head, street = _site(country, draw)
    return replace(
        supplier,
        street=street,
        postcode=_postcode(country, head, draw),
        city=city,
        country=country,
        phone=f"+{_DIALLED[country]} 555 {draw.randrange(100_000, 999_999)}",
    )


def _site(country: str, draw: random.Random) -> tuple[str, str, str]:
    city, head = draw.choice(_PLACES[country])
    return city, head, f"{draw.randrange(1, 240)} {one(draw, _STREETS)} {one(draw, _WAYS)}"


def _postcode(country: str, head: str, draw: random.Random) -> str:
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    if country == "GB":
        end = f"{draw.randrange(1, 10)}{one(draw, letters)}{one(draw, letters)}"
        return f"{head}{draw.randrange(1, 18)} {end}"
    if country == "NL":
        return f"{head}{draw.randrange(10, 100)} {one(draw, letters)}{one(draw, letters)}"
    return head + "".join(str(draw.randrange(10)) for _ in range(5 - len(head)))
