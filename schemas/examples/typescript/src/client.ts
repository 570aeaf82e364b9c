// The client's callbacks as promises. Its other interface, which is like that of KafkaJS, has no `assign`.

import kafka, { type KafkaConsumer, type LibrdKafkaError, type Message } from "@confluentinc/kafka-javascript";

const POLL = 200; // milliseconds
const CONNECT = 10_000; // milliseconds
/** librdkafka's `RD_KAFKA_OFFSET_BEGINNING`. */
export const BEGINNING = -2;

/** A consumer that is connected, and the partitions of its topic. A topic that is missing is an error, not one without records. */
export async function connect(topic: string, settings: kafka.ConsumerGlobalConfig): Promise<[KafkaConsumer, number[]]> {
  const consumer = new kafka.KafkaConsumer(settings, { "auto.offset.reset": "earliest" });
  // Without a listener, nothing tells of a broker that is away.
  consumer.on("event.error", goOnAfter);
  consumer.setDefaultConsumeTimeout(POLL);
  const metadata = await new Promise<kafka.Metadata>((resolve, reject) => {
    consumer.connect({ topic, timeout: CONNECT }, (error, found) => (error ? reject(error) : resolve(found)));
  });
  const partitions = metadata.topics.find(({ name }) => name === topic)?.partitions ?? [];
  if (partitions.length === 0) {
    await disconnect(consumer);
    throw new Error(`there is no topic ${topic}`);
  }
  return [consumer, partitions.map(({ id }) => id)];
}

/** Tells of an error after which the client goes on by itself, such as a broker that is away. */
function goOnAfter(error: LibrdKafkaError): void {
  if (error.isFatal) throw error;
  console.error(error.message);
}

/** The next record, if one is there within a moment. */
export async function poll(consumer: KafkaConsumer): Promise<Message | undefined> {
  return new Promise((resolve, reject) => {
    // Always with a number: without one a thread reads on its own, tells of no error, and can crash the process in `disconnect`
    // (seen with 1.10.1).
    consumer.consume(1, (error: LibrdKafkaError | null, records) => (error ? reject(error) : resolve(records[0])));
  });
}

/** Commits the offset of a record whose work is done. */
export function commit(consumer: KafkaConsumer, record: Message): void {
  try {
    consumer.commitMessageSync(record);
  } catch (refused) {
    // In a rebalance, for instance. The record comes again, here or elsewhere, and its version says that it is known.
    goOnAfter(refused as LibrdKafkaError);
  }
}

export async function disconnect(consumer: KafkaConsumer): Promise<void> {
  await new Promise<void>((resolve) => {
    consumer.disconnect(() => resolve());
  });
}
