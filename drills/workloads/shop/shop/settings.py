"""What the service reads from its environment."""

import os


def database_settings(password=str):
    """Connection parameters; the password comes in a variable of its own because ECS injects it as a secret.

    ``password`` takes it from what the secret holds.
    """
    return {
        "host": os.environ["DB_HOST"],
        "port": int(os.environ.get("DB_PORT", "5432")),
        "database": os.environ.get("DB_NAME", "shop"),
        "user": os.environ.get("DB_USER", "shop"),
        "password": password(os.environ["DB_PASSWORD"]),
    }


def psycopg_names(database):
    """The same under psycopg's names."""
    return {"dbname" if key == "database" else key: value for key, value in database.items()}


def release_name():
    """Module in shop.releases that this image was built for."""
    return os.environ["SHOP_RELEASE"]


def redis_url():
    """Where cache, flags and jobs are."""
    return f"redis://{os.environ['REDIS_HOST']}:6379/0"


def smtp_address():
    """Host and port of the mail server."""
    return os.environ["SMTP_HOST"], int(os.environ.get("SMTP_PORT", "25"))


def payments_url():
    """The payment provider."""
    return f"http://{os.environ['PAYMENTS_HOST']}:8080"
