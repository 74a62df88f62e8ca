import java.sql.*;
import java.util.Properties;

/** Looks at the shared views as a BI tool does over JDBC, and prints what it finds, one line each. */
class Look {
    public static void main(String[] arguments) throws SQLException {
        Properties login = new Properties();
        login.setProperty("user", arguments[1]);
        login.setProperty("password", System.getenv("LOOK_PASSWORD"));
        try (Connection connection = DriverManager.getConnection(arguments[0], login)) {
            DatabaseMetaData about = connection.getMetaData();
            ResultSet views = about.getTables(null, "shared", "v_household", null);
            while (views.next()) {
                print("view", views.getString("TABLE_NAME"), views.getString("REMARKS"));
            }
            ResultSet columns = about.getColumns(null, "shared", "v_household", null);
            while (columns.next()) {
                print("column", columns.getString("COLUMN_NAME"), columns.getString("TYPE_NAME"),
                      columns.getString("REMARKS"));
            }
            ResultSet keys = about.getPrimaryKeys(null, "marts", "fct_household_month");
            while (keys.next()) {
                print("key", keys.getString("COLUMN_NAME"));
            }
            ResultSet rows = connection.createStatement().executeQuery(
                "select village_code, stamp, count(*) over () from shared.v_household limit 1");
            while (rows.next()) {
                print("row", rows.getString(1), rows.getObject(2).getClass().getSimpleName(), rows.getLong(3));
            }
            ResultSet names = connection.createStatement().executeQuery("select '昌宁县田园镇'");
            while (names.next()) {
                print("text", names.getString(1));
            }
        }
    }

    private static void print(Object... parts) {
        StringBuilder line = new StringBuilder();
        for (Object part : parts) {
            line.append(line.length() == 0 ? "" : "|").append(part);
        }
        new java.io.PrintStream(System.out, true, java.nio.charset.StandardCharsets.UTF_8).println(line);
    }
}
