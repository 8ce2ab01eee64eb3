-- wrk -s spread.lua URL -- FILE: sends the requests of FILE one after the other, over and over.
-- Its lines are METHOD<TAB>path<TAB>body; the body is JSON, or nothing. wrk -H adds headers to all.
local requests = {}
local turn = 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%S+)\t([^\t]+)\t(.*)$")
    local headers = {}
    for name, value in pairs(wrk.headers) do headers[name] = value end
    if body == "" then body = nil else headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
