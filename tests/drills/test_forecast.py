"""What the static look says of a migration, by the real linter."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ECS = Path(__file__).parents[2] / "drills" / "workloads" / "shop" / "ecs"


@pytest.fixture(scope="module")
def forecast():
    sys.path.insert(0, str(ECS))
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"
    spec = importlib.util.spec_from_file_location("forecast", ECS / "forecast.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    os.environ["PATH"] = path
    sys.path.remove(str(ECS))


@pytest.mark.parametrize(
    ("sql", "reach", "why"),
    [
        ("ALTER TABLE orders ADD COLUMN amount BIGINT;", "reversible", []),
        ("ALTER TABLE orders RENAME total_cents TO amount;", "irreversible without data loss", ["renaming-column"]),
        ("ALTER TABLE orders ALTER COLUMN sku DROP NOT NULL;", "irreversible without data loss", ["ban-drop-not-null"]),
        ("ALTER TABLE orders DROP COLUMN sku;", "destructive", ["ban-drop-column"]),
        ("DROP TABLE orders;", "destructive", ["ban-drop-table"]),
        ("DELETE FROM orders WHERE total_cents = 0;", "destructive", ["DELETE FROM orders WHERE total_cents = 0;"]),
        ("UPDATE alembic_version SET version_num='0004' WHERE true;", "reversible", []),
    ],
)
def test_how_far_a_migration_goes(forecast, sql, reach, why):
    assert forecast.judge(*forecast.look(f"BEGIN;\n\n{sql}\n\nCOMMIT;\n")) == {"reach": reach, "why": why}
