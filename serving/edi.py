"""An X12 interchange taken: each set becomes what the API would have been told, once.

The same interchange again (sender and control number) changes nothing and is answered with the same
997; the same control number with another text is refused. A set with faults is rejected whole, the
others go on; of a group that is not whole nothing is taken. What we do not keep is ``lost``.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson
from sqlalchemy import Connection

from integrations.edi import adjustments_812, returns_180
from integrations.edi.acknowledge import accepted, acknowledge
from integrations.edi.adjustments_812 import read_812
from integrations.edi.elements import Reading
from integrations.edi.interchange_acknowledge import (
    CONTROL_USED,
    IN_ORDER,
    INVALID_CONTENT,
    Header,
    header_of,
    refusal,
    segment,
)
from integrations.edi.returns_180 import Wanted, WantedLine, read_180
from integrations.edi.x12 import (
    Group,
    Interchange,
    TransactionSet,
    Unreadable,
    read,
    sets_of,
)
from journal import claims, lookups
from journal.entries import Append
from serving import debits
from serving.errors import Invalid, Unavailable
from serving.feed import PREFIX
from serving.http import retrying
from serving.intake import AGAIN, record
from serving.parking import keep
from serving.wanting import TYPE as WANTED
from serving.wiring import Services
from workflow.actor import Actor
from workflow.edi_facts import InterchangeTaken

Json = dict[str, Any]
KINDS = (returns_180.KIND, adjustments_812.KIND)
NOT_SUPPORTED = "1"
"""Element 718: the set is of a kind we do not take."""


def edi_text(body: bytes) -> str:
    """The text of an interchange. Errors: ``Invalid`` ``unreadable_edi``."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("unreadable_edi", "The interchange is not UTF-8 or ASCII text.") from error
    if "\x00" in text:
        raise Invalid("invalid_text", "The interchange holds a NUL character; remove it.")
    return text


def take_edi(services: Services, actor: Actor, text: str) -> Json:
    """Take one interchange; its report with the 997 (``acknowledgement``) and each set's outcome.

    Errors: ``Invalid`` (``unreadable_edi``, ``edi_envelope``, 409 ``control_number_reused``), with
    the TA1 to send back as ``acknowledgement`` where the header could be read.
    """
    now, header = services.clock(), header_of(text)
    interchange = _read(text, header, now)
    digest = hashlib.sha256(text.encode()).hexdigest()
    before = _taken(services, interchange)
    if before is not None:
        return _repeated(before, digest, header, now)
    items = [
        _not_taken(group, one) if group.codes else _item(services, actor, interchange, one)
        for group, one in sets_of(interchange)
    ]
    ta1 = segment(header, IN_ORDER) if header is not None and header.wants_ta1 else ""
    answer = acknowledge(interchange, now, ta1)
    sets = tuple((str(i["kind"]), str(i["control"]), str(i["status"])) for i in items)
    fact = InterchangeTaken(
        interchange.sender[1], interchange.receiver[1], interchange.control, digest, sets, answer,
        now,
    )  # fmt: skip
    append = Append(_stream(interchange), (fact,), actor, now, 0)
    retrying(services.engine, partial(_note, services, append))
    return _report(interchange) | {"repeated": False, "sets": items, "acknowledgement": answer}


def _note(services: Services, append: Append, conn: Connection) -> None:
    """Keep the answer; another request with the same interchange may have been faster."""
    if not services.journal.known_streams(conn, [append.stream]):
        services.journal.append(conn, [append])


def _read(text: str, header: Header | None, now: datetime) -> Interchange:
    try:
        interchange = read(text)
    except Unreadable as error:
        back = _ta1(header, INVALID_CONTENT, now)
        raise Invalid("unreadable_edi", f"No X12 interchange: {error}", more=back) from error
    if interchange.faults:
        errors = [{"at": "ISA", "message": says} for says in interchange.faults]
        said = f"Nothing was taken: {interchange.faults[0]}"
        back = _ta1(header, interchange.codes[0], now)
        raise Invalid("edi_envelope", said, errors=errors, more=back)
    return interchange


def _ta1(header: Header | None, note: str, now: datetime) -> Json:
    """What to send back where nothing of an interchange was taken, if it can be answered."""
    return {} if header is None else {"acknowledgement": refusal(header, note, now)}


def _report(interchange: Interchange) -> Json:
    return {
        "sender": interchange.sender[1],
        "receiver": interchange.receiver[1],
        "control": interchange.control,
        "test": interchange.usage == "T",
    }


def _stream(interchange: Interchange) -> str:
    names = (interchange.sender[0], interchange.sender[1], interchange.control)
    return "edi/" + "/".join(quote(name, safe="") for name in names)


def _taken(services: Services, interchange: Interchange) -> InterchangeTaken | None:
    with services.engine.connect() as conn:
        entries = services.journal.read_stream(conn, _stream(interchange))
    found: InterchangeTaken | None = entries[0].event if entries else None
    return found


def _repeated(before: InterchangeTaken, digest: str, header: Header | None, now: datetime) -> Json:
    if before.digest != digest:
        raise Invalid(
            "control_number_reused",
            f"{before.sender} sent another text as interchange {before.control}; a new interchange"
            " has a new control number.",
            409,
            more=_ta1(header, CONTROL_USED, now),
        )
    sets = [{"kind": kind, "control": c, "status": "repeated"} for kind, c, _ in before.sets]
    return {
        "sender": before.sender,
        "receiver": before.receiver,
        "control": before.control,
        "repeated": True,
        "sets": sets,
        "acknowledgement": before.acknowledgement,
    }


def _not_taken(group: Group, one: TransactionSet) -> Json:
    """A set of a group that is not whole: sets may be missing, or have lost their end."""
    says = f"The envelope of group {group.control} is wrong (X12 716 code {group.codes[0]})."
    told = {"kind": one.kind, "control": one.control, "status": "rejected"}
    return told | {"faults": [{"at": "GE", "says": says}]}


def _item(services: Services, actor: Actor, interchange: Interchange, one: TransactionSet) -> Json:
    """What became of one set; its faults are noted in it for the 997."""
    told: Json = {"kind": one.kind, "control": one.control}
    if one.kind not in KINDS:
        one.codes.append(NOT_SUPPORTED)
        says = f"{one.kind} is not taken here; {' and '.join(KINDS)} are."
        return told | {"status": "rejected", "faults": [{"at": "ST01", "says": says}]}
    if one.kind == returns_180.KIND:
        wanted, reading = read_180(one)
        work = partial(_want, services, actor, interchange, wanted)
    else:
        name, data, reading = read_812(one)
        work = partial(_adjust, services, actor, interchange, one, name, data)
    one.faults += reading.faults
    if not accepted(one):
        return told | {"status": "rejected", "faults": _faults(reading, one)}
    if interchange.usage == "T":
        return told | {"status": "tested", "lost": reading.lost}
    return told | work() | {"lost": reading.lost}


def _faults(reading: Reading, one: TransactionSet) -> list[Json]:
    envelope = [
        {"at": "SE", "says": f"The envelope of the set is wrong (X12 718 code {code})."}
        for code in one.codes
    ]
    inside = [{"at": fault.at, "says": fault.says, "value": fault.value} for fault in one.faults]
    return envelope + inside


def _want(services: Services, actor: Actor, interchange: Interchange, wanted: Wanted) -> Json:
    """Ask for the return; one that came too early waits, as facts do."""
    data = {
        "id": _return_id(interchange, wanted),
        "customer": wanted.customer_id,
        "channel": "edi",
        "reference": wanted.number,
        "lines": [_line(line) for line in wanted.lines],
    }
    return _told(services, actor, interchange, wanted.number, WANTED, data)


def _return_id(interchange: Interchange, wanted: Wanted) -> str:
    """The same for every delivery of one request."""
    name = re.sub(r"[^A-Za-z0-9._-]", "", interchange.sender[1])
    whole = f"X12-{name}-{wanted.number}"
    mark = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return whole if len(whole) <= 64 else f"{whole[:55]}-{mark}"


def _line(line: WantedLine) -> Json:
    told: Json = {
        "sku": line.sku,
        "quantity": str(line.quantity),
        "uom": line.uom,
        "lot": line.lot,
        "reason_text": line.text,
        "serials": line.serials,
    }
    if line.invoice_id is not None:
        told["source"] = {"invoice_id": line.invoice_id, "line": line.invoice_line}
    if line.reason is not None:
        told["foreign_reason"] = {"system": "x12_1293", "code": line.reason}
    return told


def _adjust(
    services: Services,
    actor: Actor,
    interchange: Interchange,
    one: TransactionSet,
    name: str,
    data: Mapping[str, Any],
) -> Json:
    if name == debits.TYPE:
        return _told(services, actor, interchange, one.control, name, data)
    with services.engine.connect() as conn:
        whole = _claimed(conn, data) if name == "supplier_claim_answered" else _owned(conn, data)
    return _told(services, actor, interchange, one.control, name, whole)


def _told(
    services: Services,
    actor: Actor,
    interchange: Interchange,
    number: str,
    name: str,
    data: Mapping[str, Any],
) -> Json:
    """Tell it as an event of the interchange; what is malformed then is kept for a person, since
    the 997 accepted it and nobody else would learn of it."""
    event = {
        "specversion": "1.0",
        "id": f"{interchange.control}-{name}-{number}",
        "source": f"/edi/{quote(interchange.sender[1], safe='')}",
        "type": PREFIX + name,
        "data": data,
    }
    told = record(services, actor, event)
    told.pop("id")
    why = told.get("problem")
    if not isinstance(why, dict):
        return told
    if why["code"] in AGAIN:
        raise Unavailable(str(why["detail"]))
    reason, says = str(why["code"]), str(why["detail"])
    body = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
    parked_id = keep(services, actor, body, reason, says, event)
    return {"status": "parked", "parked_id": parked_id, "reason": reason, "says": says}


def _claimed(conn: Connection, data: Mapping[str, Any]) -> Json:
    """A supplier's answer with what our claim says of itself; as it is where we have none.

    The response follows from the amount: all, a part, or nothing of what was claimed.
    """
    claim = claims.one(conn, data["claim_id"])
    if claim is None:
        return dict(data)
    paid, claimed = data["recovered_minor"], claim["claimed_minor"]
    response = "FWC" if paid >= claimed else "PWA" if paid else "NEW"
    about = {name: claim[name] for name in ("return_id", "line", "sku", "claimed_minor")}
    return {**data, **about, "response": response}


def _owned(conn: Connection, data: Mapping[str, Any]) -> Json:
    """A credit note with its customer's business unit, where it names none."""
    customer = lookups.customer(conn, data["customer_id"])
    unit = data["business_unit"] or (customer.business_unit if customer else "")
    return {**data, "business_unit": unit}
