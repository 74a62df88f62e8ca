"""Stub until the raw layout lands."""


def migrate(connection: object) -> None:
    """Nothing yet."""
