"""What waits for somebody: decisions that are theirs to make, texts that they may look at now."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from gateway.console.accounts import Account, Right
from gateway.console.deciding import Refusal, check_use
from gateway.console.desk import Desk
from gateway.console.texts import moment


class Task(NamedTuple):
    """Something to do, in words, and where."""

    words: str
    path: str


async def tasks_of(desk: Desk, account: Account) -> list[Task]:
    """What waits for this account. Raises as `Tables`."""
    return await asyncio.to_thread(_tasks, desk, account)


def _tasks(desk: Desk, account: Account) -> list[Task]:
    now, found = desk.clock(), []
    if account.may(Right.APPROVE):
        asked = [one.matter for one in desk.unmasks.waiting(account.tenants)]
        count = sum(one.asked_by != account.name and not one.is_over(now) for one in asked)
        if count:
            found.append(Task(f"Requests to unmask that wait for you: {count}", "/console/unmask"))
        if count := desk.feedback.waiting_for(account.name, account.sees):
            found.append(Task(f"Feedback that waits for you: {count}", "/console/feedback"))
    if account.may(Right.UNMASK):
        for unmask in desk.unmasks.of(account.name):
            try:
                check_use(unmask.matter, account.name, now)
            except Refusal:
                continue
            until = moment(unmask.matter.expires)
            path = f"/console/unmask/{unmask.unmask_id}"
            found.append(Task(f"A text that you asked for can be seen until {until} UTC", path))
    return found
