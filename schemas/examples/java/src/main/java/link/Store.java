package link;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/** The service's own table of accounts. */
final class Store implements AutoCloseable {
    private static final String TABLE = """
            create table if not exists account (
                account_id text primary key, version integer not null, state text not null,
                status text, provider text, owner_id text
            )
            """;
    // The whole of duplicate safety: an older or repeated version changes nothing.
    private static final String TAKE = """
            insert into account values (?, ?, ?, ?, ?, ?)
            on conflict (account_id) do update set
                version = excluded.version, state = excluded.state, status = excluded.status,
                provider = excluded.provider, owner_id = excluded.owner_id
            where excluded.version > account.version
            """;

    private final Connection connection;

    Store(String file) throws SQLException {
        connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        try (var statement = connection.createStatement()) {
            statement.executeUpdate(TABLE);
        }
    }

    /** Writes what a record says, and does the work it means, or nothing, if it is old. */
    void take(JsonNode record, String state, String why) throws SQLException {
        // Of an account that is gone only the version is kept, which a later link must exceed; an event still says whose
        // it was.
        var account = state.equals("unlinked") ? MissingNode.getInstance() : record.path("account");
        try (var statement = connection.prepareStatement(TAKE)) {
            statement.setString(1, record.get("account_id").asText());
            statement.setLong(2, record.get("version").asLong());
            statement.setString(3, state);
            statement.setString(4, record.path("status").textValue());
            statement.setString(5, account.path("provider").textValue());
            statement.setString(6, account.path("origin_owner_id").textValue());
            // The work of a real service belongs here, within the same transaction.
            if (statement.executeUpdate() == 1) {
                System.out.printf(
                        "{\"account_id\":%s,\"version\":%s,\"why\":\"%s\"}%n",
                        record.get("account_id"), record.get("version"), why);
            }
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
