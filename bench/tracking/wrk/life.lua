-- The life of a run in three requests: made, ten metrics and five params logged, finished.
local made, logged, step = {}, {}, 0
local headers = {["Content-Type"] = "application/json"}

local fields = {}
for key = 1, 10 do
  fields[key] = string.format('{"key":"metric_%d","value":%.3f,"timestamp":1700000000000,"step":1}', key, key / 7)
end
local metrics = table.concat(fields, ",")
fields = {}
for key = 1, 5 do fields[key] = string.format('{"key":"param_%d","value":"value %d"}', key, key) end
local params = table.concat(fields, ",")

function request()
  local id = table.remove(logged)
  if id then
    local body = string.format('{"run_id":"%s","status":"FINISHED","end_time":1700000001000}', id)
    return wrk.format("POST", "/api/2.0/mlflow/runs/update", headers, body)
  end
  id = table.remove(made)
  if id then
    -- Counted as logged when it is sent: the connection that finishes it may be another one.
    local body = string.format('{"run_id":"%s","metrics":[%s],"params":[%s]}', id, metrics, params)
    logged[#logged + 1] = id
    return wrk.format("POST", "/api/2.0/mlflow/runs/log-batch", headers, body)
  end
  step = step + 1
  local body = string.format('{"experiment_id":"0","run_name":"life-%d","start_time":1700000000000}', step)
  return wrk.format("POST", "/api/2.0/mlflow/runs/create", headers, body)
end

function response(status, _, body)
  local id = body:match('"run_id": ?"(%x+)"')
  if status == 200 and id and body:find('"RUNNING"') then made[#made + 1] = id end
end
