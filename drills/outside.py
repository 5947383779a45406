"""Stack services ``smtp`` and ``payments``: where mail and charges leave the stack, and are counted.

They stand for mail servers and payment providers of others, so both are simulated; their records are not: each row was
a real SMTP transaction or API call of the workload.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import requests
from pydantic import BaseModel, Field, TypeAdapter

from harness.containers import RunningContainer
from harness.errors import ProvisionProblem
from harness.events import StackFact
from harness.limits import wait_until
from harness.model import Effect, EffectKind, ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig
from harness.units import Duration

SMTP_PORT = 1025
_RECORDS_PORT = 8080


class _Outside(ServiceConfig, ABC):
    """A program of the image recipe ``outside``."""

    recipe: str = Field(default="outside", description="image recipe")
    timeout: Duration = Field(default=30.0, description="until it answers")

    def needs(self) -> Sequence[Need]:
        """An engine and the image."""
        return (Need(kind="engine", name="container engine"), Need(kind="image", name=self.recipe))

    def _container(self, name: str, run: Run, module: str) -> RunningContainer:
        return run.containers.start(name, run.images.resolve(self.recipe).tag, command=["python", "-m", module])

    def _ready(self, running: RunningRecords, fact: StackFact) -> None:
        if not wait_until(running.answers, self.timeout):
            raise ProvisionProblem(
                f"{running.container.name} did not answer within {self.timeout:g} s",
                next_step=f"its last words:\n{running.container.tail()}",
            )
        running.run.timeline.write(fact)


class Smtp(_Outside):
    """A mail server that delivers nothing and keeps a record of every mail."""

    uses: Literal["smtp"] = "smtp"

    def start(self, name: str, run: Run) -> RunningSmtp:
        """Start it and wait until its records answer."""
        running = RunningSmtp(self._container(name, run, "outside.mail"), name, run)
        self._ready(running, StackFact(name="mail", value="caught by aiosmtpd, nobody gets it", simulated=True))
        return running


class Payments(_Outside):
    """A payment provider with idempotency keys that moves no money and keeps a ledger."""

    uses: Literal["payments"] = "payments"

    def start(self, name: str, run: Run) -> RunningPayments:
        """Start it and wait until its ledger answers."""
        running = RunningPayments(self._container(name, run, "outside.payments"), name, run)
        self._ready(running, StackFact(name="payments", value="a stand-in, no money is moved", simulated=True))
        return running


@dataclass(frozen=True)
class RunningRecords(ABC):
    """A running program with records."""

    container: RunningContainer
    host: str
    run: Run

    @property
    def url(self) -> str:
        """Where its records are asked, from this host."""
        return f"http://{self.container.address}:{_RECORDS_PORT}"

    @abstractmethod
    def effects(self) -> Sequence[Effect]:
        """What its records say."""

    def answers(self) -> bool | None:
        """True once its records can be read."""
        try:
            self.effects()
        except ConnectionError:
            return None
        return True

    def names(self) -> Mapping[str, str]:
        """``host``, ``url`` of the records."""
        return {"host": self.host, "url": self.url}

    def snapshot(self) -> Layers:
        """Nothing: what reached others is no state of the stack, and no rollback brings it back."""
        return {}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """No layer is its own."""
        return None

    def _records(self, path: str) -> bytes:
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(self.url + path, timeout=5)
            answer.raise_for_status()
        except requests.RequestException as problem:
            raise ConnectionError(f"{self.container.name} does not give its records: {problem}") from problem
        return answer.content

    def _at(self, monotonic: float) -> float:
        """Containers share the host's monotonic clock, so their times are the run's but for its anchor."""
        return monotonic - self.run.timeline.anchor


class _Mail(BaseModel):
    to: str
    subject: str
    release: str
    at: float


class RunningSmtp(RunningRecords):
    """A running mail catcher."""

    def environment(self) -> Mapping[str, str]:
        """``SMTP_HOST``, ``SMTP_PORT`` as the run's network sees it; ``MAIL_URL`` of its records."""
        return {"SMTP_HOST": self.host, "SMTP_PORT": str(SMTP_PORT), "MAIL_URL": self.url}

    def effects(self) -> Sequence[Effect]:
        """A mail for each recipient; the subject says what it was for, the header ``X-Release`` who sent it."""
        return [
            Effect(kind=EffectKind.MAIL, key=each.subject, to=each.to, at=self._at(each.at), release=each.release)
            for each in TypeAdapter(list[_Mail]).validate_json(self._records("/messages"))
        ]


class _Charge(BaseModel):
    reference: str
    card: str
    release: str
    at: float


class RunningPayments(RunningRecords):
    """A running payment provider."""

    def environment(self) -> Mapping[str, str]:
        """``PAYMENTS_HOST`` as the run's network sees it; ``PAYMENTS_URL`` from this host."""
        return {"PAYMENTS_HOST": self.host, "PAYMENTS_URL": self.url}

    def effects(self) -> Sequence[Effect]:
        """Every charge of the ledger, refunded ones too: a refund is another entry on somebody's statement."""
        return [
            Effect(kind=EffectKind.CHARGE, key=each.reference, to=each.card, at=self._at(each.at), release=each.release)
            for each in TypeAdapter(list[_Charge]).validate_json(self._records("/charges"))
        ]
