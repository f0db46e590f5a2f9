"""Alarms over HTTP and in the tables: raised once, listed by role, settled by a person."""

from sqlalchemy import text

from journal.alarms import raise_alarm
from tests.serving.house import House


def alarm(house: House, subject: str = "reason", role: str = "finance_clerk") -> str | None:
    with house.services.engine.begin() as conn:
        raised = raise_alarm(
            house.services.journal,
            conn,
            kind="drift",
            subject=subject,
            says="Texts are not what they were.",
            role=role,
            at=house.clock(),
            figures=(("psi", 0.31),),
        )
    return raised.alarm_id if raised else None


def test_an_alarm_is_a_task(empty_house: House) -> None:
    """Listed until somebody of its role settles it; raised again only after that."""
    house = empty_house
    assert alarm(house) == "drift:reason:1"
    assert alarm(house) is None
    assert alarm(house, "credit", "finance_lead") == "drift:credit:1"
    (shown,) = house.get("/v1/alarms", role="finance_clerk").json()["items"]
    assert (shown["says"], shown["figures"]) == ("Texts are not what they were.", [["psi", 0.31]])
    assert len(house.get("/v1/alarms").json()["items"]) == 2
    path = f"/v1/alarms/{shown['alarm_id']}/settlement"
    refused = house.post(path, {"note": "seen"}, "service")
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_role")
    done = house.post(path, {"note": "A new customer."}, "finn2")
    assert (done.json()["status"], done.json()["settled_by"]) == ("settled", "fay.clerk")
    again = house.post(path, {"note": "A new customer."}, "finn2")
    assert again.json()["code"] == "already_decided"
    assert house.get("/v1/alarms", role="finance_clerk").json()["items"] == []
    assert len(house.get("/v1/alarms", status="settled").json()["items"]) == 1
    assert alarm(house) == "drift:reason:2"
    unknown = house.post("/v1/alarms/drift:x:1/settlement", {"note": "x"}, "finn2")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_alarm")


def test_verify_refolds_alarms(empty_house: House) -> None:
    """A row changed behind the journal's back is named."""
    alarm(empty_house)
    assert empty_house.differences() == []
    with empty_house.services.engine.begin() as conn:
        conn.execute(text("UPDATE alarm SET status = 'settled'"))
        conn.execute(
            text(
                "INSERT INTO alarm SELECT 'x', kind, subject, says, role, status,"
                " raised_at, figures, report, settled_by, settled_at, note FROM alarm"
            )
        )
    found = empty_house.differences()
    assert len(found) == 2
    assert "alarm drift:reason:1: is (" in found[0]
    assert found[1] == "alarm x: is shown, but the log does not know it"
