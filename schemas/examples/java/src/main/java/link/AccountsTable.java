package link;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Keeps a table of linked accounts true, from the topics of the StackOne account-link pipeline.
 *
 * <p>Prints a line of JSON for each change that it made. Settings are environment variables, see {@link #setting}.
 */
public final class AccountsTable {
    /** Where an account stands after a transition. Types of tomorrow are not here: they are passed over. */
    private static final Map<String, String> STATE_AFTER = Map.of(
            "account.linked", "active",
            "account.refreshed", "active",
            "account.degraded", "degraded",
            "account.recovered", "active",
            "account.link_failed", "failed",
            "account.unlinked", "unlinked");

    private static final Map<String, String> DEFAULTS = Map.of(
            "KAFKA_BOOTSTRAP_SERVERS", "localhost:9092",
            "STATE_TOPIC", "stackone.account.state.v1",
            "LIFECYCLE_TOPIC", "stackone.account.lifecycle.v1",
            "GROUP_ID", "accounts-table",
            "DATABASE", "accounts.db");

    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final ObjectMapper JSON = new ObjectMapper();

    private AccountsTable() {}

    public static void main(String[] arguments) throws Exception {
        try (var store = new Store(setting("DATABASE"));
                var consumer = consumer()) {
            var main = Thread.currentThread();
            // SIGTERM and Ctrl-C: wakes the consumer out of whatever it waits for, then lets it leave its group.
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                consumer.wakeup();
                join(main);
            }));
            bootstrap(consumer, store);
            follow(consumer, store);
        } catch (WakeupException stopping) {
            // What was taken is in the database; what is not committed comes again.
        }
    }

    private static String setting(String name) {
        return System.getenv().getOrDefault(name, DEFAULTS.get(name));
    }

    /** A consumer, with what the file named by {@code KAFKA_PROPERTIES} says of how the brokers are reached. */
    private static KafkaConsumer<String, byte[]> consumer() throws IOException {
        var properties = new Properties();
        var file = System.getenv("KAFKA_PROPERTIES");
        if (file != null) {
            try (var reader = new FileReader(file, StandardCharsets.UTF_8)) {
                properties.load(reader);
            }
        }
        properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, setting("KAFKA_BOOTSTRAP_SERVERS"));
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, setting("GROUP_ID"));
        // Without it, transitions show that were aborted and are written again.
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        // Otherwise a topic that is missing is made: empty, and set up otherwise than the pipeline needs it.
        properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        return new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
    }

    /** A topic that is missing is an error, not one without records. */
    private static List<TopicPartition> partitions(KafkaConsumer<String, byte[]> consumer, String topic) {
        var found = consumer.partitionsFor(topic);
        if (found.isEmpty()) {
            throw new IllegalStateException("there is no topic " + topic);
        }
        return found.stream().map(info -> new TopicPartition(topic, info.partition())).toList();
    }

    /**
     * Reads every account as it is now. At every start: what is known already has no greater version and changes nothing,
     * and what happened while this was away is here, however long that was.
     */
    private static void bootstrap(KafkaConsumer<String, byte[]> consumer, Store store) throws SQLException, IOException {
        // Assigned, not subscribed: each database needs all accounts, and the group would share them out among its replicas.
        var partitions = partitions(consumer, setting("STATE_TOPIC"));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        // The last stable offsets, since the consumer reads what is committed.
        var ends = consumer.endOffsets(partitions);
        while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
            for (var record : consumer.poll(SECOND)) {
                // A record without a value is of an account that was never confirmed, and is forgotten.
                if (record.value() == null) {
                    continue;
                }
                var account = JSON.readTree(record.value());
                var state = account.get("state").asText();
                // Nothing was confirmed yet: there is nothing to know.
                if (!state.equals("none")) {
                    store.take(account, state, "state");
                }
            }
        }
        consumer.unsubscribe();
    }

    /**
     * Takes every transition, and commits its offset after the work. Replicas that share a database share its group, and so
     * the work.
     */
    private static void follow(KafkaConsumer<String, byte[]> consumer, Store store) throws SQLException, IOException {
        var topic = setting("LIFECYCLE_TOPIC");
        partitions(consumer, topic);
        consumer.subscribe(List.of(topic));
        while (true) {
            for (var record : consumer.poll(SECOND)) {
                var type = typeOf(record);
                var state = STATE_AFTER.get(type);
                if (state != null) {
                    store.take(JSON.readTree(record.value()), state, type);
                }
                commit(consumer, record);
            }
        }
    }

    /** Clear, and fast enough for accounts. For more, commit once for all records of a poll. */
    private static void commit(KafkaConsumer<String, byte[]> consumer, ConsumerRecord<String, byte[]> record) {
        var partition = new TopicPartition(record.topic(), record.partition());
        try {
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(record.offset() + 1)));
        } catch (CommitFailedException | RebalanceInProgressException | TimeoutException refused) {
            // In a rebalance, for instance. The record comes again, here or elsewhere, and its version says that it is known.
            System.err.println(refused.getMessage());
        }
    }

    /** The record's type, from its header: what is not wanted need not be parsed. */
    private static String typeOf(ConsumerRecord<String, byte[]> record) {
        var header = record.headers().lastHeader("ce_type");
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
