"""Signing in with one's company (OpenID Connect)."""

from collections.abc import Mapping

from services.permissions.sign_in.companies import OidcCompany
from shared.messages.signing_in import Companies, Company, CompanyList


class Oidc:
    """Sends people to their company, and believes what it says of them once it is proven."""

    def __init__(self, companies: Mapping[str, OidcCompany]) -> None:
        self._companies = companies

    async def companies(self, _: Companies) -> CompanyList:
        listed = (Company(id=it.id, name=it.name) for it in self._companies.values())
        return CompanyList(companies=tuple(listed))
