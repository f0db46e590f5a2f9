"""Which system of record this installation writes to, chosen by ``TRIAGE_ERP``."""

from collections.abc import Callable

from sqlalchemy import Engine

from integrations.erp.port import ErpPort
from integrations.erp.reference import ReferenceErp
from reconciliation.erp_side import LOCAL, ErpSide, Remote
from serving.settings import Settings

FILE_OF = {
    "mapped:sap-s4hana": "sap_s4",
    "mapped:dynamics365": "dynamics365",
    "mapped:netsuite": "netsuite",
    "mapped:business-central": "business_central",
}
"""Setting -> mapping file."""


class ErpNotNamed(ValueError):
    """A real ERP is chosen and it is not said where it is or who we are there."""


def chosen_erp(settings: Settings) -> Callable[[Engine], ErpPort]:
    """Makes the ERP of the settings from an engine on our own database.

    Raises ``ErpNotNamed``, or ``IncompleteMap`` where the map of accounts and places has gaps.
    """
    if settings.erp == "reference":
        return ReferenceErp
    if settings.erp != "tryton":
        return _mapped(settings)
    from integrations.erp.tryton.adapter import TrytonErp
    from integrations.erp.tryton.mapping import OURS, load_map
    from integrations.erp.tryton.rpc import Rpc

    url, login, password = settings.erp_url, settings.erp_login, settings.erp_password
    if url is None or login is None or password is None:
        raise ErpNotNamed(
            "TRIAGE_ERP=tryton needs TRIAGE_ERP_URL, TRIAGE_ERP_LOGIN and TRIAGE_ERP_PASSWORD."
        )
    session = Rpc(
        url.rstrip("/"),
        settings.erp_database,
        login,
        password.get_secret_value(),
        settings.erp_seconds,
    )
    mapping = load_map(settings.erp_map or OURS)
    return lambda engine: TrytonErp(engine, session, mapping, settings.erp_patience_seconds)


def _mapped(settings: Settings) -> Callable[[Engine], ErpPort]:
    """The ERP of a mapping file, with books of our own beside it."""
    from integrations.erp.http_transport import HttpTransport
    from integrations.erp.mapped import MappedErp
    from integrations.erp.mapped_books import MappedBooks
    from integrations.erp.mapping import load

    if settings.erp_url is None or (settings.erp_token or settings.erp_token_file) is None:
        raise ErpNotNamed(
            f"TRIAGE_ERP={settings.erp} needs TRIAGE_ERP_URL, and TRIAGE_ERP_TOKEN or"
            " TRIAGE_ERP_TOKEN_FILE."
        )
    mapping = load(FILE_OF[settings.erp])
    missing = sorted(mapping.settings - set(settings.erp_values))
    if missing:
        named = ", ".join(missing)
        raise ErpNotNamed(f"{mapping.title} needs in TRIAGE_ERP_VALUES (JSON): {named}.")
    token = _token_of(settings)
    token()  # a file that cannot be read stops the start, not the first effect
    try:
        transport = HttpTransport(settings.erp_url, token, settings.erp_seconds)
    except ValueError as error:
        raise ErpNotNamed(f"TRIAGE_ERP_URL: {error}") from error
    there = MappedErp(mapping, transport, settings.erp_values, settings.erp_allow_guesses)
    return lambda engine: MappedBooks(engine, there)


def _token_of(settings: Settings) -> Callable[[], str]:
    file, given = settings.erp_token_file, settings.erp_token

    def read() -> str:
        if file is None:
            return given.get_secret_value() if given else ""
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ErpNotNamed(f"TRIAGE_ERP_TOKEN_FILE cannot be read: {error}") from error

    return read


def erp_side_of(settings: Settings, erp: ErpPort) -> ErpSide:
    """Where reconciliation reads the ERP's books: Tryton keeps its own, all others ours."""
    return Remote(erp) if settings.erp == "tryton" else LOCAL
