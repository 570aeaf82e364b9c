package link;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/** The service's own table of accounts. */
final class Store implements AutoCloseable {
    // The whole of duplicate safety: an older or repeated version changes nothing.
    private static final String TAKE = """
            insert into account values (?, ?, ?, ?, ?)
            on conflict (account_id) do update set
                version = excluded.version, status = excluded.status,
                provider = excluded.provider, owner_id = excluded.owner_id
            where excluded.version > account.version
            """;

    private final Connection connection;

    Store(String file) throws SQLException {
        connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        try (var statement = connection.createStatement()) {
            statement.executeUpdate("create table if not exists account (account_id text primary key, "
                    + "version integer not null, status text, provider text, owner_id text)");
            statement.executeUpdate("create table if not exists bootstrapped (done integer)");
        }
    }

    /** Writes what an event or a state says, and does the work it means, or nothing, if it is old. */
    void take(JsonNode event, String why) throws SQLException {
        var account = event.path("account");
        try (var statement = connection.prepareStatement(TAKE)) {
            statement.setString(1, event.get("account_id").asText());
            statement.setLong(2, event.get("version").asLong());
            statement.setString(3, event.path("status").textValue());
            statement.setString(4, account.path("provider").textValue());
            statement.setString(5, account.path("origin_owner_id").textValue());
            // The work of a real service belongs here, within the same transaction.
            if (statement.executeUpdate() == 1) {
                System.out.printf(
                        "{\"account_id\":%s,\"version\":%s,\"why\":\"%s\"}%n",
                        event.get("account_id"), event.get("version"), why);
            }
        }
    }

    boolean isBootstrapped() throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery("select 1 from bootstrapped")) {
            return rows.next();
        }
    }

    void setBootstrapped() throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.executeUpdate("insert into bootstrapped values (1)");
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
