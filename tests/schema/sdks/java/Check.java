import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.example.iotflow.ApiClient;
import org.example.iotflow.ApiException;
import org.example.iotflow.api.AuthenticationApi;
import org.example.iotflow.api.DevicesApi;
import org.example.iotflow.api.TelemetryApi;
import org.example.iotflow.model.*;

/** A person and a device use the service through the generated client: Check BASE_URL */
public final class Check {
  private static final String PASSWORD = "correct horse";
  private static final long TOO_LARGE_FOR_A_DOUBLE = 9_007_199_254_740_993L;

  private interface Call {
    void run() throws ApiException;
  }

  public static void main(String[] arguments) throws Exception {
    String baseUrl = arguments[0];
    AuthenticationApi anyone = new AuthenticationApi(client(baseUrl, "X-Client", "check"));
    anyone.registerUser(new UserCreate().username("java").email("java@example.org").password(PASSWORD));
    String token = anyone.login(new Credentials().username("java").password(PASSWORD)).getAccessToken();
    ApiClient person = client(baseUrl, "Authorization", "Bearer " + token);
    DevicesApi devices = new DevicesApi(person);
    TelemetryApi reader = new TelemetryApi(person);

    DeviceWithKey registered =
        devices
            .registerDevice(
                new DeviceCreate().name("greenhouse-1").deviceType("weather_station").location("Bench 3"))
            .getDevice();
    long deviceId = registered.getId();
    TelemetryApi device = new TelemetryApi(client(baseUrl, "X-API-Key", registered.getApiKey()));

    OffsetDateTime noon = OffsetDateTime.parse("2026-01-31T12:00:00.123Z");
    Map<String, Object> data =
        Map.of(
            "temperature", 16_777_217.25, "counter", TOO_LARGE_FOR_A_DOUBLE, "door_open", false, "mode", "eco");
    SubmitResult accepted = device.submitTelemetry(new TelemetryRecordCreate().data(data).timestamp(noon), null);
    equal(accepted.getAccepted(), 4L);
    equal(accepted.getTimestamp().toInstant(), noon.toInstant());

    List<BatchRecord> batch = new ArrayList<>();
    for (int hour = 1; hour <= 5; hour++) {
      batch.add(new BatchRecord().timestamp(noon.minusHours(hour)).putDataItem("temperature", hour));
    }
    equal(device.submitTelemetryBatch(batch).getAccepted(), 5L);

    LatestValues latest = reader.getLatestTelemetry(deviceId);
    Map<String, Object> values = new HashMap<>();
    latest.getLatestData().forEach((name, found) -> values.put(name, found.getValue()));
    equal(values, data);
    equal(latest.getTimestamp().toInstant(), noon.toInstant());

    List<Instant> times = new ArrayList<>();
    String cursor = null;
    for (int page = 0; page < 3; page++) {
      String start = cursor == null ? "2026-01-31T00:00:00Z" : null;
      TelemetryRecordPage found = reader.getTelemetry(deviceId, start, null, null, 2, cursor, null);
      found.getData().forEach(record -> times.add(record.getTimestamp().toInstant()));
      cursor = found.getNextCursor();
    }
    equal(times, IntStream.range(0, 6).mapToObj(hour -> noon.minusHours(hour).toInstant()).toList());
    equal(cursor, null);

    Device updated = devices.updateDevice(deviceId, new DeviceUpdate().location(null)).getDevice();
    equal(updated.getLocation(), null);
    equal(updated.getName(), "greenhouse-1");

    Problem invalid = problem(person, () -> device.submitTelemetry(new TelemetryRecordCreate().data(Map.of()), null));
    equal(invalid.getStatus(), 422);
    equal(invalid.getErrors().get(0).getLoc(), List.of("body", "data"));
    equal(problem(person, () -> devices.getDevice(deviceId + 1)).getStatus(), 404);
    System.out.println("ok");
  }

  private static ApiClient client(String baseUrl, String header, String value) {
    ApiClient client = new ApiClient();
    client.updateBaseUri(baseUrl);
    client.setRequestInterceptor(request -> request.header(header, value));
    return client;
  }

  private static Problem problem(ApiClient client, Call call) throws Exception {
    try {
      call.run();
    } catch (ApiException error) {
      return client.getObjectMapper().readValue(error.getResponseBody(), Problem.class);
    }
    throw new AssertionError("the call succeeded");
  }

  private static void equal(Object found, Object expected) {
    if (found == null ? expected != null : !found.equals(expected)) {
      throw new AssertionError(found + " is not " + expected);
    }
  }
}
