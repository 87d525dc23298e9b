"""How the way to a mail server is protected."""

from enum import StrEnum


class SmtpSecurity(StrEnum):
    """How the way to the mail server is protected."""

    none = "none"
    starttls = "starttls"
    tls = "tls"
