"""Keeps a table of linked accounts true, from the topics of the StackOne account-link pipeline.

    pip install -r requirements.txt
    KAFKA_BOOTSTRAP_SERVERS=localhost:9092 python consumer.py

Prints a line of JSON for each change that it made. Settings are environment variables: see `SETTINGS`.
"""

import json
import os
import signal
import sqlite3
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

SETTINGS = {
    "KAFKA_BOOTSTRAP_SERVERS": "localhost:9092",
    "STATE_TOPIC": "stackone.account.state.v1",
    "LIFECYCLE_TOPIC": "stackone.account.lifecycle.v1",
    "GROUP_ID": "accounts-table",
    "DATABASE": "accounts.db",
}
# What this service has something to do for. `account.link_failed` is not among it, and types of tomorrow are not either.
WANTED = {
    b"account.linked",
    b"account.refreshed",
    b"account.degraded",
    b"account.recovered",
    b"account.unlinked",
}
TABLES = """
create table if not exists account (
    account_id text primary key, version integer not null, status text, provider text, owner_id text
);
create table if not exists bootstrapped (done integer);
"""
# The whole of duplicate safety: an older or repeated version changes nothing.
TAKE = """
insert into account values (:account_id, :version, :status, :provider, :owner_id)
on conflict (account_id) do update set
    version = excluded.version, status = excluded.status, provider = excluded.provider, owner_id = excluded.owner_id
where excluded.version > account.version
"""


def setting(name):
    return os.environ.get(name, SETTINGS[name])


def new_consumer(**more):
    return Consumer(
        {
            "bootstrap.servers": setting("KAFKA_BOOTSTRAP_SERVERS"),
            "group.id": setting("GROUP_ID"),
            # Without it, transitions show that were aborted and are written again.
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            **more,
        }
    )


def take(store, event, why):
    """Writes what an event or a state says, and does the work it means, in one transaction; or nothing, if it is old."""
    account = event.get("account") or {}
    row = {
        "account_id": event["account_id"],
        "version": event["version"],
        "status": event.get("status"),
        "provider": account.get("provider"),
        "owner_id": account.get("origin_owner_id"),
    }
    with store:
        is_new = store.execute(TAKE, row).rowcount == 1
        # The work of a real service belongs here, within the transaction.
    if is_new:
        print(json.dumps({"account_id": row["account_id"], "version": row["version"], "why": why}), flush=True)


def bootstrap(store):
    """Reads every account as it is now, once in the life of the database."""
    if store.execute("select 1 from bootstrapped").fetchone():
        return
    consumer = new_consumer(**{"enable.partition.eof": True})
    topic = setting("STATE_TOPIC")
    metadata = consumer.list_topics(topic, timeout=30).topics[topic]
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    open_partitions = set(metadata.partitions)
    # Assigned, not subscribed: every replica of a service needs all accounts of its own database.
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in open_partitions])
    while open_partitions:
        record = consumer.poll(1.0)
        if record is None:
            continue
        if record.error() is not None:
            if record.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(record.error())
            open_partitions.discard(record.partition())
        elif record.value() is not None:
            state = json.loads(record.value())
            # Version 0 was never confirmed: there is nothing to know yet.
            if state["version"] > 0:
                take(store, state, "state")
    consumer.close()
    with store:
        store.execute("insert into bootstrapped values (1)")


def follow(store, stopping):
    """Takes every transition, and commits its offset after the work."""
    consumer = new_consumer()
    consumer.subscribe([setting("LIFECYCLE_TOPIC")])
    while not stopping:
        record = consumer.poll(0.2)
        if record is None:
            continue
        if record.error() is not None:
            # The client goes on by itself, unless it says that it cannot.
            if record.error().fatal():
                raise KafkaException(record.error())
            print(record.error(), file=sys.stderr)
            continue
        headers = dict(record.headers() or [])
        if headers.get("ce_type") in WANTED:
            take(store, json.loads(record.value()), headers["ce_type"].decode())
        # Clear, and fast enough for accounts. For more, commit once for many records.
        consumer.commit(message=record, asynchronous=False)
    consumer.close()


def main():
    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))
    store = sqlite3.connect(setting("DATABASE"))
    store.executescript(TABLES)
    bootstrap(store)
    follow(store, stopping)


if __name__ == "__main__":
    main()
