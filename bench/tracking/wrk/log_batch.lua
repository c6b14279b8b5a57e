-- One step of 100 metrics a request, over the runs in RUNS in turn.
local threads = 0
function setup(thread)
  thread:set("first", threads * 1000000000)
  threads = threads + 1
end

local runs, step = {}, 0
function init()
  for id in os.getenv("RUNS"):gmatch("[^,]+") do runs[#runs + 1] = id end
  step = first
end

function request()
  step = step + 1
  local points = {}
  for key = 1, 100 do
    points[key] = string.format('{"key":"layer_%02d","value":%.6f,"timestamp":%d,"step":%d}',
      key, key / step, 1700000000000 + step, step)
  end
  local body = string.format('{"run_id":"%s","metrics":[%s]}', runs[step % #runs + 1], table.concat(points, ","))
  return wrk.format("POST", "/api/2.0/mlflow/runs/log-batch", {["Content-Type"] = "application/json"}, body)
end
