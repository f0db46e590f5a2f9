"""Settings from the environment, prefix ``TRIAGE_``; none is needed for a first run."""

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from journal.systems import Limits

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds the rooms: the checkout, or site-packages."""


class Settings(BaseSettings):
    """Every knob, with the default a laptop wants."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_", extra="ignore")

    database_url: str | None = None
    """PostgreSQL URL; without one the embedded server is used."""
    state_dir: Path = Field(default_factory=lambda: Path.cwd() / ".triage")
    """Keys, bundles and evidence of this installation."""
    bundles: str | None = None
    """Where promoted model bundles are kept: a folder or an fsspec URL (``s3://...``)."""
    evidence: str | None = None
    """Where files that prove something are kept: a folder or an fsspec URL (``s3://...``)."""
    max_file_bytes: int = 10_000_000
    """A file of evidence larger than this is refused with 413."""
    erp: Literal[
        "reference",
        "tryton",
        "mapped:sap-s4hana",
        "mapped:dynamics365",
        "mapped:netsuite",
        "mapped:business-central",
    ] = "reference"
    """The system of record; ``tryton`` needs the five below (docs/reference/tryton.md), one by a
    mapping its address and a token (docs/how-to/connect-an-erp.md)."""
    erp_url: str | None = None
    erp_database: str = "lab"
    erp_login: str | None = None
    erp_password: SecretStr | None = None
    erp_map: Path | None = None
    """Our accounts, stock statuses and journals in the ERP's codes; without one that of the lab."""
    erp_token: SecretStr | None = None
    """Bearer token of a mapped ERP."""
    erp_token_file: Path | None = None
    """Or the file that holds it, read anew for each request: what refreshes it writes it there."""
    erp_values: dict[str, str] = Field(default_factory=dict)
    """What a mapped ERP wants and only the installation knows (its sales organisation); as JSON."""
    erp_allow_guesses: bool = False
    """Whether operations of a mapping that rest on guesses are tried."""
    erp_seconds: float = 60.0
    """How long a call of the ERP may take before its answer counts as lost."""
    erp_patience_seconds: float = 10.0
    """How long what a lost call asked of the ERP may still come to pass; its key rests for that."""
    policies_dir: Path = ROOT / "policies"
    host: str = "127.0.0.1"
    port: int = 8000
    session_hours: int = 12
    secure_cookies: bool = False
    """Set behind TLS: session cookies are then sent over HTTPS only."""
    lease_minutes: int = 15
    max_body_bytes: int = 2_000_000
    """A request larger than this is refused with 413 before it is read."""
    max_text_chars: int = 20_000
    """A reason text longer than this is refused with ``text_too_long``."""
    shelf_refresh_seconds: float = 2.0
    """How often a server looks whether another model was promoted."""
    worker_concurrency: int = 4
    webhook_concurrency: int = 4
    system_limits: dict[str, Limits] = Field(default_factory=lambda: {"erp": Limits()})
    """By system: effects at once, and begun a minute, over all workers; as JSON."""
    door_limits: dict[str, PositiveInt] = Field(default_factory=dict)
    """By door: requests under way in one process, instead of ``doors.AT_ONCE``; as JSON."""
    pool_size: int = 8
    drop_dir: Path | None = None
    """A folder where other systems drop CSV files; the worker takes them."""
    otlp_endpoint: str | None = None
    """An OpenTelemetry collector (OTLP over HTTP) for traces; without one nothing is recorded."""
    broker_url: str | None = None
    """``nats://...`` or ``amqp://...``; without one there is no broker."""
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_jwks_url: str | None = None
    oidc_roles_claim: str = "roles"
    secret_key: str | None = None
    """Encrypts secrets that must be readable again; without one a file in ``state_dir`` does."""
    webhook_networks: str | None = None
    """Networks beside the public ones that webhooks may be sent to, by commas."""
    show_sign_ins: bool = False
    """Show the demo's users and passwords on the sign-in page; set by ``triage demo`` only."""

    @property
    def bundle_store(self) -> str:
        return self.bundles or str(self.state_dir / "bundles")

    @property
    def evidence_store(self) -> str:
        return self.evidence or str(self.state_dir / "evidence")
