"""A return walked over HTTP in few words, for the stories."""

from dataclasses import dataclass
from typing import Any

from tests.serving.house import House, Json, request_body

Answer = Any


@dataclass(frozen=True)
class Walk:
    """One return of a house; every step answers with the response."""

    house: House
    id: str = "R-1001"

    @property
    def path(self) -> str:
        return f"/v1/returns/{self.id}"

    @property
    def case(self) -> Json:
        return self.house.case(self.id)

    def line(self, number: int = 1) -> Json:
        found: Json = self.case["lines"][number - 1]
        return found

    def request(
        self, quantity: object = 4, reason: str | None = "defective_on_arrival", **more: object
    ) -> Answer:
        """Ask for the pumps of the story; ``more`` changes the line."""
        body = request_body(self.id, quantity)
        body["lines"][0] |= {"reason_code": reason, **more}
        return self.house.post("/v1/returns", body)

    def receive(
        self, quantity: object = 4, *, line: int | None = 1, final: bool = True, **more: object
    ) -> Answer:
        got = {"line": line, "sku": "PMP-1001", "quantity": quantity, "lot": "L2217", **more}
        count = len([e for e in self.case["timeline"] if e["type"] == "goods_received"])
        body = {
            "receipt_id": f"RC-{self.id}-{count + 1}",
            "warehouse": "W-IND-1",
            "lines": [{k: v for k, v in got.items() if v is not None}],
            "final": final,
        }
        return self.house.post(f"{self.path}/receipts", body, "warehouse")

    def inspect(self, quantity: object = 4, condition: str = "defective", **more: object) -> Answer:
        found = {"line": 1, "quantity": quantity, "condition": condition, "lot": "L2217", **more}
        told = self.house.post(f"{self.path}/inspections", found, "inspector")
        self.house.perform()
        return told

    def dispose(self, value: str, portion: str = "1.1") -> Answer:
        """Quality chooses; without a model there is no proposal."""
        (task,) = [t for t in self.case["tasks"] if t["portion"] == portion]
        why = {"reason_code": "seen", "note": "As inspected."}
        told = self.house.decide(task["task"], "quality", "override", value=value, **why)
        self.house.perform()
        return told

    def pay(self, decision: str = "approve", who: str = "clerk", **more: object) -> Answer:
        """Decide the one credit that waits."""
        task = self.house.task(self.id, "credit")["task"]
        told = self.house.decide(task, who, decision, **more)
        self.house.perform()
        return told

    def through(self, quantity: object, reason: str, condition: str, disposition: str) -> Json:
        """The whole way, and the line at its end."""
        self.request(quantity, reason)
        self.receive(quantity)
        self.inspect(quantity, condition)
        self.dispose(disposition)
        return self.line()
