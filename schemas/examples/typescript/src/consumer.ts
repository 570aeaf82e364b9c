// Keeps a table of linked accounts true, from the topics of the StackOne account-link pipeline.
//
//   npm ci && npm run build
//   KAFKA_BOOTSTRAP_SERVERS=localhost:9092 npm start
//
// Prints a line of JSON for each change that it made. Settings are environment variables: see `SETTINGS`.

import { readFileSync } from "node:fs";
import type { ConsumerGlobalConfig, Message } from "@confluentinc/kafka-javascript";
import type { AccountLifecycleEvent } from "../generated/account-lifecycle-event.schema.d.ts";
import type { AccountState } from "../generated/account-state.schema.d.ts";
import { BEGINNING, commit, connect, disconnect, poll } from "./client.ts";
import { Store } from "./store.ts";

const SETTINGS = {
  KAFKA_BOOTSTRAP_SERVERS: "localhost:9092",
  // A file with more properties of the client, one `key=value` a line: how brokers that require TLS and SASL are reached.
  KAFKA_PROPERTIES: "/dev/null",
  STATE_TOPIC: "stackone.account.state.v1",
  LIFECYCLE_TOPIC: "stackone.account.lifecycle.v1",
  GROUP_ID: "accounts-table",
  DATABASE: "accounts.db",
};
// Where an account stands after a transition. Types of tomorrow are not here: they are passed over.
const STATE_AFTER = new Map<string, AccountState["state"]>([
  ["account.linked", "active"],
  ["account.refreshed", "active"],
  ["account.degraded", "degraded"],
  ["account.recovered", "active"],
  ["account.link_failed", "failed"],
  ["account.unlinked", "unlinked"],
]);

function setting(name: keyof typeof SETTINGS): string {
  return process.env[name] ?? SETTINGS[name];
}

function properties(): ConsumerGlobalConfig {
  const lines = readFileSync(setting("KAFKA_PROPERTIES"), "utf8").split("\n");
  const pairs = lines.filter((line) => !line.startsWith("#")).map((line) => /^(.+?)=(.*)$/.exec(line) ?? []);
  return Object.fromEntries(pairs.flatMap(([, key, value]) => (key ? [[key.trim(), value?.trim()]] : [])));
}

function consumerSettings(more: ConsumerGlobalConfig = {}): ConsumerGlobalConfig {
  return {
    ...properties(),
    "bootstrap.servers": setting("KAFKA_BOOTSTRAP_SERVERS"),
    "group.id": setting("GROUP_ID"),
    // Without it, transitions show that were aborted and are written again.
    "isolation.level": "read_committed",
    "enable.auto.commit": false,
    ...more,
  };
}

/** Reads every account as it is now. At every start: what is known already has no greater version and changes nothing, and what
 * happened while this was away is here, however long that was. */
async function bootstrap(store: Store, stopping: AbortSignal): Promise<void> {
  const topic = setting("STATE_TOPIC");
  const [consumer, partitions] = await connect(topic, consumerSettings({ "enable.partition.eof": true }));
  try {
    const unread = new Set(partitions);
    consumer.on("partition.eof", ({ partition }) => unread.delete(partition));
    // Assigned, not subscribed: each database needs all accounts, and the group would share them out among its replicas.
    consumer.assign(partitions.map((partition) => ({ topic, partition, offset: BEGINNING })));
    while (unread.size > 0 && !stopping.aborted) {
      const record = await poll(consumer);
      // A record without a value is of an account that was never confirmed, and is forgotten.
      if (!record?.value) continue;
      const account = JSON.parse(record.value.toString()) as AccountState;
      // Nothing was confirmed yet: there is nothing to know.
      if (account.state !== "none") store.take(account, account.state, "state");
    }
  } finally {
    await disconnect(consumer);
  }
}

/** Takes every transition, and commits its offset after the work. Replicas that share a database share its group, and so the work. */
async function follow(store: Store, stopping: AbortSignal): Promise<void> {
  const topic = setting("LIFECYCLE_TOPIC");
  const [consumer] = await connect(topic, consumerSettings());
  try {
    consumer.subscribe([topic]);
    while (!stopping.aborted) {
      const record = await poll(consumer);
      if (record === undefined) continue;
      const type = typeOf(record);
      const state = STATE_AFTER.get(type);
      if (state) store.take(JSON.parse(String(record.value)) as AccountLifecycleEvent, state, type);
      // Clear, and fast enough for accounts. For more, commit once for many records.
      commit(consumer, record);
    }
  } finally {
    await disconnect(consumer);
  }
}

/** The record's type, from its header: what is not wanted need not be parsed. */
function typeOf(record: Message): string {
  return record.headers?.find((header) => "ce_type" in header)?.["ce_type"]?.toString() ?? "";
}

const stopping = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => stopping.abort());
const store = new Store(setting("DATABASE"));
try {
  await bootstrap(store, stopping.signal);
  await follow(store, stopping.signal);
} finally {
  store.close();
}
