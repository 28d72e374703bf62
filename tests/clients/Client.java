import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * ClickHouse's JDBC driver against the embedded engine.
 *
 * <pre>java -cp 'libs/*' Client.java PORT DATABASE</pre>
 *
 * Ends with exit code 0 if every answer is the expected one.
 */
public class Client {
    static final int ROWS = 5_000;

    public static void main(String[] arguments) throws SQLException {
        String url = "jdbc:clickhouse://127.0.0.1:" + arguments[0] + "/" + arguments[1];
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS java");
            statement.execute(
                    "CREATE TABLE java (id UInt32, text String, score Nullable(Float64),"
                            + " tags Array(String)) ENGINE = MergeTree ORDER BY id");
            insert(connection);
            read(connection);
            describe(connection, arguments[1]);
            fail(statement);
        }
    }

    static void insert(Connection connection) throws SQLException {
        String sql = "INSERT INTO java (id, text, score, tags) VALUES (?, ?, ?, ?)";
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            for (int id = 0; id < ROWS; id++) {
                insert.setInt(1, id);
                insert.setString(2, "it's \\ رأي " + id);
                if (id % 2 == 0) {
                    insert.setDouble(3, id / 4.0);
                } else {
                    insert.setNull(3, java.sql.Types.DOUBLE);
                }
                insert.setObject(4, new String[] {"a", "b'" + id});
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    static void read(Connection connection) throws SQLException {
        try (PreparedStatement query =
                connection.prepareStatement("SELECT id, text, score, tags[2] AS tag FROM java WHERE text = ?")) {
            query.setString(1, "it's \\ رأي 4998");
            try (ResultSet rows = query.executeQuery()) {
                same(rows.next(), true);
                same(rows.getInt("id"), 4998);
                same(rows.getString("text"), "it's \\ رأي 4998");
                same(rows.getDouble("score"), 1249.5);
                same(rows.getString("tag"), "b'4998");
                same(rows.next(), false);
            }
        }
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT count(), countIf(score IS NULL) FROM java")) {
            same(rows.next(), true);
            same(rows.getLong(1), (long) ROWS);
            same(rows.getLong(2), (long) ROWS / 2);
        }
    }

    static void describe(Connection connection, String database) throws SQLException {
        DatabaseMetaData about = connection.getMetaData();
        List<String> columns = new ArrayList<>();
        try (ResultSet rows = about.getColumns(null, database, "java", null)) {
            while (rows.next()) {
                columns.add(rows.getString("COLUMN_NAME"));
            }
        }
        same(columns, List.of("id", "text", "score", "tags"));
    }

    static void fail(Statement statement) {
        try {
            statement.executeQuery("SELECT * FROM nowhere");
        } catch (SQLException error) {
            same(error.getMessage().contains("UNKNOWN_TABLE"), true);
            return;
        }
        throw new AssertionError("an unknown table was found");
    }

    static void same(Object found, Object expected) {
        if (!found.equals(expected)) {
            throw new AssertionError("found " + found + ", expected " + expected);
        }
    }
}
