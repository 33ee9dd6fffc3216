"""Reading everything that `ampledger check --history` looks at."""

from collections.abc import Sequence

from cli.support.checker import History, ReadModel
from cli.support.comparing import compare
from cli.support.folding import Fold
from cli.support.places import Place
from cli.support.reading import Logs, open_logs, recorded_of
from cli.support.rebuilding import documents_of, passed_over
from cli.support.registry import Projection, as_kept, projections_of
from cli.support.verifying import verify_log
from shared.history.acts import Acknowledged


async def gather(
    place: Place, acknowledged: Sequence[Acknowledged] | None, *, with_nats: bool = True
) -> History:
    """
    Read a stack's logs, jetstreams and read models; it may run meanwhile.

    Raises:
        ServiceUnavailable: a server cannot be reached.
    """
    nats_url = place.nats() if with_nats else None
    async with open_logs(place) as logs:
        present = await logs.present()
        # Read models come first: what a service has folded by now is in the logs that are read next.
        models = [await _read_model(logs, it) for it in projections_of(present)]
        reports = [await verify_log(logs, it, (), nats_url) for it in present]
    return History(reports, [it for it in models if it is not None], acknowledged)


async def _read_model(logs: Logs, projection: Projection) -> ReadModel | None:
    """
    Compare one read model with the fold of its log.

    None if the service never began to fold it, or begins anew because the log is in another epoch.
    """
    connection = await logs.connection(projection.service)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        projection = await as_kept(connection, projection)
        cursor = await connection.fetchrow(
            "select position, log_epoch from cursor where consumer = $1 and service = $2",
            projection.consumer,
            projection.heard,
        )
        kept = await documents_of(connection, projection)
        passed = await passed_over(connection, projection)
    heard = await logs.connection(projection.heard)
    if cursor is None or cursor["log_epoch"] != await heard.fetchval(
        "select epoch from log_head"
    ):
        return None
    position = int(cursor["position"])
    fold = Fold(projection)
    async for page in logs.pages(projection.heard, 0, position):
        await fold.take([recorded_of(it) for it in page], passed)
    comparison = compare(kept, fold.documents, projection.times_s)
    return ReadModel(projection.name, position, comparison, fold.parked)
