"""Jobs on a service, which go on when a session ends: picked up, asked again, sent again if dead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.runtime.shots.ledger import Ledger

from .watched import MODEL, Plug, Watched, X, pulled


@pytest.fixture(scope="module")
def model() -> Any:
    return qr.loads(MODEL)


class Service:
    """Keeps jobs by their id, as a real service does."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.tagged: dict[str, Any] = {}

    def job(self, name: str) -> Any:
        return self.kept[name]

    def jobs(self, job_tags: list[str], limit: int) -> list[Any]:
        return [self.tagged[tag] for tag in job_tags if tag in self.tagged][:limit]


class Remote(Watched):
    """The same as if it ran elsewhere: its jobs go on when the session ends."""

    def __init__(self, folder: Path | None, service: Service, dies: int = 0):
        super().__init__(folder, dies)
        self.facts = replace(self.facts, local=False)
        self.backend.service = service
        self.service = service

    def sampler(self, seed: int | None) -> Any:
        inner, service = super().sampler(seed), self.service

        class Sampler:
            options = SimpleNamespace(environment=SimpleNamespace(job_tags=None))

            def run(self, pubs: Any, shots: int) -> Any:
                job = inner.run(pubs, shots=shots)
                service.kept[job.job_id()] = job
                (tag,) = self.options.environment.job_tags
                service.tagged[tag] = job
                return job

        return Sampler()


def test_jobs_under_way_are_picked_up(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service()
    first = Remote(tmp_path, service)
    with monkeypatch.context() as patch, pytest.raises(Plug):
        patch.setattr(Ledger, "done", pulled)
        model.run(model.init(1), X, backend=first, shots=50)
    assert first.sent == len(service.kept) > 1
    second = Remote(tmp_path, service)
    model.run(model.init(1), X, backend=second, shots=50)
    assert second.sent == 0


def test_a_job_whose_id_was_not_written_is_found_by_its_tag(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service()
    first = Remote(tmp_path, service)
    with monkeypatch.context() as patch, pytest.raises(Plug):
        patch.setattr(Ledger, "sent", pulled)
        model.run(model.init(1), X, backend=first, shots=50)
    assert first.sent == len(service.kept) == 1
    second = Remote(tmp_path, service)
    model.run(model.init(1), X, backend=second, shots=50)
    assert second.sent == len(service.kept) - 1 > 0


def test_a_service_that_does_not_answer_is_asked_again(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service()
    with monkeypatch.context() as patch, pytest.raises(Plug):
        patch.setattr(Ledger, "done", pulled)
        model.run(model.init(1), X, backend=Remote(tmp_path, service), shots=50)
    job, asked = service.job, []

    def silent(name: str) -> Any:
        asked.append(name)
        if len(asked) == 1:
            raise OSError("no answer")
        return job(name)

    monkeypatch.setattr(service, "job", silent)
    second = Remote(tmp_path, service)
    model.run(model.init(1), X, backend=second, shots=50)
    assert second.sent == 0 and len(asked) > 1


class Flaky:
    """A job of a service: awaiting it fails once, or for good because the job did."""

    def __init__(self, job: Any, dead: bool):
        self.job, self.dead, self.awaited = job, dead, 0

    def job_id(self) -> str:
        return str(self.job.job_id())

    def status(self) -> str:
        return "ERROR" if self.dead else "RUNNING"

    def result(self) -> Any:
        self.awaited += 1
        if self.dead or self.awaited == 1:
            raise OSError("no answer")
        return self.job.result()


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("dead", [True, False])
def test_a_job_that_failed_is_sent_again_and_one_that_goes_on_is_not(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead: bool, kept: bool
) -> None:
    service = Service()
    device = Remote(tmp_path if kept else None, service)
    sampler, made = device.sampler, []

    def flaky(seed: int | None) -> Any:
        inner = sampler(seed)

        class Sampler:
            options = inner.options

            def run(self, pubs: Any, shots: int) -> Any:
                job = inner.run(pubs, shots=shots)
                if made:
                    return job
                made.append(Flaky(job, dead))
                service.kept[made[0].job_id()] = made[0]
                service.tagged[self.options.environment.job_tags[0]] = made[0]
                return made[0]

        return Sampler()

    monkeypatch.setattr(device, "sampler", flaky)
    found = model.run(model.init(1), X, backend=device, shots=50)
    assert found["y"].shape == (2, 2)
    assert device.sent == device.last_jobs + dead
    if kept:  # what failed is not picked up by a later session either
        again = Remote(tmp_path, service)
        assert np.array_equal(model.run(model.init(1), X, backend=again, shots=50)["y"], found["y"])
        assert again.sent == 0
