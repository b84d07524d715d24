require "common"

function request()
  return wrk.format("GET", "/api/v1/telemetry/" .. next_device().id .. "/latest", of_owner())
end
