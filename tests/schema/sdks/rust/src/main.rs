//! A person and a device use the service through the generated client: check BASE_URL
use std::collections::HashMap;

use chrono::{DateTime, Duration};
use iotflow_client::apis::configuration::{ApiKey, Configuration};
use iotflow_client::apis::devices_api::GetDeviceError;
use iotflow_client::apis::telemetry_api::SubmitTelemetryError;
use iotflow_client::apis::{authentication_api, devices_api, telemetry_api, Error};
use iotflow_client::models::{
    BatchRecord, Credentials, DeviceCreate, DeviceUpdate, TelemetryRecordCreate, UserCreate,
};
use serde_json::{json, Value};

const PASSWORD: &str = "correct horse";
const TOO_LARGE_FOR_A_DOUBLE: i64 = 9_007_199_254_740_993;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let base_path = std::env::args().nth(1).expect("BASE_URL");
    let mut person = Configuration { base_path: base_path.clone(), ..Default::default() };
    let account = UserCreate::new("rust".into(), "rust@example.org".into(), PASSWORD.into());
    authentication_api::register_user(&person, account).await.unwrap();
    let login = authentication_api::login(&person, Credentials::new("rust".into(), PASSWORD.into())).await.unwrap();
    person.bearer_access_token = Some(login.access_token);

    let mut new_device = DeviceCreate::new("greenhouse-1".into(), "weather_station".into());
    new_device.location = Some(Some("Bench 3".into()));
    let registered = devices_api::register_device(&person, new_device).await.unwrap().device;
    let device_id = registered.id;
    let key = ApiKey { prefix: None, key: registered.api_key };
    let device = Configuration { base_path, api_key: Some(key), ..Default::default() };

    let noon = DateTime::parse_from_rfc3339("2026-01-31T12:00:00.123Z").unwrap();
    let data: HashMap<String, Value> = HashMap::from([
        ("temperature".into(), json!(16_777_217.25)),
        ("counter".into(), json!(TOO_LARGE_FOR_A_DOUBLE)),
        ("door_open".into(), json!(false)),
        ("mode".into(), json!("eco")),
    ]);
    let mut record = TelemetryRecordCreate::new(data.clone());
    record.timestamp = Some(Some(noon));
    let accepted = telemetry_api::submit_telemetry(&device, record, None).await.unwrap();
    assert_eq!((accepted.accepted, accepted.timestamp), (4, noon));

    let batch = (1..=5)
        .map(|hour| BatchRecord::new(HashMap::from([("temperature".into(), json!(hour))]), noon - Duration::hours(hour)))
        .collect();
    let outcome = telemetry_api::submit_telemetry_batch(&device, batch).await.unwrap();
    assert_eq!((outcome.accepted, outcome.rejected), (5, 0));

    let latest = telemetry_api::get_latest_telemetry(&person, device_id).await.unwrap();
    let values: HashMap<String, Value> =
        latest.latest_data.into_iter().map(|(name, found)| (name, found.value.unwrap())).collect();
    assert_eq!((values, latest.timestamp), (data, noon));

    let mut times = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..3 {
        let start = Some("2026-01-31T00:00:00Z").filter(|_| cursor.is_none());
        let page = telemetry_api::get_telemetry(&person, device_id, start, None, None, Some(2), cursor.as_deref(), None)
            .await
            .unwrap();
        times.extend(page.data.iter().map(|record| record.timestamp));
        cursor = page.next_cursor;
    }
    assert_eq!(times, (0..6).map(|hour| noon - Duration::hours(hour)).collect::<Vec<_>>());
    assert_eq!(cursor, None);

    let change = DeviceUpdate { location: Some(None), ..Default::default() };
    let updated = devices_api::update_device(&person, device_id, change).await.unwrap().device;
    assert_eq!((updated.location, updated.name), (None, "greenhouse-1".into()));

    match telemetry_api::submit_telemetry(&device, TelemetryRecordCreate::new(HashMap::new()), None).await.unwrap_err() {
        Error::ResponseError(answer) => match answer.entity.unwrap() {
            // The enum is untagged, so serde picks its first variant: read the status of the problem.
            SubmitTelemetryError::Status401(problem) => {
                assert_eq!(problem.status, 422);
                assert_eq!(problem.errors.unwrap()[0].loc, [json!("body"), json!("data")]);
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    match devices_api::get_device(&person, device_id + 1).await.unwrap_err() {
        Error::ResponseError(answer) => match answer.entity.unwrap() {
            GetDeviceError::Status401(problem) => assert_eq!(problem.status, 404),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    println!("ok");
}
