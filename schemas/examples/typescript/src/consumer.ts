// Keeps a table of linked accounts true, from the topics of the StackOne account-link pipeline.
//
//   npm ci && npm run build
//   KAFKA_BOOTSTRAP_SERVERS=localhost:9092 npm start
//
// Prints a line of JSON for each change that it made. Settings are environment variables: see `SETTINGS`.

import type { ConsumerGlobalConfig, Message } from "@confluentinc/kafka-javascript";
import type { AccountLifecycleEvent } from "../generated/account-lifecycle-event.schema.d.ts";
import type { AccountState } from "../generated/account-state.schema.d.ts";
import { BEGINNING, connect, disconnect, poll } from "./client.ts";
import { Store } from "./store.ts";

const SETTINGS = {
  KAFKA_BOOTSTRAP_SERVERS: "localhost:9092",
  STATE_TOPIC: "stackone.account.state.v1",
  LIFECYCLE_TOPIC: "stackone.account.lifecycle.v1",
  GROUP_ID: "accounts-table",
  DATABASE: "accounts.db",
};
// What this service has something to do for. `account.link_failed` is not among it, and types of tomorrow are not either.
const WANTED = new Set([
  "account.linked",
  "account.refreshed",
  "account.degraded",
  "account.recovered",
  "account.unlinked",
]);

function setting(name: keyof typeof SETTINGS): string {
  return process.env[name] ?? SETTINGS[name];
}

function consumerSettings(more: ConsumerGlobalConfig = {}): ConsumerGlobalConfig {
  return {
    "bootstrap.servers": setting("KAFKA_BOOTSTRAP_SERVERS"),
    "group.id": setting("GROUP_ID"),
    // Without it, transitions show that were aborted and are written again.
    "isolation.level": "read_committed",
    "enable.auto.commit": false,
    ...more,
  };
}

/** Reads every account as it is now, once in the life of the database. */
async function bootstrap(store: Store): Promise<void> {
  const topic = setting("STATE_TOPIC");
  const [consumer, partitions] = await connect(topic, consumerSettings({ "enable.partition.eof": true }));
  const unread = new Set(partitions);
  consumer.on("partition.eof", ({ partition }) => unread.delete(partition));
  // Assigned, not subscribed: every replica of a service needs all accounts of its own database.
  consumer.assign(partitions.map((partition) => ({ topic, partition, offset: BEGINNING })));
  while (unread.size > 0) {
    const record = await poll(consumer);
    // A record without a value says that the account is forgotten.
    if (!record?.value) continue;
    const state = JSON.parse(record.value.toString()) as AccountState;
    // Version 0 was never confirmed: there is nothing to know yet.
    if (state.version > 0) store.take(state, "state");
  }
  await disconnect(consumer);
  store.setBootstrapped();
}

/** Takes every transition, and commits its offset after the work. */
async function follow(store: Store, stopping: AbortSignal): Promise<void> {
  const topic = setting("LIFECYCLE_TOPIC");
  const [consumer] = await connect(topic, consumerSettings());
  consumer.subscribe([topic]);
  while (!stopping.aborted) {
    const record = await poll(consumer);
    if (record === undefined) continue;
    const type = typeOf(record);
    if (WANTED.has(type)) store.take(JSON.parse(String(record.value)) as AccountLifecycleEvent, type);
    // Clear, and fast enough for accounts. For more, commit once for many records.
    consumer.commitMessageSync(record);
  }
  await disconnect(consumer);
}

/** The record's type, from its header: what is not wanted need not be parsed. */
function typeOf(record: Message): string {
  return record.headers?.find((header) => "ce_type" in header)?.["ce_type"]?.toString() ?? "";
}

const stopping = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => stopping.abort());
const store = new Store(setting("DATABASE"));
if (!store.isBootstrapped()) await bootstrap(store);
await follow(store, stopping.signal);
store.close();
