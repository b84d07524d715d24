import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Registers, logs in, submits and rotates with Java's client as it is by default: it asks for HTTP/2 by `Upgrade: h2c`. */
public class Rotate {
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    static String post(String url, String body, int expected, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body));
        if (headers.length > 0) request.headers(headers);
        var answer = CLIENT.send(request.build(), BodyHandlers.ofString());
        if (answer.statusCode() != expected) {
            throw new IllegalStateException(url + ": " + answer.statusCode() + " " + answer.body());
        }
        return answer.body();
    }

    static String member(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\\s*\"?([^\",}]+)").matcher(json);
        if (!found.find()) throw new IllegalStateException(name + " is missing in " + json);
        return found.group(1);
    }

    public static void main(String[] arguments) throws Exception {
        String api = arguments[0] + "/api/v1", password = "correct horse battery", record = "{\"data\": {\"temp\": 21.5}}";
        post(api + "/auth/register",
            "{\"username\": \"duke\", \"email\": \"duke@example.org\", \"password\": \"" + password + "\"}", 201);
        String login = post(api + "/auth/login", "{\"username\": \"duke\", \"password\": \"" + password + "\"}", 200);
        String[] user = {"Authorization", "Bearer " + member(login, "access_token")};
        String device = post(api + "/devices/register", "{\"name\": \"probe\", \"device_type\": \"sensor\"}", 201, user);
        String first = member(device, "api_key");
        post(api + "/telemetry", record, 201, "X-API-Key", first);
        String rotate = api + "/devices/" + member(device, "id") + "/credentials/rotate";
        String second = member(post(rotate, "{\"grace_seconds\": 3600}", 200, user), "api_key");
        for (String key : new String[] {first, second}) post(api + "/telemetry", record, 201, "X-API-Key", key);
    }
}
