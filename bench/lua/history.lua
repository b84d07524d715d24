require "common"

-- Pages end at different records of those that the fleet has, so that none is asked for again at once.
function request()
  local device, turn = next_device()
  local skipped = turn * 7 % (fleet.records - fleet.page)
  local path = string.format(
    "/api/v1/telemetry/%d?start_time=%d&end_time=%d&limit=%d",
    device.id, fleet.first_ms, fleet.first_ms + (fleet.records - skipped) * fleet.step_ms, fleet.page
  )
  return wrk.format("GET", path, of_owner())
end
