"""The workload against a real PostgreSQL: which release can live with which schema."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import docker
import psycopg
import pytest
import requests
from docker.models.containers import Container

from harness.images import Images

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

DRILLS = Path(__file__).parents[2] / "drills"
PASSWORD = "shop-test-password"
WORKING_PAIRS = [
    ("v1", "0003_seed"),
    ("v2", "0004_rename"),
    ("v2_expand", "0004_expand"),
    ("v1", "0004_expand"),
    ("v1", "0005_restore"),
    ("v2", "0005_restore"),
    ("v2_expand", "0005_restore"),
    ("v1", "0004_channel_default"),
    ("v2_channel", "0005_channel_default"),
    ("v1", "0005_channel_default"),
    ("v1", "0004_optional_sku"),
    ("v1_status", "0005_on_hold_value"),
    ("v1_status", "0007_no_hold"),
    ("v1_star", "0003_seed"),
    ("v1", "0004_normalise_aside"),
    ("v1_billing", "0004_receipts"),
]


def eventually(ask: Callable[[], Any], within: float = 20.0) -> Any:
    """The first answer that is not an exception; the last exception after ``within`` seconds."""
    end = time.monotonic() + within
    while True:
        try:
            return ask()
        except (requests.RequestException, psycopg.OperationalError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


class Lab:
    """One network, one PostgreSQL, and a database per test."""

    def __init__(self, client: docker.DockerClient, stack: ExitStack) -> None:
        self.client, self.stack = client, stack
        self.images = Images(lambda: client, [DRILLS / "images", DRILLS / "workloads"], print)
        self.prefix = f"shoplab-test-{uuid.uuid4().hex[:8]}"
        self.network = client.networks.create(self.prefix)
        stack.callback(self.network.remove)
        self.postgres = stack.enter_context(
            self.run(
                self.images.resolve("postgres").tag,
                "db",
                "5432/tcp",
                environment={"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": PASSWORD},
            )
        )
        eventually(lambda: self.sql("shop", "SELECT 1"))

    @contextmanager
    def run(self, tag: str, name: str, port: str, **options: Any) -> Iterator[Container]:
        container = self.client.containers.run(
            tag,
            name=f"{self.prefix}-{name}",
            detach=True,
            network=self.prefix,
            ports={port: ("127.0.0.1", None)},
            **options,
        )
        try:
            container.reload()
            yield container
        finally:
            container.remove(force=True, v=True)

    def environment(self, database: str) -> dict[str, str]:
        return {"DB_HOST": f"{self.prefix}-db", "DB_NAME": database, "DB_PASSWORD": PASSWORD}

    def connect(self, database: str, autocommit: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
        port = self.postgres.ports["5432/tcp"][0]["HostPort"]
        address = f"host=127.0.0.1 port={port} user=shop password={PASSWORD} dbname={database} connect_timeout=2"
        return psycopg.connect(address, autocommit=autocommit)

    def sql(self, database: str, text: str) -> list[tuple[Any, ...]]:
        with self.connect(database, autocommit=True) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else []

    def database_at(self, revision: str, release: str) -> str:
        name = f"t{uuid.uuid4().hex[:10]}"
        self.sql("shop", f"CREATE DATABASE {name}")
        self.migrate(name, revision, release)
        return name

    def migrate(self, database: str, revision: str, release: str = "v1") -> None:
        self.client.containers.run(
            self.images.resolve("shop", {"RELEASE": release}).tag,
            ["alembic", "upgrade", revision],
            name=f"{self.prefix}-migrate",
            network=self.prefix,
            environment=self.environment(database),
            remove=True,
        )

    @contextmanager
    def service(self, release: str, database: str) -> Iterator[tuple[str, Container]]:
        tag = self.images.resolve("shop", {"RELEASE": release}).tag
        with self.run(tag, "app", "8080/tcp", environment=self.environment(database)) as container:
            url = f"http://127.0.0.1:{container.ports['8080/tcp'][0]['HostPort']}"
            eventually(lambda: requests.get(f"{url}/healthz", timeout=2))
            yield url, container


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with ExitStack() as stack:
        yield Lab(docker.from_env(), stack)


def post(url: str, key: str, **changes: object) -> requests.Response:
    body = {"sku": "SKU-TEST", "quantity": 2, "total_cents": 4200, **changes}
    return requests.post(f"{url}/orders", json=body, headers={"Idempotency-Key": key}, timeout=5)


@pytest.mark.parametrize(("release", "schema"), WORKING_PAIRS)
def test_reads_and_writes_on_a_schema_it_can_live_with(lab: Lab, release: str, schema: str) -> None:
    database = lab.database_at(schema, release)
    with lab.service(release, database) as (url, _container):
        read = requests.get(f"{url}/orders/17", timeout=5)
        assert (read.status_code, read.json()["total_cents"]) == (200, 1700)
        assert (
            read.headers["X-Version"] == release.replace("_", "-") == requests.get(f"{url}/version").json()["version"]
        )
        first, again = post(url, "key-1"), post(url, "key-1")
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert first.json()["id"] > 200
        assert requests.get(f"{url}/orders/{first.json()['id']}", timeout=5).json()["total_cents"] == 4200
    if schema in ("0004_expand", "0005_restore"):
        assert lab.sql(database, "SELECT count(*) FROM orders WHERE amount IS DISTINCT FROM total_cents") == [(0,)]


def test_update_of_either_column_reaches_the_other(lab: Lab) -> None:
    database = lab.database_at("0005_restore", "v1")
    lab.sql(database, "UPDATE orders SET total_cents = 5 WHERE id = 1")
    lab.sql(database, "UPDATE orders SET amount = 6 WHERE id = 2")
    rows = lab.sql(database, "SELECT amount, total_cents FROM orders WHERE id IN (1, 2) ORDER BY id")
    assert rows == [(5, 5), (6, 6)]


def test_v1_on_the_renamed_column_fails_with_the_databases_words(lab: Lab) -> None:
    database = lab.database_at("0003_seed", "v1")
    with lab.service("v1", database) as (url, container):
        assert requests.get(f"{url}/orders/17", timeout=5).status_code == 200
        lab.migrate(database, "0004_rename")
        read = requests.get(f"{url}/orders/17", headers={"X-Request-Id": "read-17"}, timeout=5)
        assert (read.status_code, read.json()) == (500, {"error": "internal error", "request_id": "read-17"})
        assert post(url, "key-1").status_code == 500
        assert requests.get(f"{url}/healthz", timeout=5).status_code == 200
        failure = next(
            line
            for line in map(json.loads, container.logs(stdout=False).decode().splitlines())
            if line["request_id"] == "read-17"
        )
        assert failure["error"] == 'psycopg.errors.UndefinedColumn: column "total_cents" does not exist'
        assert failure["path"] == "/orders/17"
        assert "Traceback" in failure["traceback"]
        # The forward fix heals the running service: no restart, pooled connections and all.
        lab.migrate(database, "0005_restore")
        assert requests.get(f"{url}/orders/17", timeout=5).json()["total_cents"] == 1700
        assert post(url, "key-1").status_code == 201


def test_a_release_with_its_own_migrations_starts_on_what_it_knows_only(lab: Lab) -> None:
    tag = lab.images.resolve("shop", {"RELEASE": "v1_guarded", "MIGRATIONS": "own"}).tag
    ends = {}
    for revision in ("0003_seed", "0004_channel_default"):
        environment = lab.environment(lab.database_at(revision, "v1"))
        start = ["gunicorn", "--check-config", "shop.app:create_app()"]
        with lab.run(tag, "guarded", "8080/tcp", environment=environment, command=start) as container:
            ends[revision] = (container.wait(timeout=30)["StatusCode"] == 0, container.logs().decode())
    assert ends["0003_seed"][0], ends["0003_seed"][1]
    good, said = ends["0004_channel_default"]
    assert not good and "Can't locate revision identified by '0004_channel_default'" in said


def test_v2_fails_for_a_third_of_the_orders_while_its_health_says_fine(lab: Lab) -> None:
    database = lab.database_at("0004_rename", "v2")
    with lab.service("v2", database) as (url, container):
        codes = [requests.get(f"{url}/orders/{order}", timeout=5).status_code for order in range(1, 201)]
        assert (codes.count(200), codes.count(500)) == (134, 66)
        assert requests.get(f"{url}/healthz", timeout=5).status_code == 200
        assert "ZeroDivisionError" in container.logs(stdout=False).decode()
        access = [json.loads(line) for line in container.logs(stderr=False).decode().splitlines()]
        assert sum(line["status"] == 500 for line in access) == 66
        assert all(abs(line["time"] - time.time()) < 300 and line["ms"] >= 0 for line in access)


@pytest.mark.parametrize(
    ("key", "changes"), [("", {}), ("k", {"quantity": -1}), ("k", {"total_cents": "4"}), ("k", {"sku": ""})]
)
def test_a_bad_order_is_refused(lab: Lab, key: str, changes: dict[str, object]) -> None:
    database = lab.database_at("0003_seed", "v1")
    with lab.service("v1", database) as (url, _container):
        assert post(url, key, **changes).status_code == 400


def test_a_locked_table_fails_requests_in_seconds(lab: Lab) -> None:
    database = lab.database_at("0003_seed", "v1")
    with lab.service("v1", database) as (url, _container), lab.connect(database) as connection:
        connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        assert requests.get(f"{url}/orders/17", timeout=15).status_code == 500
        assert time.monotonic() - started < 5


def test_a_database_that_is_gone_fails_requests_in_seconds_and_is_found_again(lab: Lab) -> None:
    database = lab.database_at("0003_seed", "v1")
    with lab.service("v1", database) as (url, _container):
        assert requests.get(f"{url}/orders/17", timeout=5).status_code == 200
        lab.postgres.stop()
        try:
            started = time.monotonic()
            assert requests.get(f"{url}/orders/17", timeout=15).status_code == 500
            assert time.monotonic() - started < 10
        finally:
            lab.postgres.start()
            lab.postgres.reload()
        eventually(lambda: requests.get(f"{url}/orders/17", timeout=15).raise_for_status())
