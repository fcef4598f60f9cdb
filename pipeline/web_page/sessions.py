"""What Gradio keeps for each session: the figures that it showed, which contain photographs."""

from datetime import datetime, timedelta
from typing import Any

MAX_SESSIONS = 64
"""Sessions whose figures are kept in memory; more than the visitors that are answered or wait at the same time."""


def forget_session(app: Any, session: str) -> bool:
    """Forget a session whose answers were all delivered; return whether it was.

    Args:
        app: Gradio's application.
        session: Its name. A page that is still open starts a new one with the same name.
    """
    if app.get_blocks()._queue.pending_event_ids_session.get(session):
        return False
    _forget(app, session)
    return True


def forget_sessions(app: Any, *, seconds: float, now: datetime | None = None) -> int:
    """Forget sessions that have not been used for some time, whose answers nobody received.

    Gradio itself keeps 10,000 sessions until the end.

    Args:
        app: Gradio's application.
        seconds: Since the last use of a session.
        now: Time of the check.

    Returns:
        The number of sessions that were forgotten.
    """
    oldest = (now or datetime.now()) - timedelta(seconds=seconds)
    unused = [session for session, used in list(app.state_holder.time_last_used.items()) if used < oldest]
    for session in unused:
        _forget(app, session)
    return len(unused)


def _forget(app: Any, session: str) -> None:
    holder, queue = app.state_holder, app.get_blocks()._queue
    for kept in (
        holder.session_data,
        holder.time_last_used,
        queue.pending_messages_per_session,
        queue.pending_event_ids_session,
    ):
        kept.pop(session, None)
