"""Which system of record this installation writes to, chosen by ``TRIAGE_ERP``."""

from collections.abc import Callable

from sqlalchemy import Engine

from integrations.erp.port import ErpPort
from integrations.erp.reference import ReferenceErp
from reconciliation.erp_side import LOCAL, ErpSide, Remote
from serving.settings import Settings


class ErpNotNamed(ValueError):
    """A real ERP is chosen and it is not said where it is or who we are there."""


def chosen_erp(settings: Settings) -> Callable[[Engine], ErpPort]:
    """Makes the ERP of the settings from an engine on our own database.

    Raises ``ErpNotNamed``, or ``IncompleteMap`` where the map of accounts and places has gaps.
    """
    if settings.erp == "reference":
        return ReferenceErp
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


def erp_side_of(settings: Settings, erp: ErpPort) -> ErpSide:
    """Where reconciliation reads the ERP's books: the reference ERP keeps them in our database."""
    return LOCAL if settings.erp == "reference" else Remote(erp)
