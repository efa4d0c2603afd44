"""Several nodes on one PostgreSQL: databases of one test, and programs of their own that can be killed."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Journal

own = MetaData()
Table("counters", own, Column("id", Integer, primary_key=True), Column("value", Integer, nullable=False))
Table("claims_of_test", own, Column("n", Integer, primary_key=True), Column("slot", Integer, nullable=False))


@pytest.fixture
def tables() -> MetaData:
    """The tables of the tests themselves."""
    return own


@pytest.fixture
async def node(postgres_url: str) -> AsyncIterator[Callable[[], Awaitable[Database]]]:
    """Return a function that starts one more node of the database."""
    nodes: list[Database] = []

    async def start() -> Database:
        database = Database(postgres_url, Journal())
        if not nodes:
            await database.setup(own.create_all)
        database.start()
        nodes.append(database)
        await database.run(lambda _tx: None)
        return database

    yield start
    for database in nodes:
        await database.close()


Program = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def program(postgres_url: str) -> Iterator[Program]:
    """Return a function that runs tests/postgres/node_process.py with an order; it is killed after the test."""
    running: list[subprocess.Popen[str]] = []

    def run(order: str) -> "subprocess.Popen[str]":
        command = [sys.executable, Path(__file__).with_name("node_process.py"), postgres_url, order]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return running[-1]

    yield run
    for one in running:
        one.kill()
        one.wait()
        assert one.stdout is not None
        one.stdout.close()


@pytest.fixture
def line() -> Callable[["subprocess.Popen[str]"], Awaitable[str]]:
    """Return a function that waits for the next line that a program writes."""

    async def read(process: "subprocess.Popen[str]") -> str:
        assert process.stdout is not None
        return (await asyncio.to_thread(process.stdout.readline)).strip()

    return read
