/** A person and a device use the service through the generated client: CheckKt BASE_URL */
import com.fasterxml.jackson.databind.node.ObjectNode
import java.time.OffsetDateTime
import org.example.iotflow.apis.AuthenticationApi
import org.example.iotflow.apis.DevicesApi
import org.example.iotflow.apis.TelemetryApi
import org.example.iotflow.infrastructure.ApiClient
import org.example.iotflow.infrastructure.ClientError
import org.example.iotflow.infrastructure.ClientException
import org.example.iotflow.infrastructure.RequestConfig
import org.example.iotflow.infrastructure.Serializer
import org.example.iotflow.infrastructure.Success
import org.example.iotflow.models.BatchRecord
import org.example.iotflow.models.Credentials
import org.example.iotflow.models.DeviceCreate
import org.example.iotflow.models.DeviceResponse
import org.example.iotflow.models.DeviceUpdate
import org.example.iotflow.models.Problem
import org.example.iotflow.models.TelemetryRecordCreate
import org.example.iotflow.models.UserCreate

const val PASSWORD = "correct horse"
const val TOO_LARGE_FOR_A_DOUBLE = 9_007_199_254_740_993L

/** The client leaves null fields of a model out; a JSON object keeps them. */
class ClearingDevicesApi(baseUrl: String) : DevicesApi(baseUrl) {
    fun clear(deviceId: Long, field: String): DeviceResponse {
        val change = Serializer.jacksonObjectMapper.createObjectNode().putNull(field)
        val update = updateDeviceRequestConfig(deviceId, DeviceUpdate())
        val request = RequestConfig(
            update.method, update.path, update.headers, requiresAuthentication = true, body = change,
        )
        return (request<ObjectNode, DeviceResponse>(request) as Success<DeviceResponse?>).data!!
    }
}

fun main(arguments: Array<String>) {
    val baseUrl = arguments[0]
    val authentication = AuthenticationApi(baseUrl)
    authentication.registerUser(UserCreate("kotlin", "kotlin@example.org", PASSWORD))
    ApiClient.accessToken = authentication.login(Credentials("kotlin", PASSWORD)).accessToken

    val devices = ClearingDevicesApi(baseUrl)
    val registered = devices.registerDevice(DeviceCreate("greenhouse-1", "weather_station", location = "Bench 3")).device
    ApiClient.apiKey["X-API-Key"] = registered.apiKey
    val telemetry = TelemetryApi(baseUrl)

    val noon = OffsetDateTime.parse("2026-01-31T12:00:00.123Z")
    val data = mapOf(
        "temperature" to 16_777_217.25, "counter" to TOO_LARGE_FOR_A_DOUBLE, "door_open" to false, "mode" to "eco",
    )
    val accepted = telemetry.submitTelemetry(TelemetryRecordCreate(data, noon))
    equal(accepted.accepted, 4L)
    equal(accepted.timestamp.toInstant(), noon.toInstant())

    val batch = (1..5).map { hour -> BatchRecord(mapOf("temperature" to hour), noon.minusHours(hour.toLong())) }
    equal(telemetry.submitTelemetryBatch(batch).accepted, 5L)

    val latest = telemetry.getLatestTelemetry(registered.id)
    equal(latest.latestData.mapValues { it.value.value }, data)
    equal(latest.timestamp.toInstant(), noon.toInstant())

    val times = mutableListOf<OffsetDateTime>()
    var cursor: String? = null
    repeat(3) {
        val start = if (cursor == null) "2026-01-31T00:00:00Z" else null
        val page = telemetry.getTelemetry(registered.id, startTime = start, limit = 2, cursor = cursor)
        times += page.data.map { it.timestamp }
        cursor = page.nextCursor
    }
    equal(times.map { it.toInstant() }, (0L..5L).map { noon.minusHours(it).toInstant() })
    equal(cursor, null)

    val updated = devices.clear(registered.id, "location").device
    equal(updated.location, null)
    equal(updated.name, "greenhouse-1")

    val invalid = problem { telemetry.submitTelemetry(TelemetryRecordCreate(mapOf())) }
    equal(invalid.status, 422)
    equal(invalid.errors!![0].loc, listOf("body", "data"))
    equal(problem { devices.getDevice(registered.id + 1) }.status, 404)
    println("ok")
}

fun problem(call: () -> Unit): Problem =
    try {
        call()
        error("the call succeeded")
    } catch (error: ClientException) {
        val body = (error.response as ClientError<*>).body as String
        Serializer.jacksonObjectMapper.readValue(body, Problem::class.java)
    }

fun equal(found: Any?, expected: Any?) = check(found == expected) { "$found is not $expected" }
