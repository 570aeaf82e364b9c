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
from contextlib import closing

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

SETTINGS = {
    "KAFKA_BOOTSTRAP_SERVERS": "localhost:9092",
    # A file with more properties of the client, one `key=value` a line: how brokers that require TLS and SASL are reached.
    "KAFKA_PROPERTIES": os.devnull,
    "STATE_TOPIC": "stackone.account.state.v1",
    "LIFECYCLE_TOPIC": "stackone.account.lifecycle.v1",
    "GROUP_ID": "accounts-table",
    "DATABASE": "accounts.db",
}
MOMENT = 0.2  # seconds that a stop may have to wait for a record
KNOWN_WITHIN = 10  # seconds that the brokers may take to say what a topic consists of
# Where an account stands after a transition. Types of tomorrow are not here: they are passed over.
STATE_AFTER = {
    b"account.linked": "active",
    b"account.refreshed": "active",
    b"account.degraded": "degraded",
    b"account.recovered": "active",
    b"account.link_failed": "failed",
    b"account.unlinked": "unlinked",
}
TABLE = """
create table if not exists account (
    account_id text primary key, version integer not null, state text not null, status text, provider text, owner_id text
);
"""
# The whole of duplicate safety: an older or repeated version changes nothing.
TAKE = """
insert into account values (:account_id, :version, :state, :status, :provider, :owner_id)
on conflict (account_id) do update set
    version = excluded.version, state = excluded.state, status = excluded.status,
    provider = excluded.provider, owner_id = excluded.owner_id
where excluded.version > account.version
"""


def setting(name):
    return os.environ.get(name, SETTINGS[name])


def properties():
    with open(setting("KAFKA_PROPERTIES")) as file:
        pairs = [line.split("=", 1) for line in file if "=" in line and not line.startswith("#")]
    return {key.strip(): value.strip() for key, value in pairs}


def new_consumer(**more):
    return Consumer(
        {
            **properties(),
            "bootstrap.servers": setting("KAFKA_BOOTSTRAP_SERVERS"),
            "group.id": setting("GROUP_ID"),
            # Without it, transitions show that were aborted and are written again.
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            **more,
        }
    )


def partitions(consumer, topic):
    """Every partition of a topic, from its beginning. A topic that is missing is an error, not one without records."""
    found = consumer.list_topics(topic, timeout=KNOWN_WITHIN).topics[topic].partitions
    if not found:
        sys.exit(f"there is no topic {topic}")
    return [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in found]


def go_on_after(error):
    """Tells of an error after which the client goes on by itself, such as a broker that is away."""
    if error.fatal():
        raise KafkaException(error)
    print(error, file=sys.stderr)


def take(store, record, state, why):
    """Writes what a record says, and does the work it means, in one transaction; or nothing, if it is old."""
    # Of an account that is gone only the version is kept, which a later link must exceed; an event still says whose it was.
    account = {} if state == "unlinked" else record.get("account") or {}
    row = {
        "account_id": record["account_id"],
        "version": record["version"],
        "state": state,
        "status": record.get("status"),
        "provider": account.get("provider"),
        "owner_id": account.get("origin_owner_id"),
    }
    with store:
        is_new = store.execute(TAKE, row).rowcount == 1
        # The work of a real service belongs here, within the transaction.
    if is_new:
        print(json.dumps({"account_id": row["account_id"], "version": row["version"], "why": why}), flush=True)


def bootstrap(store, stopping):
    """Reads every account as it is now. At every start: what is known already has no greater version and changes nothing, and
    what happened while this was away is here, however long that was."""
    with closing(new_consumer(**{"enable.partition.eof": True})) as consumer:
        # Assigned, not subscribed: each database needs all accounts, and the group would share them out among its replicas.
        assigned = partitions(consumer, setting("STATE_TOPIC"))
        consumer.assign(assigned)
        unread = {partition.partition for partition in assigned}
        while unread and not stopping:
            record = consumer.poll(MOMENT)
            if record is None:
                continue
            if record.error() is not None:
                if record.error().code() == KafkaError._PARTITION_EOF:
                    unread.discard(record.partition())
                else:
                    go_on_after(record.error())
            # A record without a value is of an account that was never confirmed, and is forgotten.
            elif record.value() is not None:
                account = json.loads(record.value())
                # Nothing was confirmed yet: there is nothing to know.
                if account["state"] != "none":
                    take(store, account, account["state"], "state")


def follow(store, stopping):
    """Takes every transition, and commits its offset after the work. Replicas that share a database share its group, and so
    the work."""
    with closing(new_consumer()) as consumer:
        topic = setting("LIFECYCLE_TOPIC")
        partitions(consumer, topic)
        consumer.subscribe([topic])
        while not stopping:
            record = consumer.poll(MOMENT)
            if record is None:
                continue
            if record.error() is not None:
                go_on_after(record.error())
                continue
            # The type is in a header: what is not wanted need not be parsed.
            event_type = dict(record.headers() or []).get("ce_type")
            if event_type in STATE_AFTER:
                take(store, json.loads(record.value()), STATE_AFTER[event_type], event_type.decode())
            try:
                # Clear, and fast enough for accounts. For more, commit once for many records.
                consumer.commit(message=record, asynchronous=False)
            except KafkaException as refused:
                # In a rebalance, for instance. The record comes again, here or elsewhere, and its version says that it is known.
                go_on_after(refused.args[0])


def main():
    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))
    with closing(sqlite3.connect(setting("DATABASE"))) as store:
        store.executescript(TABLE)
        bootstrap(store, stopping)
        follow(store, stopping)


if __name__ == "__main__":
    main()
