"""
Who may sign in to NATS, and what each may say and hear, as NATS's configuration language has it.

The operator's account has the jetstreams. Services and subscribers have accounts of their own, which are
offered (`exports`) and take (`imports`) what the tables in `shared/grants.py` and
`shared/service_grants.py` give them. Their users have permissions besides, so that what cannot work is
refused aloud.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import orjson

from cli.nats_access import Access, Subscriber
from shared import grants, service_grants, subjects
from shared.service_grants import OPERATOR_ASKS, SERVICES, Ask, account_of

NOTHING: Final[Mapping[str, str]] = {}


def accounts(access: Access) -> str:
    """Write the accounts of the embedded server."""
    operator = f"user: {quoted(grants.TRUSTED)}, password: {quoted(access.password)}"
    return all_accounts([operator], access.services, access.subscribers)


def all_accounts(
    operator: Sequence[str],
    services: Mapping[str, str],
    subscribers: Iterable[Subscriber] = (),
    former: Mapping[str, str] = NOTHING,
) -> str:
    """
    Write all accounts.

    Args:
        operator: how the operator signs in, such as `nkey: "U…"`; several while a key is replaced.
        services: their public keys by name.
        subscribers: whoever else listens.
        former: public keys of services that are being replaced, and good until that is done.
    """
    blocks = [
        _operator(operator),
        *(
            _service(name, [it[name] for it in (services, former) if name in it])
            for name in SERVICES
        ),
        *(subscriber_account(it.name, it.password) for it in subscribers),
    ]
    return "accounts {\n" + "\n".join(blocks) + "\n}\n"


def quoted(text: str) -> str:
    r"""
    Write a text as a string of NATS's configuration language, whose escapes are JSON's.

    >>> quoted('/data/with "quotes"')
    '"/data/with \\"quotes\\""'
    """
    return orjson.dumps(text).decode()


# --- The operator ---


def services_exports() -> str:
    """What the operator's account offers to the accounts of subscribers."""
    return ", ".join(_offered({it.about("*"): it.many for it in grants.SUBSCRIBER_REQUESTS}))


def _operator(sign_in: Iterable[str]) -> str:
    subscribers = {it.about("*"): it.many for it in grants.SUBSCRIBER_REQUESTS}
    exports = _offered(subscribers | service_grants.offers())
    imports = [_service_of(account_of(it.service), it.subject) for it in OPERATOR_ASKS]
    return f"""\
  {quoted(grants.ACCOUNT)}: {{
    jetstream: enabled
    users: [ {", ".join(f"{{ {it} }}" for it in sign_in)} ]
    exports: [{_lines(exports)}]
    imports: [{_lines(imports)}]
  }}"""


def _offered(offers: Mapping[str, bool]) -> list[str]:
    return [
        f"{{ service: {quoted(it)}{', response_type: stream' if many else ''} }}"
        for it, many in offers.items()
    ]


# --- A service ---


def _user(name: str, public_key: str) -> str:
    grant = service_grants.grant(name)
    return f"""{{
      nkey: {quoted(public_key)}
      permissions: {{
        publish: [{_lines(map(quoted, grant.publish), 10)}]
        subscribe: [{_lines(map(quoted, grant.subscribe), 10)}]
        allow_responses: true
      }}
    }}"""


def _service(name: str, public_keys: Iterable[str]) -> str:
    row = SERVICES[name]
    return f"""\
  {quoted(account_of(name))}: {{
    users: [ {", ".join(_user(name, it) for it in public_keys)} ]
    exports: [{_lines((*_taken(name), *_heard(name)))}]
    imports: [{
        _lines(
            (
                *(_service_of(grants.ACCOUNT, it) for it in service_grants.reached(name)),
                *(_service_of(account_of(it.service), it.subject) for it in row.asks),
                *(_stream_of(it) for it in row.hears),
            )
        )
    }]
  }}"""


def _taken(name: str) -> Iterable[str]:
    """What a service answers, and whom: the operator knocks at one door, people at another."""
    for subject in SERVICES[name].takes:
        askers = service_grants.askers(name, subject)
        operator = () if subject.startswith(subjects.ASKED) else (grants.ACCOUNT,)
        yield _to("service", subject, (*operator, *askers))


def _heard(name: str) -> Iterable[str]:
    for subject in SERVICES[name].says:
        if hearers := service_grants.hearers(name, subject):
            yield _to("stream", subject, hearers)


def _to(kind: str, subject: str, named: Iterable[str]) -> str:
    return f"{{ {kind}: {quoted(subject)}, accounts: [{', '.join(map(quoted, named))}] }}"


def _service_of(account: str, subject: str) -> str:
    return f"{{ service: {{ account: {quoted(account)}, subject: {quoted(subject)} }} }}"


def _stream_of(heard: Ask) -> str:
    return (
        f"{{ stream: {{ account: {quoted(account_of(heard.service))}, "
        f"subject: {quoted(heard.subject)} }} }}"
    )


def _lines(entries: Iterable[str], indent: int = 6) -> str:
    return "".join(f"\n{' ' * indent}{it}" for it in entries) + " "


# --- A subscriber ---


def subscriber_account(name: str, password: str, services: str = grants.ACCOUNT) -> str:
    """
    Write the account of a subscriber.

    Args:
        name: of the subscriber.
        password: of its only user.
        services: the account that the jetstreams are in.
    """
    grant, user = grants.subscriber(name), grants.subscriber_user(name)
    imports = (_service_of(services, it) for it in grant.publish)
    publish = ", ".join(quoted(it) for it in grant.publish)
    subscribe = ", ".join(quoted(it) for it in grant.subscribe)
    return f"""\
  {quoted(user)}: {{
    users: [ {{
      user: {quoted(user)}, password: {quoted(password)}
      permissions: {{ publish: [{publish}], subscribe: [{subscribe}] }}
    }} ]
    imports: [{_lines(imports)}]
  }}"""
