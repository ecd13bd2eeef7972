"""A pack of a log on PostgreSQL: kept by the writing role, read by the reading one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.audit.evidence.pack import write_pack
from gateway.audit.evidence.policies import keep_policy
from gateway.audit.reading import open_log
from tests.audit import pg
from tests.audit.evidence.packs import POLICY, inputs, policy_digest, verify
from tests.audit.test_store_both import Log, begin, count, end, leaves
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(bool(pg.reason_to_skip()), reason=pg.reason_to_skip() or "-")


async def test_it_holds(log: Log, tmp_path: Path):
    digest = policy_digest(POLICY)
    for _ in range(2):
        keep_policy(log.url, digest, [POLICY])
    async with log.store() as store:
        for number in range(20):
            await begin(store, f"req_{number}")
            await end(store, f"req_{number}")
        await eventually(lambda: leaves(log) == count(log))
    with open_log(log.url) as reader:
        assert reader.policy(digest) == [POLICY]
        signer = log.keys.ed25519
        made = write_pack(reader, tmp_path / "pack", inputs(signer=signer), lambda done, of: None)
    assert made["records"] >= 40
    code, said = verify(tmp_path / "pack", own=True)
    assert code == 0, said
