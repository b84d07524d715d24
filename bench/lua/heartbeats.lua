require "common"

function request()
  return wrk.format("POST", "/api/v1/devices/heartbeat", of_device(next_device()))
end
