// A person and a device use the service through the generated client: check BASE_URL
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/ogen-go/ogen/ogenerrors"

	"example.org/check/iotflow"
)

const password = "correct horse"

// credentials are those of a person or of a device.
type credentials struct{ token, key string }

func (credentials) AccessToken(context.Context, iotflow.OperationName) (iotflow.AccessToken, error) {
	return iotflow.AccessToken{}, ogenerrors.ErrSkipClientSecurity
}

func (c credentials) BearerToken(context.Context, iotflow.OperationName) (iotflow.BearerToken, error) {
	if c.token == "" {
		return iotflow.BearerToken{}, ogenerrors.ErrSkipClientSecurity
	}
	return iotflow.BearerToken{Token: c.token}, nil
}

func (c credentials) DeviceKey(context.Context, iotflow.OperationName) (iotflow.DeviceKey, error) {
	if c.key == "" {
		return iotflow.DeviceKey{}, ogenerrors.ErrSkipClientSecurity
	}
	return iotflow.DeviceKey{APIKey: c.key}, nil
}

func main() {
	ctx := context.Background()
	anyone := client(credentials{})
	must[*iotflow.UserResponse](anyone.RegisterUser(ctx, &iotflow.UserCreate{
		Username: "gopher", Email: "go@example.org", Password: password,
	}))
	login := must[*iotflow.TokenResponse](anyone.Login(ctx, &iotflow.Credentials{Username: "gopher", Password: password}))
	person := client(credentials{token: login.AccessToken})

	registered := must[*iotflow.DeviceWithKeyResponse](person.RegisterDevice(ctx, &iotflow.DeviceCreate{
		Name: "greenhouse-1", DeviceType: "weather_station", Location: iotflow.NewOptNilString("Bench 3"),
	})).Device
	device := client(credentials{key: registered.APIKey})

	noon := time.Date(2026, 1, 31, 12, 0, 0, 123_000_000, time.UTC)
	data := iotflow.TelemetryRecordCreateData{
		"temperature": iotflow.MeasuredValue("16777217.25"),
		"counter":     iotflow.MeasuredValue("9007199254740993"), // no double holds it
		"door_open":   iotflow.MeasuredValue("false"),
		"mode":        iotflow.MeasuredValue(`"eco"`),
	}
	accepted := must[*iotflow.SubmitResult](device.SubmitTelemetry(ctx, &iotflow.TelemetryRecordCreate{
		Data: data, Timestamp: iotflow.NewOptNilDateTime(noon),
	}, iotflow.SubmitTelemetryParams{IdempotencyKey: iotflow.NewOptString("1")}))
	equal(accepted.Accepted, int64(4))
	equal(accepted.Timestamp.UTC(), noon)

	var batch []iotflow.BatchRecord
	for hour := 1; hour <= 5; hour++ {
		value, _ := json.Marshal(hour)
		batch = append(batch, iotflow.BatchRecord{
			Data: iotflow.BatchRecordData{"temperature": value}, Timestamp: noon.Add(-time.Duration(hour) * time.Hour),
		})
	}
	outcome := must[*iotflow.BatchResult](device.SubmitTelemetryBatch(ctx, batch))
	equal(outcome.Accepted, int64(5))

	latest := must[*iotflow.LatestValues](person.GetLatestTelemetry(ctx, iotflow.GetLatestTelemetryParams{
		DeviceID: registered.ID,
	}))
	equal(len(latest.LatestData), len(data))
	for name, found := range latest.LatestData {
		if !bytes.Equal(found.Value, data[name]) {
			log.Fatalf("%s is %s", name, found.Value)
		}
	}

	var times []time.Time
	var cursor iotflow.NilString
	for page := 0; page < 3; page++ {
		params := iotflow.GetTelemetryParams{DeviceID: registered.ID, Limit: iotflow.NewOptInt32(2)}
		if page == 0 {
			params.StartTime = iotflow.NewOptString("2026-01-31T00:00:00Z")
		} else {
			params.Cursor = iotflow.NewOptString(cursor.Value)
		}
		found := must[*iotflow.TelemetryRecordPage](person.GetTelemetry(ctx, params))
		for _, record := range found.Data {
			times = append(times, record.Timestamp.UTC())
		}
		cursor = found.NextCursor
	}
	equal(len(times), 6)
	for hour, found := range times {
		equal(found, noon.Add(-time.Duration(hour)*time.Hour))
	}
	equal(cursor.Null, true)

	var cleared iotflow.OptNilString
	cleared.SetToNull()
	updated := must[*iotflow.DeviceResponse](person.UpdateDevice(
		ctx, &iotflow.DeviceUpdate{Location: cleared}, iotflow.UpdateDeviceParams{DeviceID: registered.ID},
	)).Device
	equal(updated.Location.Null, true)

	missing := must[*iotflow.GetDeviceNotFound](person.GetDevice(ctx, iotflow.GetDeviceParams{DeviceID: registered.ID + 1}))
	equal(missing.Status, int32(404))
	invalid := must[*iotflow.SubmitTelemetryUnprocessableEntity](device.SubmitTelemetry(ctx, &iotflow.TelemetryRecordCreate{
		Data: iotflow.TelemetryRecordCreateData{"temperature": iotflow.MeasuredValue("[]")},
	}, iotflow.SubmitTelemetryParams{}))
	equal(string(invalid.Errors[0].Loc[2]), `"temperature"`)
	fmt.Println("ok")
}

func client(credentials credentials) *iotflow.Client {
	found, err := iotflow.NewClient(os.Args[1], credentials)
	if err != nil {
		log.Fatal(err)
	}
	return found
}

// must returns the answer of the expected type, of the types that the operation may answer.
func must[T any](answer any, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	expected, ok := answer.(T)
	if !ok {
		log.Fatalf("%T: %+v", answer, answer)
	}
	return expected
}

func equal[T comparable](found, expected T) {
	if found != expected {
		log.Fatalf("%v is not %v", found, expected)
	}
}
