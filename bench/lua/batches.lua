require "common"

-- 200 records of 5 values: 1,000 points. The values are always the same ones, the times never: each device goes on a
-- second a record, from where its last batch ended.
local RECORDS = 200
local VALUES = '"temperature": 21.57, "humidity": 48, "pressure": 1013.2, "wind_speed": 3.4, "rain": 0.25'

local pieces = {}
local sent = {}

function prepare()
  for record = 1, RECORDS do
    pieces[2 * record - 1] = (record == 1 and "[" or ", ") .. '{"timestamp": '
  end
  pieces[2 * RECORDS + 1] = "]"
end

function request()
  local device = next_device()
  local batches = sent[device.id] or 0
  sent[device.id] = batches + 1
  for record = 1, RECORDS do
    local time_ms = first_time_ms + (batches * RECORDS + record) * 1000
    pieces[2 * record] = string.format('%d, "data": {%s}}', time_ms, VALUES)
  end
  return wrk.format("POST", "/api/v1/telemetry/batch", of_device(device), table.concat(pieces))
end
