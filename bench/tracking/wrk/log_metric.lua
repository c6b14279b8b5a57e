-- One point of one metric a request, over the runs in RUNS in turn.
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
  local body = string.format('{"run_id":"%s","key":"loss","value":%.6f,"timestamp":%d,"step":%d}',
    runs[step % #runs + 1], 1 / step, 1700000000000 + step, step)
  return wrk.format("POST", "/api/2.0/mlflow/runs/log-metric", {["Content-Type"] = "application/json"}, body)
end
