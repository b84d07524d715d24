// A person and a device use the service through the client of oapi-codegen: check BASE_URL
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/oapi-codegen/nullable"

	"example.org/check/iotflow"
)

const password = "correct horse"

func main() {
	ctx := context.Background()
	anyone := client("", "")
	created := must(anyone.RegisterUserWithResponse(ctx, iotflow.UserCreate{
		Username: "oapi", Email: "oapi@example.org", Password: password,
	}))
	equal(created.StatusCode(), 201)
	login := must(anyone.LoginWithResponse(ctx, iotflow.Credentials{Username: "oapi", Password: password})).JSON200
	person := client("Authorization", "Bearer "+login.AccessToken)

	registered := must(person.RegisterDeviceWithResponse(ctx, iotflow.DeviceCreate{
		Name: "greenhouse-1", DeviceType: "weather_station", Location: nullable.NewNullableWithValue("Bench 3"),
	})).JSON201.Device
	device := client("X-API-Key", registered.ApiKey)

	noon := time.Date(2026, 1, 31, 12, 0, 0, 123_000_000, time.UTC)
	data := map[string]iotflow.MeasuredValue{
		"temperature": json.RawMessage("16777217.25"),
		"counter":     json.RawMessage("9007199254740993"), // no double holds it
		"door_open":   json.RawMessage("false"),
		"mode":        json.RawMessage(`"eco"`),
	}
	accepted := must(device.SubmitTelemetryWithResponse(ctx, &iotflow.SubmitTelemetryParams{}, iotflow.TelemetryRecordCreate{
		Data: data, Timestamp: nullable.NewNullableWithValue(noon),
	})).JSON201
	equal(accepted.Accepted, int64(4))
	equal(accepted.Timestamp.UTC(), noon)

	var batch []iotflow.BatchRecord
	for hour := 1; hour <= 5; hour++ {
		value, _ := json.Marshal(hour)
		batch = append(batch, iotflow.BatchRecord{
			Data:      map[string]iotflow.MeasuredValue{"temperature": value},
			Timestamp: noon.Add(-time.Duration(hour) * time.Hour),
		})
	}
	equal(must(device.SubmitTelemetryBatchWithResponse(ctx, batch)).JSON200.Accepted, int64(5))

	latest := must(person.GetLatestTelemetryWithResponse(ctx, registered.Id)).JSON200
	equal(len(latest.LatestData), len(data))
	for name, found := range latest.LatestData {
		if !bytes.Equal(found.Value, data[name]) {
			log.Fatalf("%s is %s", name, found.Value)
		}
	}

	var times []time.Time
	var cursor nullable.Nullable[string]
	limit, start := int32(2), "2026-01-31T00:00:00Z"
	for page := 0; page < 3; page++ {
		params := &iotflow.GetTelemetryParams{Limit: &limit, StartTime: &start}
		if page > 0 {
			next := cursor.MustGet()
			params = &iotflow.GetTelemetryParams{Limit: &limit, Cursor: &next}
		}
		found := must(person.GetTelemetryWithResponse(ctx, registered.Id, params)).JSON200
		for _, record := range found.Data {
			times = append(times, record.Timestamp.UTC())
		}
		cursor = found.NextCursor
	}
	equal(len(times), 6)
	for hour, found := range times {
		equal(found, noon.Add(-time.Duration(hour)*time.Hour))
	}
	equal(cursor.IsNull(), true)

	updated := must(person.UpdateDeviceWithResponse(ctx, registered.Id, iotflow.DeviceUpdate{
		Location: nullable.NewNullNullable[string](),
	})).JSON200.Device
	equal(updated.Location.IsNull(), true)
	equal(updated.Name, "greenhouse-1")

	missing := must(person.GetDeviceWithResponse(ctx, registered.Id+1)).ApplicationproblemJSON404
	equal(missing.Status, int32(404))
	invalid := must(device.SubmitTelemetryWithResponse(ctx, &iotflow.SubmitTelemetryParams{}, iotflow.TelemetryRecordCreate{
		Data: map[string]iotflow.MeasuredValue{"temperature": json.RawMessage("[]")},
	})).ApplicationproblemJSON422
	equal(string((*invalid.Errors)[0].Loc[2]), `"temperature"`)
	fmt.Println("ok")
}

// client returns a client that sends a header with each request.
func client(header, value string) *iotflow.ClientWithResponses {
	editor := func(_ context.Context, request *http.Request) error {
		if header != "" {
			request.Header.Set(header, value)
		}
		return nil
	}
	return must(iotflow.NewClientWithResponses(os.Args[1], iotflow.WithRequestEditorFn(editor)))
}

func must[T any](answer T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return answer
}

func equal[T comparable](found, expected T) {
	if found != expected {
		log.Fatalf("%v is not %v", found, expected)
	}
}
