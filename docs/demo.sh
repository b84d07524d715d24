#!/bin/sh
# Serve a temporary service with a year of real weather: `make demo`.
# Usage: demo.sh BIN HOST PORT, where BIN has `python` and `iotflow`.
set -eu
bin=$1 host=$2 port=$3
shown=$host
[ "$host" = 0.0.0.0 ] && shown=127.0.0.1
url=http://$shown:$port
cd "$(dirname "$0")/.."

# It must not touch a database that the caller names.
for name in $(env | sed -n 's/^\(IOTFLOW_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done
mkdir -p .cache
IOTFLOW_DATA_DIR=$(mktemp -d .cache/demo.XXXXXX)
trap 'rm -rf "$IOTFLOW_DATA_DIR"' EXIT
trap 'exit 0' INT TERM
export IOTFLOW_DATA_DIR IOTFLOW_LOG_LEVEL=warning
IOTFLOW_PASSWORD=$("$bin/python" -c 'import secrets; print(secrets.token_urlsafe(12))')
export IOTFLOW_PASSWORD
echo "$IOTFLOW_PASSWORD" | "$bin/iotflow" create-admin demo demo@example.org --password-stdin

"$bin/iotflow" serve --host "$host" --port "$port" &
service=$!
trap 'kill $service 2>/dev/null && wait $service; rm -rf "$IOTFLOW_DATA_DIR"' EXIT

until "$bin/python" -c "from urllib.request import urlopen; urlopen('$url/health/ready', timeout=5)" 2>/dev/null; do
  kill -0 $service 2>/dev/null || exit 1
  sleep 0.1
done

"$bin/iotflow" import tests/data/weather.csv.gz --url "$url" --username demo \
  --device-column origin --time-column time_hour \
  --field temp --field dewp --field humid --field wind_dir --field wind_speed --field wind_gust \
  --field precip --field pressure --field visib

cat <<END

The weather of three airports in 2013 is there. Look around at $url/docs:
  Authorize   username demo, password $IOTFLOW_PASSWORD
  Try it out  GET /api/v1/telemetry/{device_id}/aggregated with device_id 1, field temp, aggregation mean, window 7d,
              start_time 2013-01-01T05:00:00Z, end_time 2014-01-01T05:00:00Z, timezone America/New_York
Ctrl-C ends it.
END
wait $service
