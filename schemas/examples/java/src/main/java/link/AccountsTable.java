package link;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Keeps a table of linked accounts true, from the topics of the StackOne account-link pipeline.
 *
 * <p>Prints a line of JSON for each change that it made. Settings are environment variables, see {@link #setting}.
 */
public final class AccountsTable {
    /** What this service has something to do for; types of tomorrow are passed over. */
    private static final Set<String> WANTED = Set.of(
            "account.linked", "account.refreshed", "account.degraded", "account.recovered", "account.unlinked");

    private static final Map<String, String> DEFAULTS = Map.of(
            "KAFKA_BOOTSTRAP_SERVERS", "localhost:9092",
            "STATE_TOPIC", "stackone.account.state.v1",
            "LIFECYCLE_TOPIC", "stackone.account.lifecycle.v1",
            "GROUP_ID", "accounts-table",
            "DATABASE", "accounts.db");

    private static final ObjectMapper JSON = new ObjectMapper();

    private AccountsTable() {}

    public static void main(String[] arguments) throws Exception {
        try (var store = new Store(setting("DATABASE"))) {
            if (!store.isBootstrapped()) {
                bootstrap(store);
                store.setBootstrapped();
            }
            follow(store);
        }
    }

    private static String setting(String name) {
        return System.getenv().getOrDefault(name, DEFAULTS.get(name));
    }

    private static KafkaConsumer<String, byte[]> consumer() {
        var properties = new Properties();
        properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, setting("KAFKA_BOOTSTRAP_SERVERS"));
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, setting("GROUP_ID"));
        // Without it, transitions show that were aborted and are written again.
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
    }

    /** Reads every account as it is now, once in the life of the database. */
    private static void bootstrap(Store store) throws SQLException, IOException {
        try (var consumer = consumer()) {
            // Assigned, not subscribed: every replica of a service needs all accounts of its own database.
            List<TopicPartition> partitions = consumer.partitionsFor(setting("STATE_TOPIC")).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            // The last stable offsets, since the consumer reads what is committed.
            var ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    if (record.value() == null) {
                        continue;
                    }
                    var state = JSON.readTree(record.value());
                    // Version 0 was never confirmed: there is nothing to know yet.
                    if (state.get("version").asLong() > 0) {
                        store.take(state, "state");
                    }
                }
            }
        }
    }

    /** Takes every transition, and commits its offset after the work. */
    private static void follow(Store store) throws SQLException, IOException {
        var consumer = consumer();
        var main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            join(main);
        }));
        try (consumer) {
            consumer.subscribe(List.of(setting("LIFECYCLE_TOPIC")));
            while (true) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    var type = typeOf(record);
                    if (WANTED.contains(type)) {
                        store.take(JSON.readTree(record.value()), type);
                    }
                    // Clear, and fast enough for accounts. For more, commit once for all records of a poll.
                    var partition = new TopicPartition(record.topic(), record.partition());
                    consumer.commitSync(Map.of(partition, new OffsetAndMetadata(record.offset() + 1)));
                }
            }
        } catch (WakeupException stopping) {
            // SIGTERM: what was taken is committed.
        }
    }

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
