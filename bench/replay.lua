-- Replays the requests of a file (`bench/traffic.py`), one after the other and again from the first. Each \2 in a
-- request is replaced by the next time: times are a second apart, begin at `first_time_ms`, and are never sent twice.
-- wrk calls `init` in its thread, with the arguments that follow `--`, and `done` at the end.

local requests = {}
local turn = 0

function init(arguments)
  first_time_ms = tonumber(arguments[2])
  local file = assert(io.open(arguments[1], "rb"))
  for request in file:read("*a"):gmatch("[^\1]+") do
    local pieces = {}
    for piece in (request .. "\2"):gmatch("([^\2]*)\2") do
      pieces[#pieces + 1] = piece
      pieces[#pieces + 1] = ""
    end
    pieces[#pieces] = nil
    requests[#requests + 1] = pieces
  end
  file:close()
end

function request()
  local pieces = requests[turn % #requests + 1]
  local times = (#pieces - 1) / 2
  local time_ms = first_time_ms + math.floor(turn / #requests) * times * 1000
  turn = turn + 1
  for number = 1, times do
    pieces[2 * number] = string.format("%d", time_ms + number * 1000)
  end
  return table.concat(pieces)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "duration_us": %d, "p50_us": %d, "p95_us": %d, "p99_us": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
