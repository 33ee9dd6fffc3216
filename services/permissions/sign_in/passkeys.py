"""
Passkeys (WebAuthn): a key in a device or a password manager, unlocked there by its owner.

They are discoverable, so that nobody types an address, and the owner is always verified, so that one is as
good as password and second factor together. A challenge is used once.
"""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import orjson
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.permissions.sign_in.facts import Facts
from services.permissions.sign_in.minting import new_secret
from services.permissions.sign_in.people import People, Person
from services.permissions.sign_in.refusals import NotKnown, PasskeyRefused
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages.own_account import PasskeyLine
from shared.messages.permissions import PasskeyAdded, PasskeyRemoved
from shared.messages.signing_in import Options
from shared.speech import marked

CHALLENGE_LASTS: Final = timedelta(minutes=5)
PER_PERSON_MAX: Final = 20
CHALLENGES_MAX: Final = 10_000
"""Of challenges that wait for their answer; beyond that the oldest are forgotten."""
NO_PROOF: Final = marked(
    "This passkey could not be verified. Try again, or sign in another way."
)


class Passkeys:
    """Hands out challenges, and checks what comes back."""

    def __init__(
        self, pool: "asyncpg.Pool[Any]", people: People, facts: Facts, public_url: str
    ) -> None:
        self._pool = pool
        self._people = people
        self._facts = facts
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._host = parts.hostname or "localhost"

    # --- Challenges ---

    async def options(self) -> Options:
        """Ask whoever it is to show a passkey of this portal."""
        options = generate_authentication_options(
            rp_id=self._host, user_verification=UserVerificationRequirement.REQUIRED
        )
        return await self._asked(options_to_json(options), options.challenge, None)

    async def options_to_add(self, person: Person) -> Options:
        """Ask a person's browser to make a passkey, but none where there is one already."""
        rows = await self._pool.fetch(
            "select credential_id from passkey where person_id = $1", person.id
        )
        if len(rows) >= PER_PERSON_MAX:
            raise PasskeyRefused(f"You have {PER_PERSON_MAX} passkeys; remove one first.")
        options = generate_registration_options(
            rp_id=self._host,
            rp_name="Ampledger",
            user_id=person.id.encode(),
            user_name=person.email,
            user_display_name=person.called,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=row["credential_id"]) for row in rows
            ],
        )
        return await self._asked(options_to_json(options), options.challenge, person.id)

    async def _asked(self, options: str, challenge: bytes, person_id: str | None) -> Options:
        challenge_id = new_secret()
        await self._pool.execute(
            "insert into passkey_challenge values ($1, $2, $3, $4, $5)",
            challenge_id,
            challenge,
            person_id,
            person_id is not None,
            utc_now() + CHALLENGE_LASTS,
        )
        return Options(challenge_id=challenge_id, options=orjson.loads(options))

    async def _challenge(self, challenge_id: str, person_id: str | None) -> bytes:
        """
        Use a challenge up.

        Raises:
            PasskeyRefused: it was used, has ended, or was another person's.
        """
        found: bytes | None = await self._pool.fetchval(
            "delete from passkey_challenge where challenge_id = $1 and expires_at > $2 "
            "and person_id is not distinct from $3 returning challenge",
            challenge_id,
            utc_now(),
            person_id,
        )
        if found is None:
            raise PasskeyRefused(marked("This took too long; try again."))
        return found

    # --- Showing one ---

    async def shown(self, challenge_id: str, credential: dict[str, Any]) -> str:
        """
        Check what a passkey has signed.

        Returns:
            Whose passkey it is.

        Raises:
            PasskeyRefused: it is no proof.
        """
        challenge = await self._challenge(challenge_id, None)
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "select passkey_id, person_id, public_key, sign_count from passkey "
                "where credential_id = $1 for update",
                _id_of(credential),
            )
            if row is None:
                raise PasskeyRefused(
                    marked("This passkey is not known here; sign in another way.")
                )
            try:
                verified = verify_authentication_response(
                    credential=credential,
                    expected_challenge=challenge,
                    expected_rp_id=self._host,
                    expected_origin=self._origin,
                    credential_public_key=row["public_key"],
                    credential_current_sign_count=row["sign_count"],
                    require_user_verification=True,
                )
            except WebAuthnException as fault:
                raise PasskeyRefused(NO_PROOF) from fault
            await connection.execute(
                "update passkey set sign_count = $2, last_at = $3 where passkey_id = $1",
                row["passkey_id"],
                verified.new_sign_count,
                utc_now(),
            )
            return str(row["person_id"])

    # --- Keeping them ---

    async def add(
        self, person: Person, challenge_id: str, credential: dict[str, Any], label: str
    ) -> None:
        """
        Keep a new passkey of a person.

        Raises:
            PasskeyRefused: it is no proof, or it is somebody's already.
        """
        challenge = await self._challenge(challenge_id, person.id)
        try:
            verified = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except WebAuthnException as fault:
            raise PasskeyRefused(NO_PROOF) from fault
        passkey_id = new_id()
        sealed = await self._people.seal(person.id, "passkey", {"label": label})
        async with self._pool.acquire() as connection, connection.transaction():
            kept = await connection.fetchval(
                "insert into passkey values ($1, $2, $3, $4, $5, $6, $7, null) "
                "on conflict (credential_id) do nothing returning 1",
                passkey_id,
                verified.credential_id,
                person.id,
                verified.credential_public_key,
                verified.sign_count,
                label,
                utc_now(),
            )
            if kept is None:
                raise PasskeyRefused(marked("This passkey is in use already."))
            event = PasskeyAdded(person_id=person.id, passkey_id=passkey_id, sealed=sealed)
            await self._facts.record(person.id, f"person/{person.id}", event)

    async def remove(self, person: Person, passkey_id: str) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            gone = await connection.fetchval(
                "delete from passkey where person_id = $1 and passkey_id = $2 returning 1",
                person.id,
                passkey_id,
            )
            if gone is None:
                raise NotKnown(marked("This passkey is gone already."))
            event = PasskeyRemoved(person_id=person.id, passkey_id=passkey_id)
            await self._facts.record(person.id, f"person/{person.id}", event)

    async def of(self, person_id: str) -> tuple[PasskeyLine, ...]:
        rows = await self._pool.fetch(
            "select passkey_id, label, added_at, last_at from passkey where person_id = $1 "
            "order by added_at",
            person_id,
        )
        return tuple(PasskeyLine.model_validate(dict(row)) for row in rows)

    async def forget_old(self) -> None:
        """Keep the table small."""
        await self._pool.execute(
            "delete from passkey_challenge where expires_at < $1", utc_now()
        )
        await self._pool.execute(
            "delete from passkey_challenge where challenge_id in (select challenge_id "
            "from passkey_challenge order by expires_at desc offset $1)",
            CHALLENGES_MAX,
        )


def _id_of(credential: dict[str, Any]) -> bytes:
    try:
        return base64url_to_bytes(str(credential["rawId"]))
    except (KeyError, ValueError) as fault:
        raise PasskeyRefused(NO_PROOF) from fault
