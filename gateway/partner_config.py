"""Settings of calls to partners: the certificates we show those that demand one."""

from pydantic import Field
from pydantic_settings import BaseSettings


class PartnerFields(BaseSettings):
    """What `Settings` has for partners."""

    partner_certificates: str = Field(
        "",
        description="Client certificates for partners that demand one: HOST=FILE, separated by commas. HOST "
        "is the one in the partner's URLs; the PEM file holds the certificate, its chain and its key. Read "
        "at the start.",
    )
