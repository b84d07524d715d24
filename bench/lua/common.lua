-- What all lines share. wrk calls `init` in its thread, with the arguments that follow `--`, and `done` at the end.

local turn = 0

function init(arguments)
  fleet = dofile(arguments[1])
  first_time_ms = tonumber(arguments[2])
  if prepare then prepare() end
end

-- Devices take turns, so that requests under way at one time are of different ones. Also how many turns there were.
function next_device()
  turn = turn + 1
  return fleet.devices[turn % #fleet.devices + 1], turn
end

-- What a device sends along. The baseline, which knows no keys, goes by the number.
function of_device(device)
  return { ["X-API-Key"] = device.key, ["X-Device"] = device.id, ["Content-Type"] = "application/json" }
end

function of_owner()
  return { ["Authorization"] = "Bearer " .. fleet.token }
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "duration_us": %d, "p50_us": %d, "p95_us": %d, "p99_us": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
