"""Money is integer minor units of one ISO 4217 currency; shares never lose a unit."""

from decimal import ROUND_HALF_EVEN, Decimal

# Decimal places by currency, where it is not 2 (ISO 4217 list one).
_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
_TWO_PLACES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
    "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL "
    "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN "
    "PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP "
    "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
)
CURRENCIES = {**dict.fromkeys(_TWO_PLACES.split(), 2), **_EXPONENTS}
"""ISO 4217 code to the number of decimal places of its minor unit."""


def share(total_minor: int, part: Decimal, whole: Decimal) -> int:
    """``total x part / whole`` in minor units, rounded half to even; ``whole`` is positive.

    Shares of a running sum (``share(t, a + b, w) - share(t, a, w)``) always add up to the
    total, which is how partial credits of one invoice line are computed.
    """
    if whole <= 0:
        raise AssertionError(f"share of a whole of {whole}")
    return int((Decimal(total_minor) * part / whole).quantize(Decimal(1), ROUND_HALF_EVEN))


def percent_of(amount_minor: int, percent: int) -> int:
    """``percent`` per cent of an amount, rounded half to even."""
    return share(amount_minor, Decimal(percent), Decimal(100))


def money_text(amount_minor: int, currency: str) -> str:
    """``1234``, ``USD`` -> ``USD 12.34``; for people, never parsed back."""
    places = CURRENCIES.get(currency, 2)
    return f"{currency} {Decimal(amount_minor).scaleb(-places):,.{places}f}"
