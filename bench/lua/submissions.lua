require "common"

function request()
  local device, turn = next_device()
  local body = string.format(
    '{"data": {"temperature": %.2f, "humidity": %d, "pressure": %.1f}}',
    15 + turn % 1000 / 100, 30 + turn % 50, 990 + turn % 400 / 10
  )
  return wrk.format("POST", "/api/v1/telemetry", of_device(device), body)
end
